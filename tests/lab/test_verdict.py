"""The verdict says what the figures say, and no more."""

import pytest
from lab_results import made_up
from msgspec.structs import replace

from lab.compare.prices import Prices
from lab.compare.results import Result
from lab.compare.verdict import Verdict, verdict


def said(result: Result) -> Verdict:
    return verdict(result)


def test_a_saving_that_is_beyond_doubt_pays() -> None:
    found = said(made_up())
    assert found.answer == "pays"
    assert found.headline == (
        "Stickiness saves 34 % of the CPU time here: 2.10 ms of CPU per request behind stickiness, "
        "3.20 ms with a cache in Redis."
    )
    assert "Redis is asked 0.20 times per request instead of 1.20." in found.saves
    assert "The web processes: 34 % less CPU time, 1.26 ms instead of 1.92 ms per request." in found.saves


def test_what_cannot_be_told_apart_makes_no_difference() -> None:
    """The median is less by a tenth, but the rounds differ by as much."""
    found = said(made_up({"redis": 2.3}, spread=0.1))
    assert found.answer == "makes no difference"
    assert found.headline.startswith("Stickiness makes no difference here that could be measured")
    assert "The web processes take the same CPU time, as far as can be told." in found.saves


@pytest.mark.parametrize(
    ("redis_ms", "answer", "words"),
    [
        (2.16, "makes no difference", "saves only 2.8 %"),
        (2.0, "does not pay", "costs 5.0 % more"),
    ],
)
def test_a_small_or_no_saving_is_called_so(redis_ms: float, answer: str, words: str) -> None:
    found = said(made_up({"redis": redis_ms}, spread=0.001))
    assert (found.answer, words in found.headline) == (answer, True)


def test_a_lower_rung_that_does_as_well_is_named() -> None:
    """The lowest first; one that is a little dearer counts, one that is clearly dearer does not."""
    found = said(made_up({"denormalised": 2.13, "redis": 2.9}, spread=0.001))
    assert found.instead == ("Kept ready in MongoDB does as well: 2.13 ms per request.",)
    assert said(made_up()).instead == ("No rung below does as well.",)


def test_without_the_two_rungs_that_matter_nothing_is_claimed() -> None:
    result = made_up()
    result.rounds = [each for each in result.rounds if each.rung != "hot"]
    found = said(result)
    assert found.answer == "unknown"
    assert found.headline == "Nothing can be said yet: hot, behind stickiness was not measured."
    assert (found.saves, found.instead) == ((), ())


def test_nothing_at_all_is_no_verdict_either() -> None:
    result = made_up()
    result.rounds, result.failures, result.complete, result.stopped = [], [], False, "the site went away"
    found = said(result)
    assert found.answer == "unknown"
    assert found.cautions == ("The comparison was not finished: the site went away.",)


def test_failures_are_told_in_words() -> None:
    found = said(made_up())
    assert found.costs[0] == (
        "When an instance is killed, the share of lookups answered from memory falls from 85 % to 60 % and is back "
        "after 3.0 s; no reads and 1 write failed; the longest anybody waited was 0.12 s."
    )
    assert found.costs[1].startswith("During a rolling restart")


def test_how_many_writes_are_too_many_is_calculated() -> None:
    """1.1 ms are saved at a tenth of writes, 0.16 ms are worth it: 1 - 0.9 * sqrt(0.16 / 1.1) is 0.66."""
    assert said(made_up()).pays_from[1] == (
        "Here 10 % of the requests write, and memory answers 85 % of the lookups; by calculation it pays up to about "
        "66 % of writes."
    )
    assert "with fewer writes it may pay" in said(made_up({"redis": 2.16}, spread=0.001)).pays_from[1]


def test_a_small_machine_an_embedded_database_and_few_rounds_are_cautioned_of() -> None:
    cautions = said(made_up(cores=2, rounds=3)).cautions
    assert [each.split()[0] for each in cautions] == ["Boards", "On", "3"]
    assert "75 % confidence" in cautions[2]
    assert len(said(made_up(cores=8, rounds=5)).cautions) == 1


def test_prices_decide_what_a_million_costs() -> None:
    """3,600 ms of a core at 0.04 an hour are 0.00004; a million of them 40."""
    per_million = Prices(core_hour=0.04, redis_core_hour=1.0).per_million({"web": 3600.0, "redis": 3.6})
    assert per_million == pytest.approx({"web": 40.0, "redis": 1.0})
    month = 30 * 86_400
    assert Prices(gib_month=3).memory_per_million(2**30, 1e6 / month) == pytest.approx(3.0)
    assert Prices().memory_per_million(2**30, 0) == 0


def test_what_a_million_costs_is_of_all_rounds() -> None:
    """Its memory and its rate too: the last round is no more than one of five."""
    result = made_up()
    plain = [line for line in said(result).saves if "A million requests cost" in line]
    odd = {"held_bytes": 3e15, "seconds": 1e9}
    result.rounds = [replace(each, **odd) if each.number == 4 else each for each in result.rounds]
    assert [line for line in said(result).saves if "A million requests cost" in line] == plain
