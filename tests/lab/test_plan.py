"""The plan: the same for the same number, Poisson arrivals, the mix, and an even load from the first second on."""

from collections import Counter
from itertools import islice, takewhile

import pytest
from lab_small_workload import small_workload

from lab.load.plan import NOBODY, Visit, visits
from lab.load.popularity import Zipf
from lab.workload import load_workload, workload_of

MANY = 4000
STEADY = {"logout_share": 0, "revoke_share": 0, "password_share": 0}


def _planned(name: str, seed: int, count: int = MANY) -> list[Visit]:
    return list(islice(visits(load_workload(name), seed), count))


def test_the_same_seed_is_the_same_plan() -> None:
    """Who comes when, in which browser, and does what at what time."""
    assert _planned("social", 5) == _planned("social", 5)
    assert _planned("social", 5) != _planned("social", 6)


def test_visits_come_in_the_order_of_their_first_steps() -> None:
    """So that whoever lets them in never waits for a later one."""
    firsts = [visit.steps[0].at for visit in _planned("social", 1)]
    assert firsts == sorted(firsts)
    assert all(at >= 0 for at in firsts)
    for visit in _planned("social", 1):
        times = [step.at for step in visit.steps]
        assert times == sorted(times)


@pytest.mark.parametrize("name", ["social", "dashboard", "api"])
def test_the_load_is_even_from_the_first_second_on(name: str) -> None:
    """Visits are under way at the beginning; the rate is the workload's."""
    rate, seconds = 400.0, 60
    coming = visits(load_workload(name), 1, rate=rate)
    counts: Counter[int] = Counter()
    for visit in takewhile(lambda visit: visit.steps[0].at < seconds, coming):
        counts.update(int(step.at // 10) for step in visit.steps if step.action not in ("logout", "revoke", "password"))
    found = [counts[each] / 10 for each in range(6)]
    assert found == pytest.approx([rate] * 6, rel=0.2), found
    assert sum(found) / 6 == pytest.approx(rate, rel=0.1)


def test_arrivals_are_a_poisson_process() -> None:
    """The number of those who arrive in a second varies by its own mean."""
    workload = workload_of("dots", {"visits": {"requests": 1, "think_seconds": 0}, "mix": {"me": 1}})
    coming = takewhile(lambda visit: visit.steps[0].at < 1000, visits(workload, 3, rate=20))
    counts = Counter(int(visit.steps[0].at) for visit in coming)
    numbers = [counts[second] for second in range(1000)]
    mean = sum(numbers) / 1000
    variance = sum((number - mean) ** 2 for number in numbers) / 1000
    assert mean == pytest.approx(20, rel=0.03)
    assert variance / mean == pytest.approx(1, abs=0.15)


def test_actions_are_those_of_the_mix() -> None:
    """In its proportions, for people with an account; strangers read what anybody may."""
    workload = load_workload("shop")
    planned = _planned("shop", 1)
    mine = Counter(step.action for visit in planned if visit.person != NOBODY for step in visit.steps)
    total = sum(mine[action] for action in workload.mix)
    for action, weight in workload.mix.items():
        assert mine[action] / total == pytest.approx(weight / sum(workload.mix.values()), abs=0.02), action
    theirs = {step.action for visit in planned if visit.person == NOBODY for step in visit.steps}
    assert theirs == {"front", "card", "person"}
    assert sum(visit.person == NOBODY for visit in planned) / MANY == pytest.approx(0.6, abs=0.04)


def test_people_are_as_active_as_the_law_says() -> None:
    """The most active one comes as often as the first place of Zipf's law."""
    workload = load_workload("api")
    came = Counter(visit.person for visit in _planned("api", 2))
    law = Zipf(workload.users, workload.activity_exponent)
    for person in (0, 1, 10):
        share = law.share(person)
        assert came[person] / MANY == pytest.approx(share, abs=5 * (share / MANY) ** 0.5), person


def test_devices_log_outs_and_revocations_are_as_often_as_wanted() -> None:
    """Shares of the visits; a log-out is the last step."""
    devices = {"second_device_share": 0.3, "logout_share": 0.2, "revoke_share": 0.1, "password_share": 0.15}
    workload = small_workload(devices=devices, people={"anonymous_share": 0})
    planned = list(islice(visits(workload, 1), MANY))
    assert sum(visit.device for visit in planned) / MANY == pytest.approx(0.3, abs=0.04)
    ends = Counter(visit.steps[-1].action for visit in planned)
    assert ends["logout"] / MANY == pytest.approx(0.2, abs=0.04)
    assert not any(step.action == "logout" for visit in planned for step in visit.steps[:-1])
    revokes = sum(step.action == "revoke" for visit in planned for step in visit.steps)
    assert revokes / MANY == pytest.approx(0.1, abs=0.03)
    changes = sum(step.action == "password" for visit in planned for step in visit.steps)
    assert changes / MANY == pytest.approx(0.15, abs=0.03)


def test_the_length_of_a_visit_has_the_mean_that_was_asked_for() -> None:
    """Of one step, and of many."""
    for requests in (1, 3, 25):
        workload = small_workload(visits={"requests": requests}, devices=STEADY)
        lengths = [len(visit.steps) for visit in islice(visits(workload, 1), MANY)]
        assert sum(lengths) / MANY == pytest.approx(requests, rel=0.06)
