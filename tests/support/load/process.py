"""The load as a process of its own: `python -m load.process`, told by lines of JSON, answering with lines of JSON.

The first line says what is wanted; the answer comes when the users exist. Then `start`, `records` (those since the
last time), and `finish`, which ends it. It ends too when nobody is there to tell it anything more.
"""

import asyncio
import sys

import msgspec
from load.crowd import Crowd, Wanted
from load.records import Record, Violation
from load.user import UserState


class Told(msgspec.Struct, frozen=True):
    """One answer."""

    records: list[Record] = []
    violations: list[Violation] = []
    lateness: list[tuple[float, float]] = []
    states: list[UserState] = []
    unasked: list[str] = []
    error: str = ""


async def serve() -> None:
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    crowd = Crowd(msgspec.json.decode(await lines.readline(), type=Wanted))
    try:
        await crowd.gather()
    except Exception as error:
        _tell(Told(error=repr(error)))
        raise
    _tell(Told(states=[user.state for user in crowd.users]))
    while line := await lines.readline():
        match line.strip():
            case b"start":
                crowd.start()
                _tell(Told())
            case b"records":
                _tell(_taken(crowd))
            case b"finish":
                await crowd.stop()
                unasked = await crowd.final_check()
                told = _taken(crowd)
                states = [user.state for user in crowd.users]
                _tell(Told(told.records, crowd.notes.violations, crowd.notes.lateness, states, unasked))
                return


def _taken(crowd: Crowd) -> Told:
    records, crowd.notes.records = crowd.notes.records, []
    return Told(records=records)


def _tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(serve())
