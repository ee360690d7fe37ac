"""Pictures on their way in: what is sent, what is kept of it, and where."""

from webapp.album import keep_picture
from webapp.documents.cards import Photo
from webapp.errors import InvalidInput
from webapp.handlers.writing import Writer
from webapp.pictures import Picture, PictureRefused, process, process_avatar
from webapp.resources import Resources


class PictureWriter(Writer):
    """What uploads share."""

    def uploaded(self, field: str) -> bytes | None:
        """The bytes of a file in a multipart form; None if none was chosen. Raises InvalidInput for text instead."""
        if any(self.request.body_arguments.get(field, [])):
            raise InvalidInput({field: "Send a file."})
        files = self.request.files.get(field, [])
        return files[0].body if files else None


class Upload:
    """A picture on its way: first `process`, then `store`. `field`: what it was sent as, a `photo` or an `avatar`."""

    def __init__(self, resources: Resources, person_id: str, data: bytes, field: str) -> None:
        self._resources = resources
        self._person_id = person_id
        self._data = data
        self._field = field
        self._picture: Picture | None = None

    async def process(self) -> None:
        """Checks and re-encodes it, off the event loop. Raises InvalidInput saying what is wrong with it."""
        work = process_avatar if self._field == "avatar" else process
        try:
            self._picture = await self._resources.studio.run(lambda: work(self._data))
        except PictureRefused as refused:
            raise InvalidInput({self._field: str(refused)}) from None

    async def store(self) -> Photo:
        """Keeps in S3 what was made of it."""
        if self._picture is None:
            raise RuntimeError("a picture is processed before it is stored")
        media, pictures = self._resources.media, self._resources.documents.pictures
        key = await keep_picture(media, pictures, self._person_id, self._picture)
        return key, self._picture.width, self._picture.height
