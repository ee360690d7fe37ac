"""Jobs that come round: each time once, whichever worker does it."""

import asyncio
from typing import Any

import pytest
from collection import stored
from quiet_log import Expects
from sites import Site

from webapp.documents import Claimant
from webapp.exporting import Exports
from webapp.forgetting import KEPT_SECONDS, forget_reports
from webapp.registry import JOBS, Job
from webapp.scheduling import do_if_due, keep_schedule
from webapp.server import beside

EVERY_SECONDS = 3600.0

pytestmark = pytest.mark.gen_test(timeout=30)


class Counted:
    """A job that counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0
        self.failing = False
        self.job = Job("forget-reports", "Counts.", self.run, every_seconds=EVERY_SECONDS)

    async def run(self, resources: object) -> str:
        self.times += 1
        if self.failing:
            raise ZeroDivisionError
        return "counted"


async def make_due(site: Site) -> None:
    """As if its time had passed."""
    await site.resources.documents.store.update("schedule", "forget-reports", {"$set": {"due": 0.0}})


async def test_a_job_is_done_when_it_is_due_and_not_before(site: Site) -> None:
    """By one of many workers that look at the same moment."""
    counted, resources = Counted(), site.resources

    async def look() -> bool:
        return await do_if_due(resources, counted.job, EVERY_SECONDS)

    assert sum(await asyncio.gather(*(look() for _ in range(10)))) == 1
    assert not await look()
    await make_due(site)
    assert sum(await asyncio.gather(*(look() for _ in range(10)))) == 1
    assert counted.times == 2
    assert site.counted("hotseat_jobs_total", job="forget-reports", result="ok") == 2


async def test_a_job_that_fails_is_tried_again_later(site: Site, expects: Expects) -> None:
    """Not at once; the schedule goes on."""
    expects("job failed")
    counted = Counted()
    counted.failing = True
    assert not await do_if_due(site.resources, counted.job, EVERY_SECONDS)
    assert not await do_if_due(site.resources, counted.job, EVERY_SECONDS)
    assert counted.times == 1
    assert site.counted("hotseat_jobs_total", job="forget-reports", result="error") == 1
    counted.failing = False
    await make_due(site)
    assert await do_if_due(site.resources, counted.job, EVERY_SECONDS)


async def test_the_worker_keeps_the_schedule(site: Site) -> None:
    """Of the jobs that come round, and of no other."""
    done = asyncio.Event()

    async def run(resources: Any) -> str:
        done.set()
        return "done"

    jobs = [JOBS["export"], Job("forget-reports", "Once.", run, every_seconds=EVERY_SECONDS)]
    async with beside(keep_schedule(site.resources, jobs), "schedule"):
        await done.wait()


@pytest.mark.usefixtures("bucket")
async def test_exports_are_forgotten_after_a_week(site: Site) -> None:
    """Report and archive, and what a dead worker left of others; those that are younger stay."""
    ada, resources = await site.join(), site.resources
    person_id = (await ada.me())["id"]
    exports = Exports(resources, Claimant("worker-1", "a-process"))
    old, young = [(await ada.browser.post("/api/v1/reports")).json["id"] for _ in range(2)]
    for report_id in (old, young):
        await exports.export(person_id, report_id)
    [found] = await resources.documents.store.find("reports", {"_id": old}, 1)
    await resources.documents.store.update("reports", old, {"$set": {"created": found["created"] - KEPT_SECONDS}})
    await resources.media.put(f"exports/{person_id}/{old}/dead.zip", b"x", "application/zip")
    assert await forget_reports(resources) == "1 forgotten"
    assert (await ada.browser.get(f"/api/v1/reports/{old}")).status == 404
    kept = await resources.documents.reports.one(young, person_id)
    assert await stored(resources.media, "exports/") == ([kept.key], 0)
    assert await forget_reports(resources) == "0 forgotten"
