"""Each report is made by one process at a time, by another one if that dies, and becomes done once."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from collection import collect, stored
from quiet_log import Expects
from sites import Site

from webapp.documents import Claimant
from webapp.errors import BackendUnavailable
from webapp.exporting import GIVE_UP_SECONDS, Exports
from webapp.server import beside

ONE, ANOTHER = Claimant("worker-1", "one"), Claimant("worker-2", "another")
LONG_AGO = 1e9

pytestmark = [pytest.mark.gen_test(timeout=30), pytest.mark.usefixtures("bucket")]


def successor() -> Claimant:
    """Another process of the first worker, which has just begun."""
    return Claimant("worker-1", "successor")


@dataclass
class Asked:
    """A report that is waiting, and the site it was asked for on."""

    site: Site
    person_id: str
    id: str

    async def claim(self, claimant: Claimant) -> bool:
        return await self.site.resources.documents.reports.claim(self.id, self.person_id, claimant) is not None

    async def export(self, claimant: Claimant = ONE) -> bool:
        return await Exports(self.site.resources, claimant).export(self.person_id, self.id)

    async def change(self, **fields: Any) -> None:
        await self.site.resources.documents.store.update("reports", self.id, {"$set": fields})

    async def state(self) -> str:
        return (await self.site.resources.documents.reports.one(self.id, self.person_id)).state

    async def becomes(self, state: str) -> None:
        while True:
            if await self.state() == state:
                return

    async def objects(self) -> tuple[list[str], int]:
        return await stored(self.site.resources.media, "exports/")


async def until(predicate: Callable[[], bool]) -> None:
    """Returns once it is so; the test's own time is the limit."""
    for _ in itertools.count():
        if predicate():
            return
        await asyncio.sleep(0)


Ask = Callable[[], Awaitable[Asked]]


@pytest.fixture
def ask(site: Site) -> Ask:
    async def one() -> Asked:
        ada = await site.join()
        person_id, report = (await ada.me())["id"], (await ada.browser.post("/api/v1/reports")).json
        return Asked(site, person_id, report["id"])

    return one


async def test_of_many_that_come_at_once_one_may(ask: Ask) -> None:
    """Whoever they are."""
    report = await ask()
    claimants = [Claimant(f"worker-{n}", f"process {n}") for n in range(20)]
    assert sum(await asyncio.gather(*map(report.claim, claimants))) == 1


async def test_a_claim_ends_with_its_time_or_with_a_successor(ask: Ask) -> None:
    """The same worker's next process need not wait; nor has it a claim against itself."""
    report = await ask()
    assert await report.claim(ONE)
    assert not await report.claim(ANOTHER)
    assert not await report.claim(ONE)
    assert await report.claim(successor())
    await report.change(claimed_until=LONG_AGO)
    assert await report.claim(ANOTHER)


async def test_two_workers_of_the_same_name_do_not_take_from_each_other_for_ever(ask: Ask) -> None:
    """What is held on to since the other one began stays."""
    report = await ask()
    twin = Claimant("worker-1", "twin")
    assert await report.claim(ONE)
    assert not await report.claim(twin)


async def test_whoever_lost_its_claim_changes_nothing(ask: Ask, expects: Expects, monkeypatch: Any) -> None:
    """A process taken for dead that goes on: its archive is dropped, and the other one's counts."""
    expects("export taken over")
    report = await ask()
    media = report.site.resources.media
    put = media.put

    async def overtaken(key: str, data: bytes, media_type: str) -> None:
        monkeypatch.undo()
        assert await report.export(successor())
        await put(key, data, media_type)

    monkeypatch.setattr(media, "put", overtaken)
    assert not await report.export(ONE)
    done = await report.site.resources.documents.reports.one(report.id, report.person_id)
    assert done.state == "done"
    assert await report.objects() == ([done.key], 0)


async def test_one_that_notices_stops(ask: Ask, expects: Expects, monkeypatch: Any) -> None:
    """With its next sign of progress, before the archive is whole; no parts are left."""
    expects("export taken over")
    report = await ask()
    resources = report.site.resources
    await collect(resources.documents, resources.media, report.person_id, cards=4, pictures=4, picture_bytes=5 << 20)
    monkeypatch.setattr("webapp.exporting.PROGRESS_SECONDS", 0)
    chunks = resources.media.chunks

    def overtaken(key: str, size: int) -> Any:
        monkeypatch.setattr(resources.media, "chunks", chunks)
        resources.media.claimed = asyncio.ensure_future(report.claim(successor()))  # type: ignore[attr-defined]
        return chunks(key, size)

    monkeypatch.setattr(resources.media, "chunks", overtaken)
    assert not await report.export(ONE)
    assert await report.state() == "running"
    assert await report.objects() == ([], 0)


