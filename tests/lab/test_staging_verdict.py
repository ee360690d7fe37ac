"""What is said of systems that were measured from outside: what browsers see, and that the rest is not known."""

import msgspec
import pytest
from lab_results import made_up

from lab.compare.results import Capacity, Result, RoundTrip
from lab.compare.verdict import Verdict, verdict
from lab.report import write_report


def seen_from_outside(half_ms: dict[str, float], *, spread: float = 0.01, **changed: object) -> Result:
    """These rungs, with half of the answers within so many ms."""
    result = made_up(spread=spread, cores=2)
    result.failures = []
    result.sites = {rung: f"http://{rung}.example" for rung in half_ms}
    result.rungs = list(half_ms)
    rounds = []
    for each in result.rounds:
        if each.rung in half_ms:
            off = each.latency_ms["50"] / made_up(spread=0).of(each.rung)[0].latency_ms["50"]
            latency_ms = {percent: half_ms[each.rung] * off * n for n, percent in enumerate(each.latency_ms, 1)}
            outside = {
                "cpu_ms": {},
                "calls": {},
                "held_bytes": None,
                "latency_ms": latency_ms,
                "generator_late_ms": 0.1,
            }
            rounds.append(msgspec.structs.replace(each, **{**outside, "moved_share": 0.01, **changed}))
    result.rounds = rounds
    return result


def said(result: Result) -> Verdict:
    return verdict(result)


@pytest.mark.parametrize(
    ("hot_ms", "answer", "words"),
    [
        (3.0, "answers sooner", "Behind stickiness answers come 25 % sooner: half of all answers come within 3.00 ms"),
        (5.0, "answers later", "Behind stickiness answers come 25 % later"),
        (3.9, "makes no difference", "Hardly any difference can be seen from outside"),
        (4.0, "makes no difference", "No difference could be measured from outside"),
    ],
)
def test_the_headline_is_how_soon_answers_come(hot_ms: float, answer: str, words: str) -> None:
    found = said(seen_from_outside({"redis": 4.0, "hot": hot_ms}))
    assert (found.answer, found.headline.startswith(words)) == (answer, True), found.headline
    assert found.headline.endswith("What that costs or saves cannot be seen from outside.")


def test_money_and_cpu_are_said_to_be_unknown_and_nowhere_told() -> None:
    found = said(seen_from_outside({"redis": 4.0, "hot": 3.0}))
    everything = " ".join([*found.saves, *found.costs, *found.pays_from, *found.instead, *found.cautions])
    assert found.cautions[0].startswith("It was measured from outside: CPU time, calls to Redis")
    assert (found.costs, found.pays_from) == ((), ())
    assert "cost 0" not in everything
    assert "asked 0" not in everything
    assert "generator takes its share" not in everything


def test_what_browsers_see_is_told() -> None:
    result = seen_from_outside({"redis": 4.0, "hot": 3.0})
    result.capacities = [Capacity("redis", 100.0, 50.0, True), Capacity("hot", 150.4, 50.0, False)]
    assert said(result).saves == (
        "Of a hundred answers the slowest comes 25 % sooner, within 9.00 ms instead of 12 ms.",
        "Of a thousand answers the slowest comes 25 % sooner, within 12 ms instead of 16 ms.",
        "Requests a second that are borne with p99 within 50 ms: 150 or more, instead of 100.",
        "Memory answers 85 % of the lookups that are shown.",
        "1.0 % of the requests came to another instance than the one before.",
    )


def test_a_rung_below_that_answers_as_soon_is_named() -> None:
    found = said(seen_from_outside({"denormalised": 3.05, "redis": 4.0, "hot": 3.0}))
    assert found.instead == ("Kept ready in MongoDB answers as soon: half within 3.05 ms.",)
    assert said(seen_from_outside({"redis": 4.0, "hot": 3.0})).instead == (
        "No rung below that was measured answers as soon.",
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tiers": {}, "by_instance": {}, "moved_share": None}, "do not say where they come from (EVIDENCE=off there)"),
        (
            {"tiers": {"board": {"hot": 50.0, "redis": 50.0}}},
            "50 % of its lookups came from memory. It is not the rung",
        ),
        ({"tiers": {"board": {"hot": 0.0, "redis": 9.0}}}, "hardly a lookup came from memory. It may not be the rung"),
        ({"by_instance": {"web-1": 10}}, "a single instance answered everything"),
        ({"moved_share": 0.6}, "60 % of the requests and more came to another instance than the one before. Is there"),
        ({"generator_late_ms": 9.0}, "sent 9.00 ms late or more, by this machine's own doing"),
        ({"failed": 3}, "15 of 5000 requests failed, without an answer or with a 5xx."),
        ({"refused": 300}, "30 % of the requests were refused (4xx), which is quick."),
    ],
)
def test_what_speaks_against_the_figures_is_said(changed: dict[str, object], words: str) -> None:
    """And is not said where nothing does."""
    sound = " ".join(said(seen_from_outside({"redis": 4.0, "hot": 3.0})).cautions)
    doubtful = " ".join(said(seen_from_outside({"redis": 4.0, "hot": 3.0}, **changed)).cautions)
    assert words not in sound
    assert words in doubtful


def test_who_is_not_sticky_may_move() -> None:
    """It is what any instance answering any request means."""
    result = seen_from_outside({"redis": 4.0, "hot": 3.0})
    result.rounds = [
        msgspec.structs.replace(each, moved_share=0.66) if each.rung == "redis" else each for each in result.rounds
    ]
    assert "affinity cookie" not in " ".join(said(result).cautions)


def test_what_is_not_shown_is_no_zero(tmp_path: object) -> None:
    """Neither on the page."""
    result = seen_from_outside({"redis": 4.0, "hot": 3.0}, tiers={}, by_instance={}, moved_share=None)
    assert (result.hot_rate("hot"), result.moved_share("hot"), result.imbalance("hot")) == (None, None, None)
    page = write_report(result, tmp_path).read_text()  # type: ignore[arg-type]
    assert page.count("<td>not shown</td>") == 6
    with pytest.raises(ValueError, match="nothing was measured"):
        result.cpu_ms("hot")


def test_the_real_round_trip_is_told_with_what_was_added() -> None:
    result = made_up()
    result.rtt_ms, result.round_trips = 0.5, {"redis": RoundTrip(0.061, 0.702)}
    assert said(result).pays_from[0] == (
        "Redis was 0.70 ms away and back, as measured with the 0.5 ms that were added; without them 0.06 ms."
    )
    result.round_trips = {"redis": RoundTrip(0.061)}
    assert said(result).pays_from[0] == "Redis was 0.06 ms away here and back."
