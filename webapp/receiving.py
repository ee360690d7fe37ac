"""An HTTP server that knows what is still being sent to it: a process that leaves has to wait for that as well."""

from collections.abc import Awaitable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine


class FrontServer(HTTPServer):
    """Knows how many requests are being received: their bodies may take long, and handlers hear of them at the end."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self.receiving = 0

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return _Received(self, super().start_request(server_conn, request_conn))


class _Received(HTTPMessageDelegate):
    """One request on its way in, from its headers to its end."""

    def __init__(self, server: FrontServer, inner: HTTPMessageDelegate) -> None:
        self._server = server
        self._inner = inner
        self._counted = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._counted = True
        self._server.receiving += 1
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        self._inner.finish()
        self._is_over()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()
        self._is_over()

    def _is_over(self) -> None:
        if self._counted:
            self._counted = False
            self._server.receiving -= 1