async def test_what_an_earlier_attempt_left_is_cleared_away(ask: Ask) -> None:
    """One archive each."""
    report = await ask()
    await report.claim(ONE)
    await report.site.resources.media.put(f"exports/{report.person_id}/{report.id}/dead.zip", b"x", "application/zip")
    assert await report.export(successor())
    [key], unfinished = await report.objects()
    assert ("dead" in key, unfinished) == (False, 0)


async def test_an_outage_puts_an_export_off(ask: Ask, expects: Expects, monkeypatch: Any) -> None:
    """It waits again, and is made once it is over."""
    expects("export put off")
    report = await ask()

    async def away(*anything: object) -> None:
        raise BackendUnavailable("s3", "away")

    monkeypatch.setattr(report.site.resources.media, "put", away)
    with pytest.raises(BackendUnavailable):
        await report.export()
    assert await report.state() == "queued"
    monkeypatch.undo()
    assert not await report.export(), "not at once"
    await report.change(claimed_until=LONG_AGO)
    assert await report.export()


async def test_an_export_that_cannot_be_made_for_a_day_is_given_up(
    ask: Ask, expects: Expects, monkeypatch: Any
) -> None:
    """And says so."""
    expects("export put off")
    expects("export given up")
    report = await ask()

    async def away(*anything: object) -> None:
        raise BackendUnavailable("s3", "away")

    monkeypatch.setattr(report.site.resources.media, "put", away)
    [found] = await report.site.resources.documents.store.find("reports", {"_id": report.id}, 1)
    await report.change(created=found["created"] - GIVE_UP_SECONDS)
    with pytest.raises(BackendUnavailable):
        await report.export()
    assert await report.state() == "failed"


async def test_a_worker_that_leaves_hands_over_what_it_has_begun(ask: Ask, monkeypatch: Any) -> None:
    """At once; the next one does not wait for the claim's end."""
    report = await ask()
    began, media = asyncio.Event(), report.site.resources.media
    put = media.put

    async def slow(*anything: Any) -> None:
        began.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(media, "put", slow)
    making = asyncio.create_task(report.export())
    await began.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    monkeypatch.setattr(media, "put", put)
    assert await report.state() == "queued"
    assert await report.export(ANOTHER)


async def test_a_worker_finds_what_the_queue_has_lost(ask: Ask) -> None:
    """Asked for a while ago, made by nobody."""
    report = await ask()
    await report.change(created=LONG_AGO)
    async with beside(Exports(report.site.resources, ONE).keep_looking(), "looking"):
        await report.becomes("done")


async def test_one_that_cannot_be_made_is_in_nobodys_way(ask: Ask, expects: Expects) -> None:
    """The worker goes on with the next."""
    expects("export failed")
    broken, whole = await ask(), await ask()
    await broken.change(created=LONG_AGO, user="nobody")
    await whole.change(created=LONG_AGO + 1)
    async with beside(Exports(whole.site.resources, ONE).keep_looking(), "looking"):
        await whole.becomes("done")
    broken.person_id = "nobody"
    assert await broken.state() == "failed"


async def test_how_long_the_oldest_has_waited_is_shown(ask: Ask) -> None:
    """Until nobody waits any more."""
    report = await ask()
    await report.change(created=LONG_AGO)
    exports = Exports(report.site.resources, ONE)
    await exports.settle(0)
    async with beside(exports.keep_looking(), "looking"):
        await until(lambda: report.site.counted("hotseat_queue_age_seconds") > 1000)
        await report.change(state="failed")
        await until(lambda: report.site.counted("hotseat_queue_age_seconds") == 0)


async def test_a_worker_that_leaves_begins_nothing(ask: Ask) -> None:
    """What comes then is left to others."""
    report = await ask()
    exports = Exports(report.site.resources, ONE)
    await exports.settle(1)
    assert not await exports.export(report.person_id, report.id)
    assert await report.state() == "queued"
