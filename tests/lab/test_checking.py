"""A check leaves everything as it was."""

import gc
from collections.abc import Iterator

import pytest
from checked.many import many_requests

from lab.checker import check


@pytest.fixture
def _collecting() -> Iterator[None]:
    """The collector runs before and after."""
    gc.enable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_collecting")
@pytest.mark.parametrize("runs", [True, False])
def test_the_collector_rests_and_is_as_it_was_before(monkeypatch: pytest.MonkeyPatch, runs: bool) -> None:
    """After an error too."""
    seen = []

    def looked(*_: object) -> None:
        seen.append(gc.isenabled())
        raise RuntimeError

    monkeypatch.setattr("lab.checker.checking.check_isolated", looked)
    if not runs:
        gc.disable()
    with pytest.raises(RuntimeError):
        check(many_requests(1, 5))
    assert (seen, gc.isenabled()) == ([False], runs)


def test_nothing_is_left_that_only_the_collector_would_find() -> None:
    """So it may rest however large a history is."""
    history = many_requests(3, 200)
    gc.collect()
    verdict = check(history)
    assert gc.collect() == 0
    assert verdict.requests == 600
