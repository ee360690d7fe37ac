"""Pictures: taking one in, and handing one out under an address that never changes its content."""

from webapp.errors import InvalidInput
from webapp.handlers.base import Base, Failure
from webapp.handlers.visitor import Visited
from webapp.pictures import MEDIA_TYPE, Picture, PictureRefused, process, process_avatar

YEAR_SECONDS = 365 * 86400


class PictureWriter(Visited):
    """What uploads share."""

    def uploaded(self, field: str) -> bytes | None:
        """The bytes of a file in a multipart form; None if none was chosen. Raises InvalidInput for text instead."""
        if any(self.request.body_arguments.get(field, [])):
            raise InvalidInput({field: "Send a file."})
        files = self.request.files.get(field, [])
        return files[0].body if files else None

    async def processed(self, data: bytes, field: str) -> Picture:
        """A picture checked and re-encoded, off the event loop. Raises InvalidInput saying what is wrong with it."""
        work = process_avatar if field == "avatar" else process
        try:
            return await self.resources.studio.run(lambda: work(data))
        except PictureRefused as refused:
            raise InvalidInput({field: str(refused)}) from None

    async def store(self, person_id: str, picture: Picture) -> str:
        """Keeps a picture in S3 under its owner and its content; its key."""
        key = f"{person_id}/{picture.sha256}"
        await self.resources.media.put(key, picture.data, picture.media_type)
        return key


class PictureHandler(Base):
    """`GET /media/<user>/<sha256>`: public, immutable, without a session."""

    async def get(self, key: str) -> None:
        self.set_header("Cache-Control", f"public, max-age={YEAR_SECONDS}, immutable")
        self.set_header("Content-Type", MEDIA_TYPE)
        self.set_header("ETag", f'"{key.rpartition("/")[2]}"')
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.finish(await self.resources.media.get(key))

    def compute_etag(self) -> None:
        """Set by hand: the address names the content."""

    def write_failure(self, failure: Failure) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(failure.detail)
