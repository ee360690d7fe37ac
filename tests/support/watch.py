"""Watches all that happens in a browser: what goes wrong anywhere on the way is a fault, seen by a person or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# The browser itself gives up what it was still fetching for a page that is left.
LEFT_THE_PAGE = "net::ERR_ABORTED"


class Watch:
    """`faults`: console errors and warnings (violations of the content security policy among them), uncaught errors of
    scripts, requests that failed, and answers that are errors unless the test expects them."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        self._expected: int | None = None
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    @contextmanager
    def expecting(self, status: int) -> Iterator[None]:
        """Inside, answers of this status are no fault."""
        self._expected = status
        try:
            yield
        finally:
            self._expected = None

    def _console(self, message: ConsoleMessage) -> None:
        told_of_status = "the server responded with a status of" in message.text
        if message.type in ("error", "warning") and not (told_of_status and self._expected):
            self.faults.append(f"console {message.type}: {message.text}")

    def _script(self, error: WebError) -> None:
        self.faults.append(f"uncaught: {error.error}")

    def _failed(self, request: Request) -> None:
        if request.failure != LEFT_THE_PAGE:
            self.faults.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self._expected:
            self.faults.append(f"status {response.status}: {response.request.method} {response.url}")
