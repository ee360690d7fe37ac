"""The rules of affinity restated in the lab are those of the application."""

import random
import re
from pathlib import Path

import msgspec
import pytest

import lab.simulate.affinity as ours
from cache import handover as cache_handover
from cache import values
from lab.simulate import copies, fleet, tally
from webapp import affinity, handover, held, outage, rebalancing, sessions, settings
from webapp import fleet as webapp_fleet

KEY = "0123456789abcdef0123456789abcdef"
NEEDED = {
    "REDIS_URL": "redis://127.0.0.1:6379",
    "MONGODB_URL": "mongodb://127.0.0.1:27017",
    "SECRET_KEYS": KEY,
    "AFFINITY_KEY": KEY,
}
ROOT = Path(__file__).resolve().parents[3]


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_numbers_are_the_applications() -> None:
    """Each constant of the lab stands where the application has it."""
    assert (ours.BEGIN_ABOVE, ours.END_BELOW, ours.BURST_SECONDS) == (
        rebalancing.BEGIN_ABOVE,
        rebalancing.END_BELOW,
        rebalancing.BURST_SECONDS,
    )
    assert held.HELD_SECONDS == ours.HELD_SECONDS
    assert (webapp_fleet.PULSE_SECONDS, webapp_fleet.MOST_HEARD) == (ours.PULSE_SECONDS, ours.MOST_HEARD)
    assert (affinity.MAX_IDLE_SECONDS, affinity.MAX_LIFE_SECONDS) == (
        ours.COOKIE_IDLE_SECONDS,
        ours.COOKIE_LIFE_SECONDS,
    )
    assert handover.PERIOD_SECONDS == ours.MANIFEST_SECONDS
    assert (cache_handover.MOST_NAMES, cache_handover.SHARE, cache_handover.LOADS) == (
        fleet.MOST_NAMES,
        copies.SHARE,
        copies.LOADS,
    )
    assert values.TTL_JITTER == copies.TTL_JITTER


def test_the_defaults_are_the_applications() -> None:
    """What a setting is when nobody sets it."""
    effective = settings.from_mapping(NEEDED)
    assert effective.rebalance_per_minute == ours.REBALANCE_PER_MINUTE
    assert effective.drain_seconds == ours.DRAIN_SECONDS
    assert effective.session_idle_seconds == copies.SESSION_IDLE_SECONDS
    assert copies.SESSION_IDLE_SECONDS / sessions.TOUCHES_PER_IDLE == copies.TOUCH_SECONDS
    assert effective.hot_staleness_seconds / 4 == tally.HEARTBEAT_SECONDS
    assert effective.board_fresh_seconds * outage.STALE_BOARD_TIMES == copies.STALE_SECONDS


def test_the_proxy_binds_and_balances_as_the_lab_has_it() -> None:
    """haproxy.cfg: a cookie for half an hour idle and eight hours at most, and turns for who has none."""
    proxy = (ROOT / "haproxy.cfg").read_text()
    [cookie] = re.findall(r"^ +cookie .* maxidle (\d+)m maxlife (\d+)h$", proxy, re.MULTILINE)
    assert (int(cookie[0]) * 60, int(cookie[1]) * 3600) == (ours.COOKIE_IDLE_SECONDS, ours.COOKIE_LIFE_SECONDS)
    assert "\n    balance roundrobin\n" in proxy


def test_a_pulse_reads_as_much_of_each_process_as_the_lab_reckons() -> None:
    """What a busy process of a large fleet tells of itself, within a tenth."""
    told = webapp_fleet.Told(
        instance="web-1000",
        version="0.1.0+20261128-1",
        mode="sticky",
        rung="hot behind stickiness",
        users=1000,
        in_flight=3,
        lag_ms=1.2,
        hot_state="trusted",
        hot_entries=300,
        hot_bytes=3_000_000,
        hit_rate=0.8123456,
    )
    assert len(msgspec.json.encode(told)) == pytest.approx(tally.TOLD_BYTES, rel=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_the_lab_lets_go_whom_the_application_would(seed: int) -> None:
    """Told the same of a fleet, second by second, both send the same number to the same slots."""
    chance, clock = random.Random(seed), _Clock()
    lots = random.Random(seed)
    theirs = rebalancing.Rebalancing(120, clock)
    mine = ours.Letting(120, clock.now, lots)
    random.seed(seed)
    sent = 0
    people = {slot: chance.randint(0, 40) for slot in range(6)} | {0: 60}
    for _ in range(200):
        clock.now += 1.0
        for slot in range(1, 6):
            people[slot] = max(0, people[slot] + chance.randint(-3, 3))
        people[0] += chance.randint(0, 4)
        mean = sum(people.values()) / len(people)
        theirs.plan(people[0], {f"{slot}": held for slot, held in people.items() if slot})
        lacking = {slot: mean - held for slot, held in people.items() if held < mean}
        mine.plan(people[0], mean, lacking, clock.now)
        for _ in range(chance.randint(0, 8)):
            slot = mine.target()
            assert theirs.target() == (None if slot is None else f"{slot}")
            if slot is not None:
                people[0] -= 1
                people[slot] += 1
                sent += 1
    assert sent


@pytest.mark.parametrize("seed", range(5))
def test_the_lab_counts_people_as_the_application_does(seed: int) -> None:
    """Whoever was here within a minute, and those expected; not who was sent away."""
    chance, clock = random.Random(seed), _Clock()
    theirs, mine = held.Held(clock), ours.Held()
    for _ in range(2000):
        clock.now += chance.random() * 3
        user = chance.randint(0, 50)
        match chance.randint(0, 40):
            case 0:
                theirs.expect(user)
                mine.expect(user, clock.now)
            case 1 | 2 | 3:
                theirs.let_go(f"{user}")
                mine.let_go(user)
            case _:
                theirs.seen(f"{user}")
                mine.seen(user, clock.now)
        assert mine.belonging(clock.now) == theirs.belonging
