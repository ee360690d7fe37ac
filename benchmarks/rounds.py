"""Timing several things in turn: A B C A B C ... What else the machine does then falls on all of them alike."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

import uvloop

LOOPS: Final = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Contender:
    """`run(calls)` makes so many calls. `ready` is awaited before each turn, untimed."""

    run: Callable[[int], Awaitable[None]]
    calls: int
    ready: Callable[[], Awaitable[object]] | None = None


async def in_turn(contenders: Mapping[str, Contender], rounds: int) -> dict[str, float]:
    """Seconds per call of each: the median of its turns, after one that does not count."""
    turns: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, contender in contenders.items():
            if contender.ready is not None:
                await contender.ready()
            began = time.perf_counter()
            await contender.run(contender.calls)
            turns[name].append((time.perf_counter() - began) / contender.calls)
    return {name: median(seconds[1:]) for name, seconds in turns.items()}
