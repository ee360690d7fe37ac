"""The checker at its real size, and its properties looked for a long time."""

import random
import resource
import time

import pytest
from checked.anything import B_SECONDS, anything
from checked.correct import Correct, Shape
from checked.many import many_requests
from checked.plain import PlainRules
from figures import Figures

from lab.checker import check, summary

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("users", [10_000, 20])
def test_a_million_requests_are_checked_within_half_a_minute(users: int, figures: Figures) -> None:
    """Of many users, and of a few with very many requests each; in seconds of the processor, and little memory."""
    history = many_requests(users, 1_000_000 // users)
    held_kib, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    verdict = check(history)
    seconds = time.process_time() - began
    more_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held_kib
    figures(f"{users} users: {seconds:.0f} s of the processor, {more_kib / 1024:.0f} MiB beside the history")
    assert verdict.broken == (), summary(verdict)
    assert verdict.requests == 1_000_000
    assert seconds < 60
    assert more_kib < 1024 * 1024


def test_correct_histories_are_not_blamed_for_a_long_time() -> None:
    """As the property, over many more seeds."""
    chance = random.Random(4)
    for seed in range(5000):
        shape = Shape(
            seed,
            chance.choice([5, 15, 40, 120]),
            users=chance.randint(1, 2),
            browsers=chance.randint(1, 3),
            losing=chance.random() < 0.5,
            outage=chance.random() < 0.5,
            new=chance.random() < 0.5,
            span_seconds=chance.choice([3.0, 12.0, 30.0]),
        )
        verdict = check(Correct(shape).history)
        assert verdict.broken == (), f"{shape}\n{summary(verdict)}"


def test_the_sweep_agrees_with_the_plain_rules_for_a_long_time() -> None:
    """As the property, over many more seeds."""
    chance = random.Random(5)
    for seed in range(5000):
        history = anything(seed, chance.randint(2, 80), chance.randint(1, 4))
        verdict, plain = check(history), PlainRules(history.requests, B_SECONDS)
        for promise, expected in (
            ("P1", plain.durable()),
            ("P2", plain.own_writes()),
            ("P3", plain.monotonic()),
            ("P5", plain.bounded()),
        ):
            found = verdict[promise]
            assert (found.bore, found.broken) == (expected.bore, expected.broken), f"{promise}, seed {seed}"
