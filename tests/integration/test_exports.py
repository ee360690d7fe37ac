"""Exports while their worker is killed (`kill -9`) again and again: none is lost, none is made twice, each is right."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from collection import Collection, collect, read_archive, stored
from events import events
from figures import Figures
from fleet import FRESH_SECONDS, end_suddenly, web_names
from member import Member, NewMember
from resident import peak_bytes, reset_peak

from deploy.local import Stack
from webapp.resources import Resources

WORKER = "worker-1"
PICTURE_BYTES = 3 << 20
LARGE_MB = 5
MOST_MB = 100  # a few parts of 8 MiB, and what a process imports for its first export

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


Size = tuple[int, int]
"""How many exports, how many kills."""


@dataclass
class Person:
    """Somebody, and what they have put in."""

    member: Member
    id: str
    put_in: Collection


@dataclass
class Asked:
    """An export somebody asked for."""

    person: Person
    report_id: str


Crowd = Callable[[int], Awaitable[list[Person]]]
"""`await crowd(3)` is as many people with cards and pictures."""


@pytest.fixture
def stack(stack_off: Stack) -> Stack:
    """In one mode only: the worker knows none."""
    stack_off.wait_ready(WORKER, FRESH_SECONDS)
    return stack_off


@pytest.fixture
def crowd(stores: Resources, new_member: NewMember) -> Crowd:
    async def one() -> Person:
        member = await new_member()
        person_id = (await member.done("GET", "/api/v1/me"))["id"]
        put_in = await collect(
            stores.documents, stores.media, person_id, cards=30, pictures=4, picture_bytes=PICTURE_BYTES
        )
        return Person(member, person_id, put_in)

    async def several(number: int) -> list[Person]:
        return [await one() for _ in range(number)]

    return several


@pytest.mark.parametrize("size", [(10, 3), pytest.param((50, 20), marks=[pytest.mark.chaos, pytest.mark.timeout(900)])])
async def test_exports_outlive_their_worker(
    stack: Stack, stores: Resources, crowd: Crowd, figures: Figures, size: Size
) -> None:
    """The worker dies in the middle of one after the other; each person gets one archive, with everything in it."""
    exports, kills = size
    people = await crowd(exports)
    began = time.monotonic()
    waiting = await asyncio.gather(*map(_ask, people))
    dead: set[str] = set()
    for _ in range(kills):
        dead.add(await _process_at_work(stores, waiting, dead))
        end_suddenly(stack, WORKER)
    attempts = 0
    for asked in waiting:
        attempts += await _is_right(stores, asked)
    figures(f"{exports} exports, {kills} kills, {attempts} attempts, done in {time.monotonic() - began:.1f} s")


@pytest.mark.parametrize("size_mb", [150, pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
async def test_memory_is_bounded(
    stack: Stack, stores: Resources, new_member: NewMember, figures: Figures, size_mb: int
) -> None:
    """Of the worker that makes a large archive, and of the web processes that tell of it."""
    member = await new_member()
    person_id = (await member.done("GET", "/api/v1/me"))["id"]
    pictures = size_mb // LARGE_MB
    await collect(
        stores.documents, stores.media, person_id, cards=pictures, pictures=pictures, picture_bytes=LARGE_MB << 20
    )
    for name in (WORKER, *web_names(stack)):
        reset_peak(stack.pid(name))
    before = {name: peak_bytes(stack.pid(name)) for name in (WORKER, *web_names(stack))}
    report = await member.done("POST", "/api/v1/reports")
    async with events(member.client, f"/api/v1/reports/{report['id']}/events") as stream:
        while (event := await stream.next())["state"] != "done":
            pass
    assert event["progress"] == 100
    grown_mb = {name: (peak_bytes(stack.pid(name)) - was) >> 20 for name, was in before.items()}
    key = (await stores.documents.reports.one(report["id"], person_id)).key
    assert key is not None
    assert await _bytes_of(stores, key) > size_mb << 20
    figures(f"an archive of {size_mb} MB: peak memory grew by MB: {grown_mb}")
    assert max(grown_mb.values()) < MOST_MB


async def _bytes_of(stores: Resources, key: str) -> int:
    head = await stores.media.do("read", lambda client, bucket: client.head_object(Bucket=bucket, Key=key))
    return head["ContentLength"]


async def _ask(person: Person) -> Asked:
    report = await person.member.done("POST", "/api/v1/reports")
    return Asked(person, report["id"])


async def _process_at_work(stores: Resources, asked: list[Asked], dead: set[str]) -> str:
    """Waits until a process that has not been killed yet makes one of these."""
    query = {"_id": {"$in": [each.report_id for each in asked]}, "state": "running"}
    deadline = time.monotonic() + FRESH_SECONDS
    while time.monotonic() < deadline:
        for found in await stores.documents.store.find("reports", query, len(asked)):
            if found["process"] not in dead:
                return found["process"]
        await asyncio.sleep(0.01)
    pytest.fail("nothing is being made, so there is nothing to interrupt")


async def _is_right(stores: Resources, asked: Asked) -> int:
    """Waits until it is done and looks at everything about it; how often it was begun."""
    deadline = time.monotonic() + 60
    reports = stores.documents.reports
    while (report := await reports.one(asked.report_id, asked.person.id)).state != "done":
        assert report.state != "failed"
        assert time.monotonic() < deadline, report
        await asyncio.sleep(0.05)
    assert report.key is not None
    archive = read_archive(await stores.media.get(report.key))
    assert archive.pictures == asked.person.put_in.pictures
    assert sorted(archive.texts) == sorted(asked.person.put_in.texts)
    assert await stored(stores.media, f"exports/{asked.person.id}/") == ([report.key], 0)
    seen = await asked.person.member.done("GET", f"/api/v1/reports/{asked.report_id}")
    assert (seen["state"], seen["progress"]) == ("done", 100)
    return report.attempts
