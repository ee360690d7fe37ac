"""Pictures on their way in: what is sent, what is kept of it, and where."""

from webapp.album import keep_picture
from webapp.errors import InvalidInput
from webapp.handlers.writing import Writer
from webapp.pictures import Picture, PictureRefused, process, process_avatar


class PictureWriter(Writer):
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
        """Keeps a picture in S3; its key."""
        media, pictures = self.resources.media, self.resources.documents.pictures
        return await keep_picture(media, pictures, person_id, picture)
