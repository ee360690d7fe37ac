"""What is done to a fleet: to which instances, and when."""

from lab.simulate.changes import KINDS, Change, planned


def _planned(instances: int, kinds: tuple[str, ...] = KINDS, hit_share: float = 0.1) -> list[Change]:
    return planned(kinds, instances, 120.0, 45.0, hit_share=hit_share, grow_share=0.5)


def test_changes_come_one_after_the_other_and_hit_others_each() -> None:
    """As far as there are others: the echo of one would else be taken for the next one's doing."""
    kill, restart, cold, grow, shrink = _planned(30)
    assert [each.at for each in (kill, restart, cold, grow, shrink)] == [120.0, 165.0, 210.0, 255.0, 300.0]
    assert (kill.slots, restart.slots, cold.slots) == (range(3), range(3, 6), range(6, 9))
    assert grow.slots == shrink.slots == range(30, 45)
    assert [each.kind for each in (kill, restart, cold, grow, shrink) if each.joins] == ["grow"]
    assert [each.slots for each in _planned(4, hit_share=0.5)[:3]] == [range(2), range(2, 4), range(2)]


def test_one_instance_at_least_is_hit_and_one_added() -> None:
    """However small the fleet is."""
    kill, *_, shrink = _planned(3)
    assert (len(kill.slots), len(shrink.slots)) == (1, 2)
    assert len(planned(("restart", "grow"), 1, 0.0, 45.0, hit_share=0.1, grow_share=0.1)[1].slots) == 1


def test_a_killed_instance_comes_back_with_what_it_wrote_before() -> None:
    """Its manifest is a quarter of a minute old on average; draining has its time."""
    kill, *_, shrink = _planned(30)
    assert [at for at, _ in kill.steps(5.0)] == [105.0, 120.0, 125.0]
    assert [at for at, _ in shrink.steps(5.0)] == [300.0, 325.0]
