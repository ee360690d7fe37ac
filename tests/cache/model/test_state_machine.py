"""Random operations, faults and steps of time against what the promises say."""

import logging
from collections.abc import Iterator

import pytest
from cache_model.machine import CacheMachine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from redis_servers import RedisServer, unix_server

from deploy.local import Programs

FAST = settings(
    max_examples=300,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis behind a unix socket, where what was sent is there at once."""
    with unix_server(programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis")) as running:
        yield running


def test_the_promises_are_kept_whatever_happens(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A few hundred stories of two processes, two users, four browsers and one Redis."""
    caplog.set_level(logging.ERROR, "cache")
    run_state_machine_as_test(lambda: CacheMachine(server.url), settings=FAST)
