"""Taking in bodies that may be large, while they come: refused as early as can be known, bounded while they are held.

Who sends it is asked before a body is read, and nothing is done before it has been read: a form's token comes in it.
"""

import contextlib
import sys
from collections.abc import Callable

from tornado.httputil import HTTPInputError, parse_body_arguments
from tornado.web import HTTPError, stream_request_body

from webapp.errors import InvalidInput
from webapp.handlers.pictures import PictureWriter
from webapp.handlers.visitor import Visitor
from webapp.incoming import FormBody, Incoming, WholeBody
from webapp.receiving import MAX_BODY_BYTES, announced_bytes

TOO_LONG = f"This is more than {MAX_BODY_BYTES >> 20} MiB."
URL_ENCODED = "application/x-www-form-urlencoded"


@stream_request_body
class Uploading(PictureWriter):
    """A handler whose writes may carry a picture. Derive from it before Page or Api; its methods begin with `received`.

    `file_field`: what the picture is called. `patient`: a form of which the picture is refused is read to its end, to
    be shown again with what was typed.
    """

    file_field = "photo"
    patient = False
    _sender: Visitor | None = None
    _incoming: Incoming | None = None
    _give_back: Callable[[], None] | None = None

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method not in ("POST", "PUT"):
            return
        size = announced_bytes(self.request.headers)
        if size > MAX_BODY_BYTES:
            raise InvalidInput({"body": TOO_LONG}, status=413)
        self._sender = await self.insist()
        self._give_back = self.resources.uploads.take(self._sender.person.id, size)
        self._incoming = self.body_to_come()

    def body_to_come(self) -> Incoming:
        """How the body is taken in. Raises InvalidInput for one that cannot be."""
        content_type = self.request.headers.get("Content-Type", "")
        if content_type.lower().startswith("multipart/form-data"):
            return FormBody(content_type, self.file_field, patient=self.patient)
        return WholeBody()

    def data_received(self, chunk: bytes) -> None:
        if self._incoming is None:
            return
        try:
            self._incoming.take(chunk)
        except InvalidInput as refused:
            self.send_error(refused.status, exc_info=sys.exc_info())

    async def received(self) -> Visitor:
        """Who sent this; from now on `request` holds what they sent.

        Raises InvalidInput, with the fields of a form in place, and HTTPError 403 for a form that is not ours.
        """
        if self._sender is None or self._incoming is None:
            raise HTTPError(405)
        try:
            self._incoming.end()
        finally:
            self._put_in_place(self._incoming)
            self._incoming = None
            super().check_xsrf_cookie()
        return self._sender

    def check_xsrf_cookie(self) -> None:
        """The token has not come yet: `received` looks at it."""

    def on_finish(self) -> None:
        super().on_finish()
        self._let_go()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._incoming is not None:  # what has come whole is still worked on, and held
            self._let_go()

    def _let_go(self) -> None:
        self._incoming = None
        if self._give_back is not None:
            self._give_back()

    def _put_in_place(self, incoming: Incoming) -> None:
        if isinstance(incoming, FormBody):
            self.request.body_arguments.update(incoming.fields)
            self.request.files.update(incoming.files)
        elif isinstance(incoming, WholeBody):
            self.request.body = incoming.content
            if self.request.headers.get("Content-Type", "").startswith(URL_ENCODED):
                with contextlib.suppress(HTTPInputError):
                    parse_body_arguments(URL_ENCODED, self.request.body, self.request.body_arguments, {})
