"""The application under test, inside pytest-tornado's event loop, over real stores."""

import asyncio
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from socket import socket

import boto3
import pytest
from jinja2 import Environment
from outage.store_server import StoreServer, store_servers
from quiet_log import Expects, expects, structured_log
from sites import Site, Starts, open_for_tests, open_site, variables_of
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop
from tornado.web import Application

from deploy.local import RunningStore
from webapp import looks
from webapp.app import make_app
from webapp.receiving import MAX_BODY_BYTES, FrontServer
from webapp.resources import Resources


@pytest.fixture(scope="session", autouse=True)
def no_spare_event_loop() -> None:
    """Without this Tornado's first loop makes another one, to go back to, that nobody would ever close."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Compiling the templates is most of what an application costs to make, and they are the same for every test."""
    compiled: dict[str | None, Environment] = {}

    @functools.wraps(looks.open_templates)
    def open_templates(static_url: Callable[[str], str], media_base_url: str | None) -> Environment:
        if media_base_url not in compiled:
            compiled[media_base_url] = looks.open_templates(static_url, media_base_url)
        return compiled[media_base_url]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.app.open_templates", open_templates)
        yield


@pytest.fixture(scope="session", autouse=True)
def services_described_once() -> Iterator[None]:
    """Reading the description of S3 takes boto3 a tenth of a second, and it is the same for every client."""
    shared = boto3.session.Session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boto3.session.Session", lambda: shared)
        yield


@pytest.fixture
def variables(redis_server: RunningStore, mongodb_server: RunningStore, s3_server: RunningStore) -> dict[str, str]:
    """The environment of a web process in stateless mode."""
    return variables_of(redis_server, mongodb_server, s3_server)


@pytest.fixture
def resources(io_loop: IOLoop, variables: dict[str, str]) -> Iterator[Resources]:
    """What the application under test works with; its stores are prepared and empty."""
    stack = AsyncExitStack()

    async def open_all() -> Resources:
        opened = await stack.enter_async_context(open_for_tests(variables))
        await opened.documents.prepare()
        return opened

    opened = io_loop.run_sync(open_all)
    yield opened
    assert opened.metrics.in_flight == 0
    io_loop.run_sync(stack.aclose)


@pytest.fixture
def bucket(io_loop: IOLoop, resources: Resources) -> None:
    """The bucket of the application under test, only for tests that store something: S3's client is slow to make."""
    io_loop.run_sync(resources.media.prepare)


@pytest.fixture
def app(resources: Resources) -> Application:
    """What pytest-tornado serves."""
    AsyncHTTPClient.configure(None, max_clients=64)
    return make_app(resources)


@pytest.fixture
def http_server(io_loop: IOLoop, app: Application, _unused_port: tuple[socket, int]) -> Iterator[FrontServer]:
    """pytest-tornado's, but of the kind that a web process runs."""
    server = FrontServer(app, max_body_size=MAX_BODY_BYTES)
    server.add_socket(_unused_port[0])
    yield server
    server.stop()
    io_loop.run_sync(server.close_all_connections)


@pytest.fixture
def site(resources: Resources, http_client: AsyncHTTPClient, base_url: str) -> Site:
    """The application under test."""
    return Site(base_url, resources, http_client)


@pytest.fixture
def start(io_loop: IOLoop, variables: dict[str, str], resources: Resources) -> Iterator[Starts]:
    """More instances over the same stores as the application under test's."""
    stack = AsyncExitStack()

    async def start_one(wall_clock: Callable[[], float] = time.time, **more: str) -> Site:
        return await stack.enter_async_context(open_site({**variables, **more}, wall_clock))

    yield start_one
    io_loop.run_sync(stack.aclose)


@pytest.fixture(scope="session")
def outage_servers(
    tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]
) -> Iterator[dict[str, StoreServer]]:
    """Backing services that a test may stop, with nothing in them that another test relies on."""
    with store_servers(tmp_path_factory.mktemp("outage"), clean_environ) as running:
        yield running


__all__ = ["Expects", "expects", "structured_log"]
