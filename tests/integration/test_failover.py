"""An instance is killed (`kill -9`) under somebody who is logged in: they go on as if nothing had happened."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from figures import Figures
from fleet import end_suddenly, slot_value, usable, wait_whole, web_names
from member import Member, NewMember
from photo import photo

from deploy.local import Stack

PAGE_CARDS = 20
EVIDENCE = re.compile(r'data-(instance|mode|affinity|moved)="([^"]*)"')

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


async def test_the_very_next_click_works_and_shows_the_move(stack: Stack, sticky: bool, new_member: NewMember) -> None:
    """The instance dies between two clicks: still logged in, all that was written is there, the bar tells the move."""
    member = await new_member()
    card = await member.done("POST", "/api/v1/cards", data={"text": "Here."}, files={"photo": ("p.jpg", photo())})
    await member.done("PATCH", "/api/v1/me/preferences", json={"theme": "dark"})
    before = await _board(member)

    end_suddenly(stack, before["instance"])
    after = await _board(member)

    assert after["instance"] != before["instance"]
    assert after["mode"] == ("sticky" if sticky else "stateless")
    assert (after["affinity"], after["moved"]) == (("moved_down", "true") if sticky else ("none", "false"))
    assert card["id"] in after["page"]
    assert (await member.done("GET", "/api/v1/me"))["preferences"] == {"theme": "dark"}
    assert (await member.ask("GET", f"/media/{card['photo']}")).status_code == 200
    # Once moved, the browser belongs to its new instance.
    assert (await _board(member))["affinity"] == ("kept" if sticky else "none")


async def test_the_clients_connection_outlives_the_instance(stack: Stack, new_member: NewMember) -> None:
    """A browser's keep-alive connection ends at HAProxy; the death of the instance behind does not close it."""
    member = await new_member()
    before = await member.ask("GET", "/board")
    end_suddenly(stack, before.headers["X-Instance"])
    after = await member.ask("GET", "/board")
    assert after.status_code == 200
    assert _own_address(after) == _own_address(before)


@pytest.mark.parametrize("deaths", [10, pytest.param(200, marks=[pytest.mark.chaos, pytest.mark.timeout(1800)])])
async def test_many_deaths_in_a_row(
    stack: Stack, new_member: NewMember, eventually: Callable[..., None], figures: Figures, deaths: int
) -> None:
    """Whoever serves the member dies, again and again: each read works at once, each write counts once."""
    member = await new_member()
    written: set[str] = set()
    sent, slowest_ms = 0, 0.0
    for n in range(deaths):
        victim = (await member.ask("GET", "/api/v1/me")).headers["X-Instance"]
        end_suddenly(stack, victim)
        writes = n % 2 == 1
        if writes:
            card, tries = await _send_until_answered(member, f"Card {n}")
            written.add(card["id"])
            sent += tries
        answer = await member.ask("GET", "/api/v1/board")
        assert answer.status_code == 200
        # A write that is sent again may take as long as the victim needs to come back.
        assert writes or answer.headers["X-Instance"] != victim
        assert {card["id"] for card in answer.json()["cards"]} <= written
        assert len(answer.json()["cards"]) == min(len(written), PAGE_CARDS)
        slowest_ms = max(slowest_ms, answer.elapsed.total_seconds() * 1000)
        eventually(lambda: len(usable(stack)) >= 2, 30)
    profile = await member.done("GET", f"/api/v1/people/{member.handle}")
    assert profile["person"]["cards"] == len(written) == deaths // 2
    figures(f"{deaths} deaths, {len(written)} writes sent {sent} times, slowest read {slowest_ms:.0f} ms")


async def test_the_killed_instance_comes_back_in_its_slot(
    stack: Stack, sticky: bool, new_member: NewMember, eventually: Callable[..., None]
) -> None:
    """Same name, same port, another process; and it serves again, those who belong to it too."""
    member = await new_member()
    name = (await member.ask("GET", "/board")).headers["X-Instance"]
    address, pid = stack.address(name), stack.pid(name)
    end_suddenly(stack, name)
    eventually(lambda: stack.pid(name) not in (0, pid), 10)
    wait_whole(stack, eventually)
    assert stack.address(name) == address
    if sticky:
        member.claim(slot_value(stack, name))
    instances = [(await member.ask("GET", "/board")).headers["X-Instance"] for _ in web_names(stack)]
    assert name in instances
    assert not sticky or set(instances) == {name}


async def test_a_write_outlives_its_instance_though_all_others_hold_older_copies(
    stack: Stack, new_member: NewMember
) -> None:
    """The member's profile is hot everywhere, is written through one instance, which dies: nobody shows the old one."""
    member = await new_member()
    first, *others = web_names(stack)
    for name in web_names(stack):
        member.claim(slot_value(stack, name))
        for _ in range(2):
            await member.done("GET", "/api/v1/me")
    member.claim(slot_value(stack, first))
    await member.done("PUT", "/api/v1/me", json={"name": "Renamed", "bio": "just now"})
    end_suddenly(stack, first)
    for name in others:
        member.claim(slot_value(stack, name))
        assert (await member.done("GET", "/api/v1/me"))["name"] == "Renamed"


async def _board(member: Member) -> dict[str, Any]:
    """The board's page and what its evidence bar tells."""
    answer = await member.ask("GET", "/board")
    assert answer.status_code == 200, "not logged in any more"
    return {"page": answer.text, **dict(EVIDENCE.findall(answer.text))}


async def _send_until_answered(member: Member, text: str) -> tuple[dict[str, Any], int]:
    """Writes a card, again with the same key while the answer is lost, as a form does; how often it was sent."""
    key = {"Idempotency-Key": text.replace(" ", "-")}
    for tries in range(1, 100):
        with contextlib.suppress(httpx.RemoteProtocolError):
            answer = await member.ask("POST", "/api/v1/cards", json={"text": text}, headers=key)
            if answer.status_code != 502:
                assert answer.status_code == 201, answer.text
                return answer.json(), tries
        await asyncio.sleep(0.05)
    pytest.fail("the answer was lost a hundred times")


def _own_address(answer: httpx.Response) -> Any:
    return answer.extensions["network_stream"].get_extra_info("client_addr")
