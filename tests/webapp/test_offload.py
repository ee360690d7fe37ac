"""Blocking work in a few threads: bounded whatever becomes of those who asked for it."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from coming import comes_true

from webapp.errors import Overloaded
from webapp.offload import Offload

pytestmark = pytest.mark.asyncio


@pytest.fixture
def one_thread() -> Iterator[Offload]:
    offload = Offload("test", at_once=1, most_waiting=3)
    yield offload
    offload.close()


async def test_a_thread_is_taken_as_long_as_its_work_runs(one_thread: Offload) -> None:
    """Whoever asked may have left long ago; nothing else begins before."""
    ended, began = threading.Event(), threading.Event()
    asking = asyncio.ensure_future(one_thread.run(ended.wait))
    next_one = asyncio.ensure_future(one_thread.run(began.set))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert not began.is_set()
    ended.set()
    await next_one
    assert began.is_set()


async def test_those_who_wait_can_be_given_up(one_thread: Offload) -> None:
    """They fail as soon as a thread would be theirs; who comes later is served."""
    ended = threading.Event()
    running = asyncio.ensure_future(one_thread.run(ended.wait))
    waiting = [asyncio.ensure_future(one_thread.run(lambda: "too late")) for _ in range(2)]
    await asyncio.sleep(0)
    one_thread.give_up()
    ended.set()
    assert await running
    assert [type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)] == [TimeoutError] * 2
    assert await one_thread.run(lambda: "served") == "served"


async def test_too_many_are_refused_at_once(one_thread: Offload) -> None:
    """Running and waiting together are bounded."""
    ended = threading.Event()
    asked = [asyncio.ensure_future(one_thread.run(ended.wait)) for _ in range(3)]
    await comes_true(lambda: one_thread._waiting == 3)
    with pytest.raises(Overloaded):
        await one_thread.run(ended.wait)
    ended.set()
    assert await asyncio.gather(*asked) == [True] * 3
