"""Who comes when, and what they ask for."""

import numpy as np
import pytest

from lab.errors import Misuse
from lab.simulate.workload import BOARD, CARD, PAGE, PREFER, WRITE, Arrivals, Workload, arrivals

SECONDS = 200.0


def _arrivals(workload: Workload, seed: int = 1) -> Arrivals:
    return arrivals(workload, SECONDS, np.random.default_rng(seed), remembered_seconds=1800.0)


def test_requests_come_in_order_and_within_their_time() -> None:
    """Those before 0 are of people who are away then, one each."""
    found = _arrivals(Workload(users=2000))
    assert (np.diff(found.at) >= 0).all()
    assert found.at[-1] < SECONDS
    assert found.at[0] > -1800
    early = found.user[found.at < 0]
    assert early.size == np.unique(early).size


def test_the_same_seed_gives_the_same_requests() -> None:
    """And another one gives others."""
    one, same, other = (_arrivals(Workload(users=500), seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert one.at.size != other.at.size or (one.at != other.at).any()


def test_the_rate_is_steady_from_the_first_second_on_and_what_was_asked_for() -> None:
    """20 requests in each 400 s, of each of 20,000 people alike: 1,000 a second, at the end as at the beginning."""
    workload = Workload(users=20_000, requests_per_session=20, think_seconds=5, return_seconds=400, zipf=0)
    at = _arrivals(workload).at
    for began in (0, 50, 150):
        rate = np.count_nonzero((at >= began) & (at < began + 50)) / 50
        assert rate == pytest.approx(1000, rel=0.06)


def test_a_session_has_a_pause_less_than_it_has_requests() -> None:
    """From one begin to the next are `return_seconds`, whatever share of them the sessions take.

    Of 5 requests with 20 s between each, four pauses are within a session, 80 s, so people are away for 120 of 200.
    """
    workload = Workload(users=20_000, requests_per_session=5, think_seconds=20, return_seconds=200, zipf=0)
    at = _arrivals(workload).at
    for began in (0, 100):
        rate = np.count_nonzero((at >= began) & (at < began + 100)) / 100
        assert rate == pytest.approx(20_000 * 5 / 200, rel=0.02)


def test_as_many_are_there_in_the_first_moment_as_in_any_other() -> None:
    """Two pauses of 50 s within each, of 200 s: half of the people are there at each moment, and half were before."""
    workload = Workload(users=20_000, requests_per_session=3, think_seconds=50, return_seconds=200, zipf=0)
    found = _arrivals(workload)
    away = np.count_nonzero(found.at < 0)
    assert away / 20_000 == pytest.approx(1 / 2, rel=0.03)


def test_people_who_never_leave_ask_as_often_as_they_think() -> None:
    """Sessions without an end."""
    workload = Workload(users=200, requests_per_session=1e8, think_seconds=0.5, return_seconds=1, zipf=0)
    found = _arrivals(workload)
    assert found.at.size / SECONDS == pytest.approx(400, rel=0.03)
    assert not (found.at < 0).any()


def test_activity_is_spread_by_zipf() -> None:
    """Few come often, many seldom; with an exponent of 0 all alike."""
    shares = []
    for zipf in (0.0, 0.8):
        workload = Workload(users=2000, requests_per_session=1, think_seconds=0.01, return_seconds=20, zipf=zipf)
        found = _arrivals(workload)
        often = np.sort(np.bincount(found.user[found.at >= 0], minlength=2000))[::-1]
        shares.append(often[:200].sum() / often.sum())
    assert 0.1 < shares[0] < 0.2
    weights = np.arange(1, 2001) ** -0.8
    assert shares[1] == pytest.approx(weights[:200].sum() / weights.sum(), abs=0.02)


def test_kinds_have_their_shares() -> None:
    """Writes and preferences of all requests, boards of those that read, cards of the writes."""
    workload = Workload(users=20_000, write_share=0.1, card_share=0.3, prefer_share=0.05, board_share=0.4)
    found = _arrivals(workload)
    kinds = found.kind[found.at >= 0]
    share = {kind: np.count_nonzero(kinds == kind) / kinds.size for kind in (BOARD, PAGE, WRITE, CARD, PREFER)}
    assert share[WRITE] + share[CARD] == pytest.approx(0.1, abs=0.01)
    assert share[CARD] == pytest.approx(0.03, abs=0.005)
    assert share[PREFER] == pytest.approx(0.05, abs=0.005)
    assert share[BOARD] == pytest.approx(0.85 * 0.4, abs=0.01)
    assert set(found.kind[found.at < 0]) == {BOARD, PAGE}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"users": 0}, "1 to 10,000,000 users, not 0"),
        ({"write_share": 1.5}, "Write share is a share, from 0 to 1, not 1.5"),
        ({"write_share": 0.7, "prefer_share": 0.7}, "cannot be more than all requests"),
        ({"think_seconds": 0}, "Think seconds must be above 0"),
        ({"requests_per_session": 0.5}, "at least 1 request"),
        ({"zipf": -1}, "exponent"),
        ({"followed": -1}, "follows"),
    ],
)
def test_what_nobody_could_do_is_refused(given: dict, said: str) -> None:
    """With a sentence that names what was given."""
    with pytest.raises(Misuse, match=said):
        Workload(**({"users": 10} | given))
