"""Random operations, faults and steps of time against what the promises say."""

import logging
from collections.abc import Iterator

import pytest
from cache_model.machine import CacheMachine
from cache_model.promises import Violation
from cache_model.seeded_bugs import BUGS, Plant
from hypothesis import HealthCheck, Phase, settings
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

# No shortening of the story: whether there is one is all that is asked.
FOUND = settings(FAST, max_examples=1500, phases=[Phase.generate], print_blob=False)
LONG = settings(FAST, max_examples=20_000, stateful_step_count=50, derandomize=False)


@pytest.fixture(scope="module")
def server(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis behind a unix socket, where what was sent is there at once."""
    with unix_server(programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis")) as running:
        yield running


def test_the_promises_are_kept_whatever_happens(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A few hundred stories of two processes, two users, four browsers and one Redis."""
    caplog.set_level(logging.ERROR, "cache")
    run_state_machine_as_test(lambda: CacheMachine(server.url), settings=FAST)


def test_the_naive_cache_is_found_out(server: RedisServer) -> None:
    """The control of the machine: what breaks its promises is seen to break them."""
    with pytest.raises(Violation, match=r"^P"):
        run_state_machine_as_test(lambda: CacheMachine(server.url, naive_seconds=30), settings=FOUND)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_cache_without_one_of_its_rules_is_found_out(
    server: RedisServer, bug: Plant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Within 1,500 stories, always the same ones."""
    caplog.set_level(logging.ERROR, "cache")
    bug(monkeypatch)
    with pytest.raises(Violation, match=r"^P"):
        run_state_machine_as_test(lambda: CacheMachine(server.url), settings=FOUND)


@pytest.mark.soak
def test_the_promises_are_kept_for_long(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Twenty thousand longer stories, others each time."""
    caplog.set_level(logging.ERROR, "cache")
    run_state_machine_as_test(lambda: CacheMachine(server.url), settings=LONG)
