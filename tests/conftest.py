"""What tests of all packages share: real servers, whole stacks, and the one way to wait.

Servers are private to the test run, on free ports, and are started through `deploy.local` like those of any stack.
Whatever ends the run, Ctrl-C and SIGTERM included, ends them too.
"""

import atexit
import itertools
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TypeVar

import pytest
from figures import Figures, figures_of, show_figures
from fleet import running

from deploy.local import Programs, RunningStore, Stack, single_store
from deploy.local.settings import BASE_PORTS, EXTERNAL, PORTS

T = TypeVar("T")
Eventually = Callable[..., None]

# Whoever runs the tests may have a stack of their own configured in this shell.
_NOT_FOR_TESTS = {
    *EXTERNAL.values(),
    *PORTS,
    *BASE_PORTS,
    "WEB_INSTANCES",
    "GRAFANA_HOME",
    "SCRAPE_SECONDS",
    "WEB_SLOTS",
    "STICKY_MODE",
    "HOT_CACHE",
    "BOARD_STRATEGY",
    "SECRET_KEYS",
    "AFFINITY_KEY",
    "PUBLIC_ORIGIN",
    "HOTSEAT_RUN_DIR",
    "HOTSEAT_STACK",
}


def pytest_configure() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    # A shell's background job is started deaf to Ctrl-C, and what the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    show_figures(terminalreporter, config)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """`figures("3 of 3")` notes what a test found; it is shown at the end of the run."""
    return figures_of(request)


@pytest.fixture(scope="session")
def clean_environ() -> dict[str, str]:
    """The environment without anything that configures a stack, and without a Grafana that may be installed here."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_FOR_TESTS} | {"GRAFANA": "off"}


@pytest.fixture(scope="session")
def programs(clean_environ: dict[str, str]) -> Programs:
    """`programs.need("haproxy")["haproxy"]` is the path of a program, fetched if it is missing."""
    return Programs.of(clean_environ)


@pytest.fixture(scope="session")
def chromium(programs: Programs) -> Path:
    """The browser, for Playwright: `launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])`."""
    libraries = programs.browser_libraries()
    if libraries:  # for Playwright's driver, which inherits this process's environment
        paths = [str(libraries), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(paths)
    return programs.need("chromium")["chromium"]


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """`eventually(predicate, deadline_seconds)` asks until the answer is true, and fails after the deadline."""

    def wait(predicate: Callable[[], object], deadline_seconds: float = 5.0, every_seconds: float = 0.02) -> None:
        deadline = time.monotonic() + deadline_seconds
        while not predicate():
            if time.monotonic() > deadline:
                pytest.fail(f"not so within {deadline_seconds} s: {predicate}")
            time.sleep(every_seconds)

    return wait


@pytest.fixture(scope="session")
def stack_off(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[Stack]:
    """A whole stack in stateless mode, for all tests of the run."""
    with _surely(_stack(tmp_path_factory.mktemp("off"), {**clean_environ, "STICKY_MODE": "off"})) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack_on(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[Stack]:
    """A whole stack in sticky mode, for all tests of the run."""
    with _surely(_stack(tmp_path_factory.mktemp("on"), {**clean_environ, "STICKY_MODE": "on"})) as stack:
        yield stack


@contextmanager
def _surely(manager: AbstractContextManager[T]) -> Iterator[T]:
    """`with manager`, left when this Python ends at the latest.

    A KeyboardInterrupt in an asyncio test can come up again while its event loop is closed, and pytest then leaves out
    every teardown behind that one.
    """
    with ExitStack() as closing:
        atexit.register(closing.close)
        yield closing.enter_context(manager)


@contextmanager
def _stack(run_dir: Path, environ: dict[str, str]) -> Iterator[Stack]:
    # No web process can write a file in any of these tests.
    with running(Stack(run_dir, {**environ, "HTTP_PORT": "0", "HOTSEAT_WEB_FSIZE": "0"})) as stack:
        yield stack


@pytest.fixture(scope="session")
def _redis(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[RunningStore]:
    with _surely(single_store("redis", tmp_path_factory.mktemp("redis"), clean_environ)) as store:
        yield store


@pytest.fixture
def redis_server(_redis: RunningStore) -> RunningStore:
    """A private redis-server, empty. Its `url` and `pid` are for the test to use; `variables` for an application."""
    host, port = _redis.url.removeprefix("redis://").split("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(100) == b"+OK\r\n"
    return _redis


@pytest.fixture(scope="session")
def _mongodb(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[RunningStore]:
    with _surely(single_store("mongodb", tmp_path_factory.mktemp("mongodb"), clean_environ)) as store:
        yield store


_serial = itertools.count(1)


@pytest.fixture
def mongodb_server(_mongodb: RunningStore) -> RunningStore:
    """A private MongoDB wire server; the `url` names a database of this test's own."""
    url = f"{_mongodb.url.rsplit('/', 1)[0]}/test_{next(_serial)}"
    return replace(_mongodb, url=url, variables={**_mongodb.variables, "MONGODB_URL": url})


@pytest.fixture(scope="session")
def _s3(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[RunningStore]:
    with _surely(single_store("s3", tmp_path_factory.mktemp("s3"), clean_environ)) as store:
        yield store


@pytest.fixture
def s3_server(_s3: RunningStore) -> RunningStore:
    """A private S3 server; `variables` hold its keys and the name of a bucket of this test's own (not yet made)."""
    return replace(_s3, variables={**_s3.variables, "S3_BUCKET": f"test-{next(_serial)}"})
