"""Exports are made one after the other under people who read and write: what they notice of it."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from collection import collect
from events import events
from load.driver import Load
from load.evidence import Evidence
from load.sizes import Size, whole_only
from member import Member

from deploy.local import Stack
from webapp.resources import open_resources
from webapp.settings import from_mapping

WORKER = "worker-1"
NICENESS = 10
PEOPLE = 4
PICTURES = 20
PICTURE_BYTES = 2 << 20
BUSY_SECONDS = 15.0

pytestmark = pytest.mark.stack


@whole_only
def test_people_hardly_notice_a_busy_worker(stack: Stack, load_on: Callable, size: Size, evidence: Evidence) -> None:
    """No request fails, and the worker stands back: it has a lower priority. Times are shown beside those before."""
    with load_on(stack, users=size.users, rate=size.rate) as load:
        load.lasting("before", size.calm_seconds)
        made = asyncio.run(_export(stack, load))
        load.lasting("after", size.calm_seconds)
        seen = load.finish()
    evidence.phases(seen)
    before, during = seen.during("before"), seen.during("exports")
    evidence.note(
        exports=made,
        p50_ratio=round(during.percentile_ms(0.5) / before.percentile_ms(0.5), 2),
        p99_ratio=round(during.percentile_ms(0.99) / before.percentile_ms(0.99), 2),
    )
    assert made >= PEOPLE
    assert os.getpriority(os.PRIO_PROCESS, stack.pid(WORKER)) == NICENESS
    assert not seen.failed, seen.first_faults()
    assert not seen.violations, seen.first_faults()


async def _export(stack: Stack, load: Load) -> int:
    """People with many pictures ask for their data, again as soon as they have it; how many archives were made."""
    async with (
        open_resources(from_mapping(stack.environ_of("web-1")), serves=False) as stores,
        AsyncExitStack() as closing,
    ):
        people = [await closing.enter_async_context(Member(stack.url)) for _ in range(PEOPLE)]
        for each in people:
            await each.sign_up()
            person_id = (await each.done("GET", "/api/v1/me"))["id"]
            await collect(
                stores.documents,
                stores.media,
                person_id,
                cards=PICTURES,
                pictures=PICTURES,
                picture_bytes=PICTURE_BYTES,
            )
        with load.phase("exports"):
            until = time.monotonic() + BUSY_SECONDS
            return sum(await asyncio.gather(*(_export_until(each, until) for each in people)))


async def _export_until(person: Member, until: float) -> int:
    made = 0
    while time.monotonic() < until:
        report = await person.done("POST", "/api/v1/reports")
        async with events(person.client, f"/api/v1/reports/{report['id']}/events") as stream:
            while (await stream.next())["state"] != "done":
                pass
        made += 1
    return made
