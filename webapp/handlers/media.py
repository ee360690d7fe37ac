"""`/media/...`: handing out pictures under addresses that never change their content, whole or in part."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from webapp.album import SMALL
from webapp.errors import NotFound
from webapp.handlers.base import Base, Failure
from webapp.pictures import MEDIA_TYPE
from webapp.ranges import Unsatisfiable, part_of

T = TypeVar("T")

YEAR_SECONDS = 365 * 86400


class PictureHandler(Base):
    """`GET` and `HEAD /media/<user>/<sha256>`: public, immutable, without a session."""

    async def head(self, key: str) -> None:
        if not self._is_known(key):
            self.set_header("Content-Length", str(await self._of(key, self.resources.media.size)))
            self.finish()

    async def get(self, key: str) -> None:
        if self._is_known(key):
            return
        wanted = self.request.headers.get("Range")
        if wanted is None or self.request.headers.get("If-Range", self._etag) != self._etag:
            self.finish(await self._of(key, self.resources.media.get))
        else:
            await self._send_part(key, wanted)

    def compute_etag(self) -> None:
        """Set by hand: the address names the content."""

    def write_failure(self, failure: Failure) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(failure.detail)

    def _is_known(self, key: str) -> bool:
        """Says what is always the same, and no more than that to whoever has it already."""
        self._etag = f'"{key.rpartition("/")[2]}"'
        self.set_header("Cache-Control", f"public, max-age={YEAR_SECONDS}, immutable")
        self.set_header("Content-Type", MEDIA_TYPE)
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", self._etag)
        if not self.check_etag_header():
            return False
        self.set_status(304)
        self.finish()
        return True

    async def _send_part(self, key: str, wanted: str) -> None:
        media = self.resources.media
        size = await self._of(key, media.size)
        try:
            part = part_of(wanted, size)
        except Unsatisfiable:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{size}")
            self.set_header("Cache-Control", "no-store")
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.finish("There is no such part.")
            return
        if part is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {part.first}-{part.last}/{size}")
        self.finish(await self._of(key, lambda key: media.get(key, part)))

    async def _of(self, key: str, read: Callable[[str], Awaitable[T]]) -> T:
        """What is stored under a key; for a small one that was never made, what is stored of the picture itself."""
        try:
            return await read(key)
        except NotFound:
            if not key.endswith(SMALL):
                raise
            return await read(key.removesuffix(SMALL))
