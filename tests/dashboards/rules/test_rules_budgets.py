"""Who is told how fast an error budget is used up, and that nobody is told for one request that failed at night.

The records are tried on counters; the alerts on what is recorded, so that each condition can be false by itself.
"""

from collections.abc import Mapping

import pytest
from ruled import EVERY_SECONDS, Promtool, Trial

from dashboards.rules import ALERTS, RECORDING, Alert, Group
from dashboards.rules.jobs import OF_THE_FLEET

BUDGETS = [rule for rule in ALERTS[0].rules if isinstance(rule, Alert)]
SLO, LONG = RECORDING[1:]
WINDOW_SECONDS = {"5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21600, "1d": 86400, "3d": 259200}
# The Site Reliability Workbook, table 5-8; how long they last as in kubernetes-mixin.
WORKBOOK = {
    "1h": ("5m", 14.4, 120, "page"),
    "6h": ("30m", 6, 900, "page"),
    "1d": ("2h", 3, 3600, "ticket"),
    "3d": ("6h", 1, 10800, "ticket"),
}
LEAST = {"availability": 10, "latency": 50, "freshness": 3}
OBJECTIVES = {"availability": 0.999, "latency": 0.99, "freshness": 0.9999}
FRONT = 'haproxy_frontend_http_responses_total{job="proxy",instance="haproxy",proxy="front",code="%s"}'
# Uploads, downloads and streams, as pages and as API.
NOT_TIMED = ("api_avatar", "api_cards", "api_report_events", "cards", "media", "settings_avatar")
CASES = [pytest.param(slo, window, id=f"{slo}-{window}") for slo in LEAST for window in WORKBOOK]


def alert_of(slo: str, window: str) -> Alert:
    name = f"{slo.capitalize()}BudgetBurns"
    [found] = [one for one in BUDGETS if one.alert == name and one.labels["window"] == window]
    return found


def of(slo: str) -> str:
    return f'{{slo="{slo}",job="hotseat",instance="fleet"}}'


def alone(alert: Alert) -> Group:
    return Group("one", f"{EVERY_SECONDS}s", [alert])


def burning(
    slo: str, window: str, *, long: float = 1.01, short: float = 1.01, failures: float = 1
) -> Mapping[str, str]:
    """A rate over both windows, and failures in the long one, as shares of what somebody is told at; for a while."""
    short_window, rate, lasts, _ = WORKBOOK[window]
    samples = lasts // EVERY_SECONDS + 8
    which = f'{{slo="{slo}",job="hotseat",instance="fleet"}}'
    return {
        f"slo:burn_rate:rate{window}{which}": f"{rate * long}x{samples}",
        f"slo:burn_rate:rate{short_window}{which}": f"{rate * short}x{samples} 0x20",
        f"slo:failures:rate5m{which}": f"{LEAST[slo] * failures / EVERY_SECONDS} 0x{samples + 20}",
    }


@pytest.mark.parametrize(("slo", "window"), CASES)
def test_it_fires_when_both_windows_burn_for_long_enough(slo: str, window: str, promtool: Promtool) -> None:
    """Not the minute before; and it ends with the short window, however much the long one still remembers."""
    short_window, rate, lasts, severity = WORKBOOK[window]
    alert = alert_of(slo, window)
    last = lasts + 8 * EVERY_SECONDS
    history = Trial("burning", burning(slo, window))
    for silent in (lasts - 60, lasts - EVERY_SECONDS, last + EVERY_SECONDS):
        history.tells(silent, alert.alert)
    told = {"summary": alert.summary, "runbook_url": alert.runbook_url, "description": described(alert, rate * 1.01)}
    labels = {**OF_THE_FLEET, "slo": slo, "severity": severity, "window": window}
    history.tells(lasts, alert.alert, {"exp_labels": labels, "exp_annotations": told})
    history.gives(last, f'count(ALERTS{{alertname="{alert.alert}",alertstate="firing"}})', {"{}": 1})
    promtool.try_out([alone(alert)], history)
    assert alert.expr.count(f"[{window}]") == 1  # the failures are those of the long window
    assert f"over the last {short_window} as well" in alert.description


def described(alert: Alert, value: float) -> str:
    return alert.description.replace('{{ $value | printf "%.1f" }}', f"{value:.1f}")


@pytest.mark.parametrize(("slo", "window"), CASES)
def test_it_is_silent_where_one_condition_is_not_met(slo: str, window: str, promtool: Promtool) -> None:
    """A long window that has seen worse, a short one alone, or a handful of failures among few requests."""
    alert = alert_of(slo, window)
    trials = [
        Trial("past", burning(slo, window, short=0.99)),
        Trial("a moment", burning(slo, window, long=0.99)),
        Trial("few", burning(slo, window, long=50, short=50, failures=0.95)),
    ]
    for trial in trials:
        trial.gives(
            WORKBOOK[window][2] + 60,
            f'count_over_time(ALERTS{{alertname="{alert.alert}",alertstate="firing"}}[1d])',
            {},
        )
    promtool.try_out([alone(alert)], *trials)


def test_from_the_front_door_to_the_pager(promtool: Promtool) -> None:
    """From 2 % of requests failing at HAProxy, all rules together, to somebody being woken up, and to the end of it."""
    failing = Trial("failing", {FRONT % "2xx": "0+980x40 39200+1000x200", FRONT % "5xx": "0+20x40 800x200"})
    firing = 'count by (alertname, severity, window) (ALERTS{alertstate="firing", alertname=~".*BudgetBurns"})'
    page = '{alertname="AvailabilityBudgetBurns",severity="page",window="1h"}'
    failing.gives(120, firing, {})
    failing.gives(300, firing, {page: 1})
    failing.gives(600, firing, {page: 1})
    failing.gives(960, firing, {page.replace("1h", "6h"): 1})  # much of the little that there was
    failing.gives(2700, firing, {})
    promtool.try_out((SLO, LONG, ALERTS[0]), failing)


def test_every_objective_is_told_of_in_every_window() -> None:
    """Three promises, four windows."""
    assert len(BUDGETS) == 12
    assert {(one.expr, one.lasts) for one in BUDGETS} == {
        (alert_of(slo, window).expr, alert_of(slo, window).lasts) for slo in LEAST for window in WORKBOOK
    }


def test_a_failure_counts_once_in_each_window_until_the_window_has_passed(promtool: Promtool) -> None:
    """3 in 1,000 requests fail for an hour, none before and after: the ratio over each window, and what it burns."""
    hour, before = 240, 40
    history = Trial(
        "an hour",
        {
            FRONT % "2xx": f"0+1000x{before} {1000 * before}+997x{hour} {1000 * before + 997 * hour}+1000x1000",
            FRONT % "5xx": f"0x{before} 0+3x{hour} {3 * hour}x1000",
        },
    )
    end = (before + hour + 1) * EVERY_SECONDS
    which = '{slo="availability",job="hotseat",instance="fleet"}'
    history.gives(end, f"round(1e5 * slo:failure_ratio:rate5m{which})", {which: 300})
    history.gives(end, f"round(1e5 * slo:burn_rate:rate5m{which})", {which: 300000})
    history.gives(end, f"round(1e5 * slo:failure_ratio:rate30m{which})", {which: 300})
    history.gives(
        end, f"round(1e5 * slo:failure_ratio:rate1h{which})", {which: 288}
    )  # the first minutes are being learnt of
    # An hour and ten minutes in all, of which an hour failed.
    history.gives(end, f"round(1e5 * slo:failure_ratio:rate2h{which})", {which: 256})
    # Once a window has passed (and five minutes, over which is looked back) nothing of it is left.
    for window in ("5m", "30m", "1h", "2h"):
        past = end + WINDOW_SECONDS[window] + 330
        history.gives(past, f"slo:failure_ratio:rate{window}{which}", {f"slo:failure_ratio:rate{window}{which}": 0})
        history.gives(past - 450, f"count(slo:burn_rate:rate{window}{which} > 0)", {"{}": 1})
    # As many failures as there were.
    history.gives(
        end + 600,
        f"round(sum_over_time(slo:failures:rate5m{which}[2h]) * {EVERY_SECONDS}, 5)",
        {'{slo="availability",job="hotseat",instance="fleet"}': 720},
    )
    promtool.try_out([SLO], history)


def test_long_windows_end_when_they_say(promtool: Promtool) -> None:
    """Failures of a moment are in the ratio of six hours, of a day, of three days, and then in none."""
    samples = (3 * 24 + 2) * 30
    which = '{slo="any",job="hotseat",instance="fleet"}'
    history = Trial(
        "a moment",
        {
            f"slo:events:rate5m{which}": f"10x{samples}",
            f"slo:failures:rate5m{which}": f"0x30 1 0x{samples}",
            f"slo:error_budget:ratio{which}": f"0.1x{samples}",
        },
        sample_seconds=120,
    )
    for window in ("6h", "1d", "3d"):
        end = 3720 + WINDOW_SECONDS[window]
        history.gives(end - 240, f"count(slo:failure_ratio:rate{window} > 0)", {"{}": 1})
        history.gives(end - 240, f"count(slo:burn_rate:rate{window} > 0)", {"{}": 1})
        history.gives(end + 240, f"slo:failure_ratio:rate{window}", {f"slo:failure_ratio:rate{window}{which}": 0})
    # Of 61 samples one, of which a tenth failed; and a tenth may fail.
    history.gives(7200, "round(1e5 * slo:failure_ratio:rate6h)", {which: 164})
    history.gives(7200, "round(1e5 * slo:burn_rate:rate6h)", {which: 1639})
    history.gives(7200, "round(1e5 * slo:error_budget_left:ratio_rate3d)", {which: 98361})
    promtool.try_out([LONG], history, every_seconds=240)


def test_objectives_and_budgets_are_those_promised(promtool: Promtool) -> None:
    """99.9 % answered, 99 % within 250 ms, 99.99 % of hot reads within B; the rest is the budget."""
    trial = Trial("nothing", {"up": "1x4"})
    trial.gives(30, "slo:objective:ratio", {f"slo:objective:ratio{of(slo)}": part for slo, part in OBJECTIVES.items()})
    trial.gives(30, "round(slo:objective:ratio + slo:error_budget:ratio, 0.0000001)", {of(slo): 1 for slo in LEAST})
    promtool.try_out([SLO], trial)


def test_what_counts_and_what_fails(promtool: Promtool) -> None:
    """The front door's answers; requests above 250 ms that are no stream and no picture; checks that said something."""
    web = 'job="web",instance="web-1"'
    timed = f'hotseat_http_request_duration_seconds_%s{{{web},route="%s"%s}}'
    checked = f'hotseat_staleness_checks_total{{{web},region="board",result="%s"}}'
    trial = Trial(
        "a bit of all",
        {
            FRONT % "2xx": "0+300x40",
            FRONT % "4xx": "0+150x40",
            FRONT % "5xx": "0+45x40",
            FRONT.replace('"front"', '"admin"') % "5xx": "0+999x40",
            f'hotseat_http_requests_total{{{web},route="board",status="5xx"}}': "0+999x40",
            timed % ("count", "board", ""): "0+150x40",
            timed % ("bucket", "board", ',le="0.25"'): "0+135x40",
            timed % ("bucket", "board", ',le="0.5"'): "0+150x40",
            **{timed % ("count", route, ""): "0+999x40" for route in NOT_TIMED},
            checked % "fresh": "0+60x40",
            checked % "overtaken": "0+15x40",
            checked % "stale": "0+30x40",
            checked % "unknown": "0+999x40",
        },
    )
    events, failures = (
        {of(slo): value for slo, value in zip(LEAST, values, strict=True)} for values in ((33, 10, 7), (3, 1, 2))
    )
    trial.gives(480, "round(slo:events:rate5m, 0.001)", events)
    trial.gives(480, "round(slo:failures:rate5m, 0.001)", failures)
    promtool.try_out([SLO], trial)


def test_where_no_haproxy_is_scraped_the_application_speaks_for_itself(promtool: Promtool) -> None:
    """Behind another proxy the availability is that of what arrived."""
    requests = 'hotseat_http_requests_total{job="web",instance="web-1",route="board",method="GET",status="%s"}'
    trial = Trial("no proxy", {requests % "2xx": "0+147x40", requests % "5xx": "0+3x40"})
    trial.gives(
        480,
        'round(slo:failure_ratio:rate5m{slo="availability"}, 0.001)',
        {'{slo="availability",job="hotseat",instance="fleet"}': 0.02},
    )
    promtool.try_out([SLO], trial)


def test_a_restarted_process_takes_nothing_back(promtool: Promtool) -> None:
    """Counters that begin anew are no failures and no successes."""
    trial = Trial("restart", {FRONT % "2xx": "0+100x20 0+100x20", FRONT % "5xx": "0+1x20 0+1x20"})
    trial.gives(
        420,
        'round(slo:failures:rate5m{slo="availability"}, 0.01)',
        {'{slo="availability",job="hotseat",instance="fleet"}': 0.06},
    )
    trial.gives(
        420,
        'slo:failure_ratio:rate5m{slo="availability"} < 0.012',
        {'slo:failure_ratio:rate5m{slo="availability",job="hotseat",instance="fleet"}': 1 / 101},
    )
    promtool.try_out([SLO], trial)


def test_without_requests_there_is_no_ratio(promtool: Promtool) -> None:
    """Neither 0 nor NaN, which a dashboard would draw."""
    trial = Trial("night", {FRONT % "2xx": "7x60", FRONT % "5xx": "1x60"})
    trial.gives(800, "slo:failure_ratio:rate5m", {})
    trial.gives(800, "slo:burn_rate:rate5m", {})
    promtool.try_out([SLO], trial)
