"""The admin port of an application under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sites import Site
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from webapp.handlers.internal import internal_routes


@asynccontextmanager
async def admin(site: Site) -> AsyncIterator[str]:
    """The address of the site's admin port."""
    listening, port = bind_unused_port()
    server = HTTPServer(Application(internal_routes(site.resources)))
    server.add_socket(listening)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        await server.close_all_connections()
