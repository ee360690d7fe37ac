"""P2 and P6 through HAProxy: everybody sees what they wrote, and nobody sees anything of somebody else."""

import asyncio
import random

import pytest
from figures import Figures
from fleet import slot_value, web_names
from member import Member, NewMember

from deploy.local import Stack

MEMBERS = 20
ROUNDS_EACH = 4

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


async def test_nobody_sees_anothers_data(stack: Stack, new_member: NewMember, figures: Figures) -> None:
    """Twenty people at once, moved between instances at random: each answer shows its asker and nobody else."""
    members = [await new_member() for _ in range(MEMBERS)]
    for member in members:
        await member.done("POST", "/api/v1/cards", json={"text": f"A card of {member.handle}"})
    handles = {member.handle for member in members}
    answers = 0

    async def look_around(member: Member, chance: random.Random) -> None:
        nonlocal answers
        for n in range(ROUNDS_EACH):
            _move(stack, member, chance)
            await member.done("PUT", "/api/v1/me", json={"name": f"{member.handle} {n}"})
            for path in ("/api/v1/me", "/board", "/settings", "/api/v1/board"):
                _move(stack, member, chance)
                answer = await member.ask("GET", path)
                assert answer.status_code == 200
                assert {handle for handle in handles if handle in answer.text} == {member.handle}
                answers += 1

    async with asyncio.TaskGroup() as everybody:
        for n, member in enumerate(members):
            everybody.create_task(look_around(member, random.Random(n)))
    figures(f"{MEMBERS} people, {answers} answers, none with anything of another's")


@pytest.mark.parametrize("writes", [200, pytest.param(20_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_a_write_is_seen_by_the_next_read_wherever_it_goes(
    stack: Stack, new_member: NewMember, figures: Figures, writes: int
) -> None:
    """Write, then read at once through an instance chosen at random, each of which holds hot copies: never stale."""
    member = await new_member()
    chance = random.Random(1)
    crossed = 0
    for n in range(writes):
        _move(stack, member, chance)
        if n % 2:
            written = await member.ask("PUT", "/api/v1/me", json={"name": f"Name {n}", "bio": ""})
        else:
            written = await member.ask("PATCH", "/api/v1/me/preferences", json={"theme": f"theme {n}"})
        assert written.status_code == 200
        _move(stack, member, chance)
        read = await member.ask("GET", "/api/v1/me")
        me = read.json()
        assert (me["name"] == f"Name {n}") if n % 2 else (me["preferences"]["theme"] == f"theme {n}")
        assert me["version"] >= written.json()["version"]
        crossed += written.headers["X-Instance"] != read.headers["X-Instance"]
    assert crossed > writes // 3
    figures(f"{writes} writes, {crossed} read through another instance, none stale")


def _move(stack: Stack, member: Member, chance: random.Random) -> None:
    """Sends the browser to any instance; sometimes it just ignores its affinity cookie. Stateless, it moves anyway."""
    chosen = chance.choice([None, *web_names(stack)])
    member.claim(slot_value(stack, chosen) if chosen else None)
