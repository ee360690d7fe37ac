"""The process in which wires run: `python -m lab.testbed.wiring`, told by lines of JSON, answering each with one.

It ends when nobody is there to tell it anything more. See `lab.testbed.wires`, which starts it.
"""

import asyncio
import contextlib
import resource
import sys

import msgspec

from lab.testbed.fine_loop import fine_loop
from lab.testbed.line import PLAIN, Counts, Line
from lab.testbed.wire import Wire


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be done with these wires. `open` and `point` name what a wire leads to."""

    verb: str
    names: list[str]
    line: Line = PLAIN
    host: str = ""
    port: int = 0


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """`number` is a port, or how many connections were cut."""

    number: int = 0
    counts: dict[str, Counts] = {}
    error: str = ""


async def serve() -> None:
    """Until the last line."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    wires: dict[str, Wire] = {}
    try:
        while line := await lines.readline():
            try:
                told = await _done(msgspec.json.decode(line, type=Order), wires)
            except Exception as error:  # noqa: BLE001 - it is told to who asked
                told = Told(error=repr(error))
            sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
            sys.stdout.buffer.flush()
    finally:
        for wire in wires.values():
            wire.close()


async def _done(order: Order, wires: dict[str, Wire]) -> Told:
    if order.verb == "open":
        wire = wires[order.names[0]] = Wire(order.host, order.port)
        await wire.open()
        return Told(number=wire.port_here)
    named = {name: wires[name] for name in order.names}
    match order.verb:
        case "change":
            for wire in named.values():
                await wire.change(order.line)
        case "cut":
            return Told(number=sum(wire.cut() for wire in named.values()))
        case "point":
            for wire in named.values():
                wire.target = order.host, order.port
        case "counts":
            return Told(counts={name: wire.counts() for name, wire in named.items()})
        case _:
            raise ValueError(f"no order {order.verb!r}")
    return Told()


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=fine_loop) as runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(serve())


if __name__ == "__main__":
    main()
