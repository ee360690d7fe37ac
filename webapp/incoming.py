"""A request's body while it comes in: a multipart form, a picture, or anything else as a whole. The only file that
knows `multipart`.

Nothing is kept longer or larger than it has to be: a text field up to FIELD_BYTES, a file up to a picture's limit, and
of a file that is refused nothing any more. What is wrong is told as soon as it is known, as InvalidInput.
"""

import io
from collections.abc import Callable
from typing import Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from tornado.httputil import HTTPFile

from webapp.errors import InvalidInput
from webapp.forms import refuse_strange_names
from webapp.pictures import SAMPLE_BYTES, PictureRefused, refuse_early

FIELD_BYTES = 16 << 10
MOST_PARTS = 16
HEADER_BYTES = 4 << 10
MOST_HEADERS = 8
UNREADABLE = "This is not a form we can read."


class Incoming(Protocol):
    """A body that comes in."""

    def take(self, chunk: bytes) -> None:
        """Some more of it. Raises InvalidInput, and is of no use then."""

    def end(self) -> None:
        """That was all. Raises InvalidInput."""


class WholeBody:
    """A body that is kept as it comes. `look` sees its beginning and its size so far, and may raise InvalidInput."""

    def __init__(self, look: Callable[[bytes, int], None] = lambda sample, size: None) -> None:
        self._look = look
        self._held = io.BytesIO()

    def take(self, chunk: bytes) -> None:
        size = self._held.tell() + len(chunk)
        if size >= SAMPLE_BYTES:
            self._look(bytes(self._held.getbuffer()[:SAMPLE_BYTES]) + chunk[:SAMPLE_BYTES], size)
        self._held.write(chunk)

    def end(self) -> None:
        """Nothing can be missing."""

    @property
    def content(self) -> bytes:
        """What has come."""
        return self._held.getvalue()


def look_at_picture(field: str) -> Callable[[bytes, int], None]:
    """Refuses what cannot become a picture of this field, from its beginning and its size so far."""

    def look(sample: bytes, size: int) -> None:
        try:
            refuse_early(sample, size)
        except PictureRefused as refused:
            raise InvalidInput({field: str(refused)}) from None

    return look


class FormBody:
    """A multipart form (RFC 7578); a file may come under the name `file_field`, anything else has to be text.

    A patient one takes in the other fields even where the file is refused, so that they can be shown again; it raises
    at the end.
    """

    def __init__(self, content_type: str, file_field: str, *, patient: bool) -> None:
        self.fields: dict[str, list[bytes]] = {}
        self.files: dict[str, list[HTTPFile]] = {}
        self._file_field = file_field
        self._patient = patient
        self._fault: InvalidInput | None = None
        self._segment: MultipartSegment | None = None
        self._part: WholeBody | None = None
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        try:
            self._parser = PushMultipartParser(
                boundary,
                max_header_size=HEADER_BYTES,
                max_header_count=MOST_HEADERS,
                max_segment_count=MOST_PARTS,
            )
        except MultipartError:
            raise _unreadable() from None

    def take(self, chunk: bytes) -> None:
        try:
            for event in self._parser.parse(chunk):
                if event is None:
                    self._end_part()
                elif isinstance(event, MultipartSegment):
                    self._begin_part(event)
                else:
                    self._fill_part(event)
        except MultipartError:
            raise _unreadable() from None

    def end(self) -> None:
        try:
            self._parser.close()
        except MultipartError:
            raise _unreadable() from None
        if self._fault is not None:
            raise self._fault

    def _begin_part(self, segment: MultipartSegment) -> None:
        if not segment.name:
            raise _unreadable()
        self._segment = segment
        self._part = WholeBody(_look_at_text(segment.name))
        if segment.filename is None:
            return
        self._part = WholeBody(look_at_picture(segment.name))
        if segment.name != self._file_field:
            refuse_strange_names([segment.name], [segment.name])
            self._refuse(InvalidInput({segment.name: "Send text here, not a file."}))
        elif segment.name in self.files:
            self._refuse(InvalidInput({segment.name: "Send one file."}))

    def _fill_part(self, chunk: bytes) -> None:
        if self._part is None:
            return
        try:
            self._part.take(chunk)
        except InvalidInput as fault:
            self._refuse(fault)

    def _end_part(self) -> None:
        if self._part is None or self._segment is None:
            return
        name, file_name, content = self._segment.name, self._segment.filename, self._part.content
        self._part = None
        if file_name is None:
            self.fields.setdefault(name, []).append(content)
        elif file_name or content:  # neither: a form's file that was not chosen
            kept = HTTPFile(filename=file_name, body=content, content_type=self._segment.content_type or "")
            self.files.setdefault(name, []).append(kept)

    def _refuse(self, fault: InvalidInput) -> None:
        self._part = None
        if not self._patient:
            raise fault
        # Another one: the first one's traceback holds on to what had come of the file.
        self._fault = self._fault or InvalidInput(fault.faults, fault.status)


def _look_at_text(field: str) -> Callable[[bytes, int], None]:
    def look(sample: bytes, size: int) -> None:
        if size > FIELD_BYTES:
            refuse_strange_names([field], [field])
            raise InvalidInput({field: "This is too long."})

    return look


def _unreadable() -> InvalidInput:
    return InvalidInput({"body": UNREADABLE}, status=400)
