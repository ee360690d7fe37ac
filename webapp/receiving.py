"""An HTTP server that knows what is still being sent to it: a process that leaves has to wait for that as well.

An answer may come before its request's end, which refuses a large body early. The rest is then taken in and dropped
for a while: closing at once resets the connection, and the answer could be lost on its way (RFC 9112, 9.6).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine

MAX_BODY_BYTES = 12 << 20
LINGER_SECONDS = 5.0


class FrontServer(HTTPServer):
    """Knows how many requests are being received: their bodies may take long, most handlers hear of them at the end."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self.receiving = 0

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        answering = _Answering(request_conn)
        return _Received(self, super().start_request(server_conn, answering), answering)


class _Answering(HTTPConnection):
    """The connection as the handler sees it. Its last word waits for the request's end, if that is worth it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.context = connection.context
        self.lingers = False
        self.may_linger = False
        self.answered_early: Callable[[], None] = lambda: None
        self._timer: asyncio.TimerHandle | None = None

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        self._connection.set_close_callback(callback)

    def write_headers(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> Any:
        return self._connection.write_headers(start_line, headers, chunk)

    def write(self, chunk: bytes) -> Any:
        return self._connection.write(chunk)

    def finish(self) -> None:
        if not self.may_linger:
            self._connection.finish()
            return
        self.lingers = True
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LINGER_SECONDS, self._connection.finish)
        loop.call_soon(self.answered_early)

    def stop_lingering(self) -> None:
        """The request is over."""
        if self._timer is not None:
            self._timer.cancel()

    def finish_now(self) -> None:
        """The request is over, and the connection may be used again."""
        self.stop_lingering()
        self._connection.finish()


class _Received(HTTPMessageDelegate):
    """One request on its way in, from its headers to its end."""

    def __init__(self, server: FrontServer, inner: HTTPMessageDelegate, answering: _Answering) -> None:
        self._server = server
        self._inner = inner
        self._answering = answering
        self._counted = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._counted = True
        self._server.receiving += 1
        self._answering.answered_early = self._inner.on_connection_close  # the rest is none of its business
        # Who waits to be told to go on has sent nothing yet, and what is announced as too long is never read.
        self._answering.may_linger = "Expect" not in headers and 0 < announced_bytes(headers) <= MAX_BODY_BYTES
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._answering.lingers:
            return None
        self._answering.may_linger = True
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._answering.may_linger = False
        if self._answering.lingers:
            self._answering.finish_now()
        else:
            self._inner.finish()
        self._is_over()

    def on_connection_close(self) -> None:
        self._answering.stop_lingering()
        if not self._answering.lingers:
            self._inner.on_connection_close()
        self._is_over()

    def _is_over(self) -> None:
        if self._counted:
            self._counted = False
            self._server.receiving -= 1


def announced_bytes(headers: HTTPHeaders) -> int:
    """How long a body is said to be: the most there may be where that is not said, more where it makes no sense."""
    given = headers.get("Content-Length")
    if given is None:
        return MAX_BODY_BYTES if "Transfer-Encoding" in headers else 0
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else MAX_BODY_BYTES + 1
