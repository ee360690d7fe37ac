"""Nothing that can have come about rightly is ever blamed on anybody; what is wrong for certain always is."""

import random

import pytest
from checked.anything import B_SECONDS, anything
from checked.correct import Correct, Shape
from checked.mutations import MUTATIONS, change
from checked.plain import Plain, PlainRules
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lab.checker import Finding, check, story, summary
from lab.history import History, Request

SEEDS = st.integers(0, 2**32)
SHAPES = st.builds(
    Shape,
    seed=SEEDS,
    requests=st.sampled_from([5, 15, 40, 120]),
    users=st.integers(1, 2),
    browsers=st.integers(1, 3),
    losing=st.booleans(),
    outage=st.booleans(),
    new=st.booleans(),
    span_seconds=st.sampled_from([3.0, 12.0, 30.0]),
)


@given(SHAPES)
@settings(max_examples=80, deadline=None)
def test_a_correct_history_is_never_blamed(shape: Shape) -> None:
    """Whatever overlaps, is lost on the way, stands in for Redis, or is named as what may be lost."""
    verdict = check(Correct(shape).history)
    assert verdict.broken == (), summary(verdict)


@pytest.mark.parametrize("name", MUTATIONS)
@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_each_mutation_is_found(name: str, seed: int) -> None:
    """A correct history with one thing changed breaks the promise that it is about."""
    promise, mutate = MUTATIONS[name]
    mutated = mutate(Correct(Shape(seed, requests=60)).history, random.Random(seed))
    assume(mutated is not None)
    assert mutated is not None
    verdict = check(mutated)
    assert promise in verdict.broken, summary(verdict)


@given(seed=SEEDS, requests=st.integers(2, 40), browsers=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_the_sweep_says_what_comparing_every_request_with_every_other_says(
    seed: int, requests: int, browsers: int
) -> None:
    """How many bore on P1, P2, P3 and P5, and how many broke them, in histories of any kind."""
    history = anything(seed, requests, browsers)
    verdict, plain = check(history), PlainRules(history.requests, B_SECONDS)
    assert _counts(verdict["P1"]) == plain.durable()
    assert _counts(verdict["P2"]) == plain.own_writes()
    assert _counts(verdict["P3"]) == plain.monotonic()
    assert _counts(verdict["P5"]) == plain.bounded()


@given(seed=SEEDS, requests=st.integers(5, 60), browsers=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_a_proof_proves_by_itself_and_needs_all_that_it_tells(seed: int, requests: int, browsers: int) -> None:
    """Of all requests that are not told one need only know that they were sent some time."""
    history = anything(seed, requests, browsers)
    for finding in check(history).findings:
        for violation in finding.violations[:3]:
            told = [step.request for step in violation.steps]
            assert _proves(history, told, finding.promise), story(violation)
            for step in violation.steps:
                fewer = [each for each in told if each is not step.request]
                assert not _proves(history, fewer, finding.promise), f"{story(violation)} (and not: {step.did})"


def _proves(history: History, told: list[Request], promise: str) -> bool:
    """Whether these break the promise, when all other writes may have happened at any time, or never."""
    numbers = {number for each in told for number in each.wrote.values()}
    others = [each for each in history.requests if each.wrote and not numbers & set(each.wrote.values())]
    doubtful = [change(each, outcome="unknown", started=0.5) for each in others]
    signups = [each for each in history.requests if each.kind == "login"]
    return promise in check(change(history, requests=[*told, *doubtful, *signups])).broken


def _counts(finding: Finding) -> Plain:
    return Plain(finding.bore, finding.broken)
