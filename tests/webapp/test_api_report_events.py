"""How an export goes on, as a stream of events."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from events import ACCEPTED, Events, events
from member import plain_client
from quiet_log import Expects
from sites import Member, Site, Starts

from webapp.documents import Claimant
from webapp.errors import BackendUnavailable
from webapp.exporting import Exports
from webapp.life import Phase
from webapp.streams import MOST_OF_A_PERSON, MOST_OPEN

WORKER = Claimant("worker-1", "a-process")

pytestmark = [pytest.mark.gen_test(timeout=30), pytest.mark.usefixtures("bucket")]


@dataclass
class Following:
    """Somebody who has asked for an export and follows it."""

    site: Site
    member: Member
    person_id: str
    id: str

    @property
    def path(self) -> str:
        return f"/api/v1/reports/{self.id}/events"

    @asynccontextmanager
    async def stream(self, last_id: str = "") -> AsyncIterator[Events]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.member.browser.cookies.items())
        async with plain_client(self.site.url) as client, events(client, self.path, last_id, Cookie=cookies) as stream:
            yield stream

    async def change(self, **fields: Any) -> None:
        await self.site.resources.documents.store.update("reports", self.id, {"$set": fields})

    async def export(self) -> None:
        await Exports(self.site.resources, WORKER).export(self.person_id, self.id)


@pytest.fixture
def follow(site: Site) -> Callable[..., Any]:
    async def one(at: Site | None = None) -> Following:
        there = at or site
        ada = await there.join()
        report = (await ada.browser.post("/api/v1/reports")).json
        return Following(there, ada, (await ada.me())["id"], report["id"])

    return one


async def test_an_export_is_followed_to_its_end(follow: Callable[..., Any]) -> None:
    """What it is now, each change of it, and its link; then the stream ends, and is not to be opened again."""
    report = await follow()
    async with report.stream() as stream:
        assert stream.response.headers["Content-Type"] == ACCEPTED
        assert stream.response.headers["Cache-Control"] == "no-store"
        first = await stream.next()
        assert (first["id"], first["state"], first["progress"]) == (report.id, "queued", 0)
        await report.change(state="running", progress=40)
        assert (await stream.next())["progress"] == 40
        await stream.silence()
        await report.change(state="queued")
        await report.export()
        while (event := await stream.next())["state"] != "done":
            pass
        assert event["url"] is not None
        assert await stream.next() is None
    async with report.stream(stream.last_id) as again:
        assert again.response.status_code == 204


async def test_whoever_comes_back_is_told_what_is_new(follow: Callable[..., Any]) -> None:
    """Not what it knows."""
    report = await follow()
    await report.change(state="running", progress=40)
    async with report.stream() as stream:
        assert (await stream.next())["progress"] == 40
    async with report.stream(stream.last_id) as stream:
        await stream.silence()
        await report.change(progress=60)
        assert (await stream.next())["progress"] == 60


async def test_whoever_accepts_no_stream_gets_one_event(follow: Callable[..., Any]) -> None:
    """The proxy would not wait for more either."""
    report = await follow()
    answer = await report.member.browser.get(report.path)
    assert (answer.status, answer.media_type, answer.text.count("data: ")) == (200, ACCEPTED, 1)


async def test_nobody_follows_somebody_elses_export(follow: Callable[..., Any]) -> None:
    """Nor does a stranger."""
    report, other = await follow(), await follow()
    assert (await other.member.browser.get(report.path, headers={"Accept": ACCEPTED})).status == 404
    assert (await report.site.browser().get(report.path, headers={"Accept": ACCEPTED})).status == 401


@pytest.mark.parametrize("sticky", ["off", "on"])
async def test_a_stream_ends_with_its_session(follow: Callable[..., Any], start: Starts, sticky: str) -> None:
    """Revoked elsewhere, it is over with the next look; nothing more is told."""
    report = await follow(await start(STICKY_MODE=sticky))
    async with report.stream() as stream:
        await stream.next()
        assert (await report.member.browser.post("/api/v1/logout")).status == 204
        await report.change(state="running", progress=40)
        assert await stream.next() is None


async def test_a_person_has_a_few_streams_and_a_process_some(follow: Callable[..., Any], expects: Expects) -> None:
    """Beyond that one asks; a stream that was left makes room."""
    expects("overloaded")
    report = await follow()
    async with AsyncExitStack() as streams:
        for _ in range(MOST_OF_A_PERSON):
            await (await streams.enter_async_context(report.stream())).next()
        answer = await report.member.browser.get(report.path, headers={"Accept": ACCEPTED})
        assert (answer.status, "streams" in answer.faults, answer.headers["Retry-After"]) == (429, True, "5")
    while len(report.site.resources.streams):
        await report.member.browser.get("/api/v1/visits")
    async with report.stream() as stream:
        assert await stream.next() is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("webapp.streams.MOST_OPEN", 1)
            patch.setattr("webapp.streams.MOST_OF_A_PERSON", MOST_OPEN)
            async with report.stream() as refused:
                assert (refused.response.status_code, refused.response.headers["Retry-After"]) == (503, "2")


async def test_a_stream_ends_at_once_when_its_process_leaves(follow: Callable[..., Any], start: Starts) -> None:
    """It tells the browser to come back soon; whoever comes meanwhile is sent elsewhere with one event."""
    site = await start(STICKY_MODE="on")
    report = await follow(site)
    async with report.stream() as stream:
        await stream.next()
        site.resources.life.enter(Phase.DRAINING)
        assert await stream.next() is None
        assert stream.retry_ms == 100
    while site.resources.metrics.in_flight:
        await report.member.browser.get("/api/v1/visits")
    answer = await report.member.browser.get(report.path, headers={"Accept": ACCEPTED})
    assert (answer.status, answer.text.count("data: "), "retry: 100" in answer.text) == (200, 1, True)
    assert answer.set_cookies["SRV"].value.startswith("drain.")


async def test_an_open_stream_keeps_nobody_from_being_moved(follow: Callable[..., Any], start: Starts) -> None:
    """Its headers are out, so it takes no cookie back."""
    site = await start(STICKY_MODE="on")
    report = await follow(site)
    tag = report.member.browser.cookies["session"].partition(".")[0]
    async with report.stream() as stream:
        await stream.next()
        assert site.resources.held.under_way(tag) == 0
        assert site.resources.metrics.in_flight == 1


async def test_an_outage_ends_the_stream(follow: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Politely: the browser comes back by itself."""
    report = await follow()

    async def away(*anything: object) -> None:
        raise BackendUnavailable("mongodb", "away")

    async with report.stream() as stream:
        await stream.next()
        monkeypatch.setattr(report.site.resources.documents.reports, "one", away)
        assert await stream.next() is None
        assert stream.retry_ms == 500
