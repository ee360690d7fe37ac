"""Whether a backing service is there: one line per change, no flapping, and its return seen without a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from coming import comes_true
from door import door_to
from quiet_log import Expects
from sites import Site, Starts

from webapp.errors import BackendUnavailable
from webapp.presence import Busy, Presence

BACKENDS = ("redis", "mongodb", "s3")
VARIABLE = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
ASKING = {"redis": "/api/v1/visits", "mongodb": "/people", "s3": "/media/" + "0" * 16 + "/" + "0" * 64}

RECOVERS_WITHIN_SECONDS = 3.0


class Service:
    """Answers probes, or not."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.probes = 0

    async def probe(self) -> None:
        self.probes += 1
        if not (self.answers.pop(0) if self.answers else True):
            raise BackendUnavailable("s3", "no answer")


@asynccontextmanager
async def watched(service: Service) -> AsyncIterator[Presence]:
    presence = Presence("s3", service.probe, pause_seconds=0.0)
    yield presence
    await presence.close()


async def settled(presence: Presence) -> None:
    """Returns once there is no doubt."""
    await comes_true(lambda: presence._settling is None)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "webapp.presence"]


@pytest.mark.asyncio
async def test_a_call_that_fails_while_the_service_is_there_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """One slow call is no outage, nor is one probe that fails."""
    caplog.set_level("INFO")
    for service in (Service(), Service(False, True)):
        async with watched(service) as presence:
            presence.doubt()
            await settled(presence)
            assert (presence.away, lines(caplog)) == (False, [])


@pytest.mark.asyncio
async def test_a_service_goes_away_once_and_comes_back_once(caplog: pytest.LogCaptureFixture, expects: Expects) -> None:
    """However many calls fail meanwhile, and though a single probe is answered in between."""
    expects("unavailable")
    caplog.set_level("INFO")
    service = Service(*[False] * 5, True, *[False] * 5)
    async with watched(service) as presence:
        for _ in range(100):
            presence.doubt()
            await asyncio.sleep(0)
        await settled(presence)
        assert (presence.away, service.answers) == (False, [])
        assert lines(caplog) == ["unavailable", "available again"]


@pytest.mark.asyncio
async def test_a_service_that_is_closed_is_not_looked_for() -> None:
    """Nothing runs on after a process has closed what it opened."""
    service = Service(False)
    async with watched(service) as presence:
        pass
    presence.doubt()
    await asyncio.sleep(0)
    assert service.probes == 0


def test_too_much_at_once_is_told_once_until_it_was_quiet(caplog: pytest.LogCaptureFixture, expects: Expects) -> None:
    """Ten seconds without a refusal."""
    expects("overloaded")
    moments = iter([0.0, 1.0, 10.5, 20.0, 30.0])
    busy = Busy(clock=lambda: next(moments))
    for _ in range(5):
        busy.refused("requests")
    assert lines(caplog) == ["overloaded", "overloaded"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("how", ["gone", "black hole"])
@pytest.mark.gen_test(timeout=30)
async def test_an_outage_is_shown_and_told_once_and_so_is_its_end(
    *,
    start: Starts,
    variables: dict[str, str],
    expects: Expects,
    caplog: pytest.LogCaptureFixture,
    backend: str,
    how: str,
) -> None:
    """By a gauge and a line each, with many requests meanwhile; nobody restarts or asks anything afterwards."""
    expects("unavailable")
    caplog.set_level("INFO")
    async with door_to(variables[VARIABLE[backend]]) as door:
        site = await start(**{VARIABLE[backend]: door.url})
        assert away(site) == []
        if how == "gone":
            await door.shut()
        else:
            door.stall()
        async with asyncio.timeout(10):
            while away(site) != [backend]:
                await asyncio.gather(*(site.browser().get(ASKING[backend]) for _ in range(3)))
        await door.shut()
        await door.open()
        await comes_true(lambda: not away(site), RECOVERS_WITHIN_SECONDS)
        told = [(record.msg, vars(record)["backend"]) for record in caplog.records if record.name == "webapp.presence"]
        assert told == [("unavailable", backend), ("available again", backend)]


def away(site: Site) -> list[str]:
    """The backing services that are shown as away."""
    return [backend for backend in BACKENDS if site.counted("hotseat_outage_state", backend=backend)]
