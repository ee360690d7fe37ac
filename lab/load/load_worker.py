"""The process that makes a load: `python -m lab.load.load_worker`, told what to do by `lab.load.load_process`.

SIGINT and SIGTERM stop the load and nothing else: what was measured is still to be told. The end of the input ends it.
"""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from lab.errors import LabError
from lab.load.driver import Load
from lab.load.load_process import Order, Told, Wanted, usable_cores
from lab.load.recording import Recording

MOST_LINE_BYTES: Final = 1 << 20


class _Worker:
    """Does one order after the other."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._load: Load | None = None
        self._doing: asyncio.Task[Told] | None = None
        self._interrupted = False

    def interrupt(self) -> None:
        self._interrupted = True
        if self._load is not None:
            self._load.cut_off("It was interrupted.")
        elif self._doing is not None:
            self._doing.cancel()

    async def obey(self, order: Order) -> Told:
        """Never raises for what was foreseen."""
        self._doing = asyncio.create_task(self._do(order))
        try:
            return await self._doing
        except LabError as error:
            return Told(error=type(error).__name__, parts=error.parts)
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            return Told(error="LabError", parts=("It was interrupted before anything was measured.",))

    async def close(self) -> None:
        await self._stack.aclose()

    async def _do(self, order: Order) -> Told:
        if order.do == "enter" and order.wanted is not None:
            self._load = await self._enter(order.wanted)
            return Told()
        load = self._load
        if load is None:
            raise LabError(f"There is no load yet that could {order.do}.")
        match order.do:
            case "start":
                load.start(phase=order.phase, rung=order.rung, seed=order.seed, rate=order.rate)
            case "mark":
                load.mark(order.phase, order.rung)
            case "disturbed" if order.disturbance is not None:
                load.recording.disturbed(order.disturbance)
            case "stop":
                await load.stop()
            case "leave":
                await load.stop()
                return Told(run=load.so_far())
            case "so_far":
                return Told(run=load.so_far())
            case _:
                raise LabError(f"A load cannot {order.do!r}.")
        return Told()

    async def _enter(self, wanted: Wanted) -> Load:
        if wanted.core is not None:
            if wanted.core not in usable_cores():
                cores = ", ".join(map(str, usable_cores()))
                raise LabError(f"The load cannot run on core {wanted.core}; there are {cores}.")
            os.sched_setaffinity(0, {wanted.core})
        file = Path(wanted.history) if wanted.history else None
        recording = Recording(mode=wanted.mode, bound_seconds=wanted.bound_seconds, file=file, most=0)
        self._stack.enter_context(recording)
        load = Load(
            wanted.workload,
            wanted.url,
            seed=wanted.seed,
            rate=wanted.rate,
            recording=recording,
            most_in_flight=wanted.most_in_flight,
            most_visits=wanted.most_visits,
            patience_seconds=wanted.patience_seconds,
            give_up_seconds=wanted.give_up_seconds,
            name=wanted.name,
        )
        return await self._stack.enter_async_context(load)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MOST_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    worker = _Worker()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.interrupt)
    try:
        while line := await reader.readline():
            order = msgspec.json.decode(line, type=Order)
            told = msgspec.structs.replace(await worker.obey(order), number=order.number)
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
            sys.stdout.buffer.flush()
    finally:
        await worker.close()


if __name__ == "__main__":
    uvloop.run(_serve())
