"""The end of a story: whatever was held up is let go, all quiets down, and everything has to be in order again."""

from typing import Any

import msgspec
from cache_model.operations import Operations
from cache_model.world import BARRIER_SECONDS, World, card_in

from cache.codec import Envelope

STEP_SECONDS = 2.5
MOST_STEPS = 13  # after half a minute a Redis that could not be tracked is tried again


def comes_to_rest(world: World, operations: Operations) -> None:
    """Raises Violation unless all heals, no copy differs from Redis, and everybody reads the truth, hot."""
    for process in world.processes:
        process.way.open()
    _let_all_go(world)
    world.turn(BARRIER_SECONDS + 1, smoothly=False)
    for _ in range(MOST_STEPS):
        world.turn(STEP_SECONDS, smoothly=True)
        _let_all_go(world)  # some get to their gate only now
        if world.trusted and not world.operations:
            break
    world.promises_kept()
    for operation in world.operations:
        world.promises.broken("rest", f"{operation.what} never ends")
    for process in world.processes:
        if process.cache.backlog:
            world.promises.broken("rest", f"{process.cache.backlog} calls wait in process {process.number}")
        if world.trusts and not process.trusted:
            world.promises.broken("rest", f"process {process.number} is not trusted again: {process.cache.state()}")
    _copies_are_right(world)
    world.promises_kept()
    _everybody_reads_the_truth(world, operations)
    _copies_are_right(world)
    world.promises_kept()


def _let_all_go(world: World) -> None:
    for _ in range(100):
        world.run()
        if not len(world.gates):
            break
        world.gates.let_go(0)
    world.poll()


def _copies_are_right(world: World) -> None:
    """No copy of a process that trusts its copies differs from what Redis holds."""
    for process in world.processes:
        if not process.trusted:
            continue
        for key, entry in process.cache.hot.hottest():
            there = _stamp_in_redis(world, key)
            if there != entry.stamp and world.loop.now < entry.expires_at:
                world.promises.broken("P5", f"at rest process {process.number} holds {entry}, and Redis {there!r}")


def _stamp_in_redis(world: World, key: str) -> Any:
    if key.startswith("session"):
        return world.raw("HGET", key, "version")
    [stored] = world.raw.many(("GET", key))
    try:
        return msgspec.msgpack.decode(stored, type=Envelope).stamp if isinstance(stored, bytes) else None
    except msgspec.MsgspecError:  # garbage that somebody wrote
        return None


def _everybody_reads_the_truth(world: World, operations: Operations) -> None:
    for browser in world.browsers:
        for process in world.processes:
            read = operations.read(process, browser, pause="", fails=False, stale=False)
            world.start(process, f"{browser.name} reads at rest", read, must_succeed=True)
            world.run()
            world.poll()
            [reply] = world.raw.many(("GET", process.boards.key(browser.user)))
            stored = card_in(reply, browser.user)
            if browser.user not in world.promises.excused and (
                stored is None or stored.seq != world.truth.seq(browser.user)
            ):
                world.promises.broken("rest", f"Redis holds {stored}, the truth is {world.truth.seq(browser.user)}")
