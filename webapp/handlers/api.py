"""The JSON side: the same application under `/api/v1`, for scripts and for our own pages' little JavaScript.

A browser's write from another site is refused by its `Origin` or `Sec-Fetch-Site`; a client that sends neither is a
script and carries its own cookie. Errors are `application/problem+json` (RFC 9457).
"""

from typing import Any, TypeVar

import msgspec
from tornado.web import HTTPError

from webapp.answers import FieldFault, Problem
from webapp.forms import from_json
from webapp.handlers.base import Failure, reason_of
from webapp.handlers.visitor import Visitor
from webapp.handlers.writing import Writer

T = TypeVar("T", bound=msgspec.Struct)

SAFE = ("GET", "HEAD", "OPTIONS")


class Api(Writer):
    """A handler that answers with JSON."""

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method not in SAFE:
            self._refuse_other_sites()

    def check_xsrf_cookie(self) -> None:
        """The API relies on `Origin` and `Sec-Fetch-Site` instead of a form's token."""

    async def insist(self, *, board: bool = False) -> Visitor:
        """The person logged in. Raises HTTPError 401 for anybody else."""
        visitor = await self.visitor(board=board)
        if visitor is None:
            raise HTTPError(401, "Log in first.")
        return visitor

    def body(self, kind: type[T]) -> T:
        """The body as a struct. Raises InvalidInput."""
        return from_json(self.request.body, kind)

    def answer(self, value: Any, status: int = 200) -> None:
        """Sends a struct (or nothing) and finishes."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(value))

    def answer_nothing(self) -> None:
        """Says that it is done."""
        self.set_status(204)
        self.finish()

    def write_failure(self, failure: Failure) -> None:
        problem = Problem(
            title=reason_of(failure.status),
            status=failure.status,
            detail=failure.detail,
            request_id=self.request_id,
            errors=[FieldFault(field, detail) for field, detail in failure.faults.items()],
        )
        self.set_header("Content-Type", "application/problem+json")
        self.finish(msgspec.json.encode(problem))

    def _refuse_other_sites(self) -> None:
        headers = self.request.headers
        site = headers.get("Sec-Fetch-Site")
        if site is not None and site not in ("same-origin", "none"):
            raise HTTPError(403, "This came from another site.")
        origin = headers.get("Origin")
        if origin is not None and not self._own(origin):
            raise HTTPError(403, "This came from another site.")

    def _own(self, origin: str) -> bool:
        public = self.resources.settings.public_origin
        return origin == public if public else origin.partition("://")[2] == self.request.host


class NoSuchApi(Api):
    """Everything under `/api/` that is not there."""

    async def prepare(self) -> None:
        await super().prepare()
        raise HTTPError(404, "There is nothing here.")
