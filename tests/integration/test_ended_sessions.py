"""P4 under load: a session that was ended somewhere writes nowhere any more, and is read nowhere after B."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from figures import Figures
from fleet import slot_value, web_names
from member import PASSWORD, Member, NewMember, plain_client

from deploy.local import Stack

B_SECONDS = 2.0  # HOT_STALENESS_SECONDS
LOOKED_FOR_SECONDS = 3.0
READERS_EACH = 3
WRITE_EVERY = 5
WARM_AFTER = 90
PAUSE_SECONDS = 0.005
OTHERS = 6

pytestmark = [
    pytest.mark.stack,
    pytest.mark.asyncio,
    pytest.mark.parametrize("any_stack", ["on"], indirect=True),  # where copies are held
]

Ending = Callable[[Member, Member], Awaitable[httpx.Response]]


@dataclass
class Seen:
    """What was answered to the cookie of one session: when it was asked, what, and with which status."""

    answers: list[tuple[float, str, int]] = field(default_factory=list)
    warm: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, at: float, method: str, status: int) -> None:
        """One more; after so many each instance holds a copy."""
        self.answers.append((at, method, status))
        if len(self.answers) >= WARM_AFTER:
            self.warm.set()

    def accepted_after(self, moment: float, method: str) -> list[float]:
        """How long after this moment those were asked that were answered as if the session lived."""
        return [at - moment for at, asked, status in self.answers if asked == method and status == 200 and at > moment]


async def log_out(device: Member, _: Member) -> httpx.Response:
    """By the session itself."""
    return await device.ask("POST", "/api/v1/logout")


async def revoke(device: Member, other: Member) -> httpx.Response:
    """From another device."""
    sessions = (await device.done("GET", "/api/v1/sessions"))["sessions"]
    [own] = [each["id"] for each in sessions if each["current"]]
    return await other.ask("DELETE", f"/api/v1/sessions/{own}")


async def change_password(_: Member, other: Member) -> httpx.Response:
    """From another device."""
    return await other.ask("PUT", "/api/v1/me/password", json={"current": PASSWORD, "new": "quite another horse"})


async def delete_account(_: Member, other: Member) -> httpx.Response:
    """From another device."""
    return await other.ask("DELETE", "/api/v1/me", json={"password": PASSWORD})


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=[pytest.mark.chaos, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("end", [log_out, revoke, change_password, delete_account])
async def test_an_ended_session_is_over_everywhere(
    stack: Stack, new_member: NewMember, figures: Figures, end: Ending, rounds: int
) -> None:
    """Its cookie is shown to all instances all the while, each of which holds a copy, beside other people's load."""
    writes, latest, late, asked = 0, 0.0, 0, 0
    async with others_at_work(new_member):
        for _ in range(rounds):
            device = await new_member()
            async with Member(stack.url, handle=device.handle) as other:
                await other.log_in()
                async with showing(stack, device) as seen:
                    answer = await end(device, other)
                    ended = time.monotonic()
                    assert answer.is_success, answer.text
                    await asyncio.sleep(LOOKED_FOR_SECONDS)
            reads = seen.accepted_after(ended, "GET")
            latest, late = max([latest, *reads]), late + sum(after > B_SECONDS for after in reads)
            writes += len(seen.accepted_after(ended, "PATCH"))
            asked += sum(at > ended for at, *_ in seen.answers)
    name = str(getattr(end, "__name__", "")).replace("_", " ")
    figures(f"{name}: of {asked} requests with dead sessions {writes} wrote, {late} read after B; last {latest:.3f} s")
    assert (writes, late) == (0, 0)
    assert asked > rounds * 30


@asynccontextmanager
async def showing(stack: Stack, device: Member) -> AsyncIterator[Seen]:
    """Shows copies of a browser's cookies to each instance, again and again, until the block ends."""
    jar = device.client.cookies.jar
    cookies = {cookie.name: cookie.value or "" for cookie in jar if cookie.name in ("session", "floor")}
    seen = Seen()

    async def show(slot: str, client: httpx.AsyncClient) -> None:
        sent = "; ".join(f"{name}={value}" for name, value in {**cookies, "SRV": slot}.items())
        for n in range(1_000_000):
            at = time.monotonic()
            method, path, body = (
                ("PATCH", "/api/v1/me/preferences", {"theme": f"theme {n}"})
                if n % WRITE_EVERY == WRITE_EVERY - 1
                else ("GET", "/api/v1/me", None)
            )
            answer = await client.request(method, path, json=body, headers={"Cookie": sent})
            client.cookies.clear()
            seen.add(at, method, answer.status_code)
            await asyncio.sleep(PAUSE_SECONDS)

    async with plain_client(stack.url) as client:
        slots = [slot_value(stack, name) for name in web_names(stack)] * READERS_EACH
        async with tasks([show(slot, client) for slot in slots]):
            await seen.warm.wait()
            assert {status for *_, status in seen.answers} == {200}
            yield seen


@asynccontextmanager
async def others_at_work(new_member: NewMember) -> AsyncIterator[None]:
    """Some people read their boards meanwhile, and lose nothing by it."""

    async def read(member: Member) -> None:
        while True:
            assert (await member.ask("GET", "/api/v1/board")).status_code == 200
            await asyncio.sleep(PAUSE_SECONDS)

    members = [await new_member() for _ in range(OTHERS)]
    async with tasks([read(member) for member in members]):
        yield


@asynccontextmanager
async def tasks(all_of: list[Awaitable[None]]) -> AsyncIterator[None]:
    """Runs these until the block ends; raises what one of them raised."""
    running = [asyncio.ensure_future(each) for each in all_of]
    try:
        yield
        for task in running:
            if task.done():
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
