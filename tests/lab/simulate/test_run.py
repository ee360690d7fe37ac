"""Whole runs: what does not depend on chance, and what has to add up."""

import msgspec
import pytest

from lab.errors import Misuse
from lab.simulate import Plan, Result, Run, Workload
from lab.simulate.changes import KINDS
from lab.simulate.routing import NAMES
from lab.simulate.tally import BOARD, PROFILE, SESSION


def _plan(routing: str = "sticky", instances: int = 4, **given: object) -> Plan:
    workload = Workload(users=400, return_seconds=100)
    return Plan(**{"instances": instances, "routing": routing, "workload": workload, **given})  # type: ignore[arg-type]


def _result(routing: str = "sticky", **given: object) -> Result:
    return Run(_plan(routing, **given)).result()


@pytest.mark.parametrize("routing", NAMES)
def test_the_same_seed_gives_the_same_figures(routing: str) -> None:
    """To the last digit; another one gives others."""
    few = Workload(users=150, return_seconds=100)
    one, same, other = (_result(routing, seed=seed, workload=few) for seed in (1, 1, 2))
    assert msgspec.json.encode(one) == msgspec.json.encode(same)
    assert one.requests != other.requests


@pytest.mark.parametrize("routing", NAMES)
def test_every_lookup_is_answered_by_one_tier(routing: str) -> None:
    """Hot, Redis and loads add up to all lookups, in each kind of value; the instances' requests to all requests."""
    run = Run(_plan(routing, changes=(), warm_seconds=0))
    result = run.result()
    count = run.fleet.copies.count
    assert result.hit_rate + result.redis_rate + result.load_rate == pytest.approx(1.0)
    rates = [result.session_hit_rate, result.profile_hit_rate, result.board_hit_rate]
    assert rates == [count.hit_rate(region) for region in (SESSION, PROFILE, BOARD)]
    for region in (SESSION, PROFILE, BOARD):
        assert 0 < count.hot(region) < count.lookups(region)
        assert count.hot(region) + count.redis[region] + count.loads[region] == count.lookups(region)
    assert count.lookups(SESSION) == count.requests
    assert sum(process.requests for process in run.fleet.processes.values()) == count.requests
    seconds = run._everybody
    assert sum(seconds.lookups) == count.lookups(SESSION, PROFILE, BOARD)
    assert sum(seconds.hot) == count.hot(SESSION, PROFILE, BOARD)


def test_all_routings_are_asked_the_same() -> None:
    """So that what differs is the routing's doing; a board is loaded as often wherever it is held."""
    sticky, hashed, turns = (_result(routing, changes=()) for routing in NAMES)
    assert sticky.requests == hashed.requests == turns.requests
    assert sticky.load_rate == pytest.approx(turns.load_rate, abs=0.01)
    assert sticky.hit_rate == pytest.approx(hashed.hit_rate, abs=0.01)
    assert turns.hit_rate < sticky.hit_rate / 1.5


def test_of_those_concerned_a_cold_restart_lets_the_hit_rate_fall_and_a_warm_one_does_not() -> None:
    """The fall is to less than half, and over before the next change."""
    workload = Workload(users=1200, return_seconds=100)
    result = Run(_plan(workload=workload, hit_share=0.5)).result()
    felt = {each.change: each for each in result.changes}
    assert list(felt) == list(KINDS)
    assert felt["cold restart"].lowest < felt["cold restart"].before / 2
    assert 0 < felt["cold restart"].recovered_seconds < 40
    assert felt["restart"].lowest > 0.9 * felt["restart"].before
    assert felt["kill"].lowest < felt["kill"].before / 2
    assert felt["grow"].people == 1200
    assert felt["shrink"].moved_share > 0.5


def test_nothing_changes_the_instances_there_are_in_the_end() -> None:
    """Killed ones are back, and added ones gone."""
    run = Run(_plan())
    run.result()
    assert sorted(run.fleet.processes) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"instances": 0}, "1 to 5,000 instances here, not 0"),
        ({"instances": 1}, "Of 1 instances 1 cannot be killed"),
        ({"calm_seconds": 0}, "at least 1 s"),
        ({"apart_seconds": 10}, "30 s apart"),
        ({"hot_bytes": 10}, "64 KiB"),
        ({"away_seconds": 60.0}, "away for 0 to 45 s, not 60"),
        ({"changes": ("explode",)}, "no change 'explode'; there are: kill, restart"),
        ({"changes": ("shrink",)}, "shrink needs grow"),
        ({"hit_share": 0.0}, "hit share"),
        ({"routing": "random"}, "no routing 'random'"),
    ],
)
def test_what_cannot_be_simulated_is_refused(given: dict, said: str) -> None:
    """Before anything is begun, with a sentence."""
    with pytest.raises(Misuse, match=said):
        _plan(**given)
