"""A zip that is sent on while it is written, so that memory holds no file of it as a whole.

Sizes and checksums stand behind each file (zip's data descriptors), as a stream cannot go back. The directory, which is
the zip's end, is kept until then: half a kilobyte for each file.
"""

import time
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Write = Callable[[bytes], Awaitable[None]]

DEFLATE, AS_IT_IS = 6, 0


class Archive:
    """Takes one file after the other. `send` is given the zip's bytes; all files are dated `made` (epoch seconds)."""

    def __init__(self, send: Write, made: float) -> None:
        self._send = send
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_DEFLATED)
        self._made = time.gmtime(made)[:6]

    def __contains__(self, name: str) -> bool:
        """Whether a file of this name is in it."""
        return name in self._zip.NameToInfo

    @asynccontextmanager
    async def file(self, name: str, level: int = DEFLATE) -> AsyncIterator[Write]:
        """A new file, given what is in it bit by bit; AS_IT_IS is for what cannot be made smaller."""
        info = zipfile.ZipInfo(name, self._made)
        # Deflated even if by nothing: a stored file whose size comes behind it cannot be read as a stream.
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = level  # type: ignore[attr-defined]  # it has a public name from Python 3.13 on
        with self._zip.open(info, "w") as member:

            async def write(data: bytes) -> None:
                member.write(data)
                await self._send(self._outlet.take())

            yield write
        await self._send(self._outlet.take())

    async def close(self) -> None:
        """Writes the directory. Without it the archive is none."""
        self._zip.close()
        await self._send(self._outlet.take())


class _Outlet:
    """What zipfile writes to: it can neither be sought nor told from."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: `take` is what empties it."""

    def close(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """What was written since."""
        taken = bytes(self._held)
        self._held.clear()
        return taken
