"""Some browsers do not stay where the proxy pins them: which, how often, and in which of the three ways."""

from collections import Counter
from random import Random

import pytest
from lab_small_workload import small_workload

from lab.load.town import Town
from lab.load.wandering import STRAYING, Wandering

JAR = {"SRV": "a", "session": "s"}
MANY = 6000


def _way(wandering: Wandering) -> str:
    jar = dict(JAR)
    sent, keeps = wandering.leaves(jar)
    assert sent["session"] == jar["session"] == "s"
    match sent.get("SRV"), keeps:
        case ("a", True):
            return "obeys"
        case ("0a", True):
            return "garbled" if jar == JAR else "lost as well"
        case (None, True):
            return "thrown away" if "SRV" not in jar else "kept all the same"
        case (None, False):
            return "passed by" if jar == JAR else "lost as well"
    return "something else"


def test_a_browser_strays_in_three_ways_as_often_as_is_said() -> None:
    """And else it sends what it was given."""
    wandering = Wandering(Random(7))
    ways = Counter(_way(wandering) for _ in range(MANY))
    assert set(ways) == {"obeys", "garbled", "thrown away", "passed by"}
    assert ways["obeys"] / MANY == pytest.approx(1 - STRAYING, abs=0.03)
    for way in ("garbled", "thrown away", "passed by"):
        assert ways[way] / MANY == pytest.approx(STRAYING / 3, abs=0.03)


def _town(share: float, name: str = "t", seed: int = 1) -> Town:
    return Town(small_workload(devices={"wandering_share": share}), name, seed)


def _who(town: Town) -> list[int]:
    return [n for n in range(1000) if town.wandering(f"{town.name}_{n}/0")]


def test_as_many_browsers_wander_as_the_workload_says() -> None:
    """None and all included."""
    assert _who(_town(0)) == []
    assert len(_who(_town(1))) == 1000
    assert len(_who(_town(0.3))) == pytest.approx(300, abs=50)


def test_the_same_seed_has_the_same_browsers_wander() -> None:
    """At the same of their requests, whatever this run's people are called."""
    assert _who(_town(0.3)) == _who(_town(0.3, name="another")) != _who(_town(0.3, seed=2))
    one, other = _town(1).wandering("t_5/1"), _town(1, name="another").wandering("another_5/1")
    assert one is not None
    assert other is not None
    assert [_way(one) for _ in range(100)] == [_way(other) for _ in range(100)]
