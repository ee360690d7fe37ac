"""The wires between the parts of a site. They run in a process of their own, since what asks the site is busy itself.

with open_wires() as wires:
    port = wires.open("web-1-redis", "127.0.0.1", 6379)
    wires.change(["web-1-redis"], Line.both(Way(latency_seconds=0.25e-3)))

The process ends when the block is left, and when this one ends, however that is.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from lab.errors import LabError, WiresGone
from lab.testbed.line import PLAIN, Counts, Line
from lab.testbed.wiring import Order, Told

END_SECONDS = 5.0


class Wires:
    """Wires by name. Calls return when it is done; they may come from several threads. Raises WiresGone."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._asking = threading.Lock()
        self._ports: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """In the order they were opened."""
        return list(self._ports)

    def port(self, name: str) -> int:
        """Where it is found on the loopback. Raises KeyError for one that was not opened."""
        return self._ports[name]

    def open(self, name: str, host: str, port: int) -> int:
        """A new wire to there, which may not listen yet. Returns the port of the loopback at which it is found."""
        self._ports[name] = self._ask(Order("open", [name], host=host, port=port)).number
        return self._ports[name]

    def change(self, names: Iterable[str], line: Line) -> None:
        """They are so from now on. Connections that lost bytes are reset when bytes pass again."""
        self._ask(Order("change", list(names), line))

    def make_plain(self) -> None:
        """Nothing but wires, all of them."""
        self.change(self.names, PLAIN)

    def cut(self, names: Iterable[str]) -> int:
        """Resets all connections through these; returns how many. New ones are taken."""
        return self._ask(Order("cut", list(names))).number

    def point(self, names: Iterable[str], host: str, port: int) -> None:
        """Where connections lead that are made from now on."""
        self._ask(Order("point", list(names), host=host, port=port))

    def counts(self) -> dict[str, Counts]:
        """What each has done so far."""
        return self._ask(Order("counts", self.names)).counts

    def _ask(self, order: Order) -> Told:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        if pipe_in is None or pipe_out is None:
            raise WiresGone
        with self._asking:
            try:
                pipe_in.write(msgspec.json.encode(order) + b"\n")
                pipe_in.flush()
                line = pipe_out.readline()
            except (OSError, ValueError) as error:
                raise WiresGone(str(error)) from error
        if not line:
            raise WiresGone
        told = msgspec.json.decode(line, type=Told)
        if told.error:
            raise LabError(f"The wires could not {order.verb} {', '.join(order.names)}: {told.error}")
        return told


@contextmanager
def open_wires() -> Iterator[Wires]:
    """A process without any wire yet."""
    # In a session of its own: Ctrl-C is for who uses the wires, and they are needed until the site is down.
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.testbed.wiring"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Wires(process)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # something is left in it that nobody takes any more
                    pipe.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
