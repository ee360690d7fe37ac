"""Each alert about a symptom fires when it should, not a moment earlier, and ends when its cause does."""

import re

import pytest
from alert_cases import CASES, Case
from ruled import EVERY_SECONDS, Promtool, Series, Trial, series_in

from dashboards.rules import ALERTS, RECORDING, Alert, Group, Record

SYMPTOMS = [rule for rule in ALERTS[1].rules if isinstance(rule, Alert)]


def alert_of(case: Case) -> Alert:
    """The alert with the name and the severity of a case."""
    [found] = [one for one in SYMPTOMS if (one.alert, one.severity) == (case.alert, case.severity)]
    return found


def rules_of(alert: Alert) -> list[Group]:
    """The alert, behind what is recorded for it."""
    read, behind = series_in(alert.expr), []
    for record in reversed(RECORDING[0].rules):
        if isinstance(record, Record) and record.record in read:
            behind.insert(0, record)
            read |= series_in(record.expr)
    return [Group("one", f"{EVERY_SECONDS}s", [*behind, alert])]


def firing(alert: Alert) -> str:
    return f'ALERTS{{alertname="{alert.alert}",severity="{alert.severity}",alertstate="firing"}}'


def quiet(alert: Alert, series: Series, name: str) -> Trial:
    """A history in which it never fires."""
    trial = Trial(name, series)
    hours = 3 if "offset" in alert.expr else 1
    trial.gives(hours * 3600, f"count_over_time({firing(alert)}[{hours}h])", {})
    return trial


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join((case.alert, *case.labels.values())))
def test_it_fires_when_it_is_time_and_ends_when_its_cause_ends(case: Case, promtool: Promtool) -> None:
    """Not the minute before, nor one evaluation before; with its words filled in; and not once afterwards."""
    alert = alert_of(case)
    history = Trial("there, and over", case.series)
    for silent in (max(0, case.fires - 60), case.fires - EVERY_SECONDS, case.fires_last + EVERY_SECONDS):
        history.tells(silent, case.alert)
    history.tells(
        case.fires,
        case.alert,
        {
            "exp_labels": {"severity": case.severity, **case.labels},
            "exp_annotations": {
                "summary": case.says,
                "description": alert.description,
                "runbook_url": alert.runbook_url,
            },
        },
    )
    one = f"count({firing(alert)})"
    history.gives(case.fires_last, one, {"{}": 1})
    promtool.try_out(rules_of(alert), history)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join((case.alert, *case.labels.values())))
def test_it_is_silent_just_below(case: Case, promtool: Promtool) -> None:
    """What is nearly as bad, or does not last, calls nobody."""
    alert = alert_of(case)
    trials = [quiet(alert, series, f"quiet {number}") for number, series in enumerate((case.quiet, *case.also))]
    promtool.try_out(rules_of(alert), *trials)


def test_every_symptom_has_a_case() -> None:
    """No alert that nobody has seen fire."""
    assert {(case.alert, case.severity) for case in CASES} == {(one.alert, one.severity) for one in SYMPTOMS}


def test_what_a_description_says_needs_no_number() -> None:
    """Numbers are in the summary; so the cases can hold the description as it is."""
    for alert in SYMPTOMS:
        assert not re.search(r"\{\{.*value", alert.description), alert.alert
