"""P2 and P6 through HAProxy: everybody sees what they wrote, and nobody sees anything of somebody else."""

import asyncio
import random
import re

import pytest
from figures import Figures
from fleet import slot_value, web_names
from member import Member, NewMember
from photo import photo

from deploy.local import Stack

MEMBERS = 100
AT_ONCE = 20
OWN_PATHS = ("/api/v1/me", "/board", "/settings", "/api/v1/board", "/api/v1/sessions")
OPEN_PATHS = ("/", "/people", "/login", "/static/postcards.css")
NOT_FOR_OTHERS = re.compile(r"no-store|private")
STATIC = re.compile(r'/static/[^"]+')

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=[pytest.mark.chaos, pytest.mark.timeout(900)])])
async def test_nobody_sees_anothers_data(stack: Stack, new_member: NewMember, figures: Figures, rounds: int) -> None:
    """A hundred people, moved between instances at random: what is theirs is shown to its owner and to nobody else, and
    no answer that may be kept for others carries a cookie."""
    members = [await new_member() for _ in range(MEMBERS)]
    for member in members:
        await member.done("POST", "/api/v1/cards", json={"text": f"A card of {member.handle}"})
        await member.done("PATCH", "/api/v1/me/preferences", json={"theme": _secret(member)})
    handles, secrets = {member.handle for member in members}, {_secret(member) for member in members}
    fingerprinted = STATIC.findall((await members[0].ask("GET", "/people")).text)
    card = await members[0].done("POST", "/api/v1/cards", data={"text": "Look."}, files={"photo": ("p.jpg", photo())})
    paths = (*OWN_PATHS, *OPEN_PATHS, fingerprinted[0], f"/media/{card['photo']}")
    turn = asyncio.Semaphore(AT_ONCE)
    answers = kept = 0

    async def look_around(member: Member, chance: random.Random) -> None:
        nonlocal answers, kept
        for n in range(rounds):
            _move(stack, member, chance)
            await member.done("PUT", "/api/v1/me", json={"name": f"{member.handle} {n}"})
            for path in paths:
                if path in OWN_PATHS:  # of those who stay, HAProxy does not renew the cookie each time
                    _move(stack, member, chance)
                async with turn:
                    answer = await member.ask("GET", path)
                assert answer.status_code in (200, 302)
                assert {secret for secret in secrets if secret in answer.text} <= {_secret(member)}
                if path in OWN_PATHS and path != "/api/v1/sessions":
                    assert {handle for handle in handles if handle in answer.text} == {member.handle}
                if not NOT_FOR_OTHERS.search(answer.headers.get("Cache-Control", "")):
                    assert "Set-Cookie" not in answer.headers
                    kept += 1
                answers += 1

    async with asyncio.TaskGroup() as everybody:
        for n, member in enumerate(members):
            everybody.create_task(look_around(member, random.Random(n)))
    assert kept
    figures(
        f"{MEMBERS} people, {answers} answers, none with anything of another's; {kept} may be kept, none sets a cookie"
    )


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


def _secret(member: Member) -> str:
    """What only its owner may be shown."""
    return f"secret of {member.handle}"


def _move(stack: Stack, member: Member, chance: random.Random) -> None:
    """Sends the browser to any instance; sometimes it just ignores its affinity cookie. Stateless, it moves anyway."""
    chosen = chance.choice([None, *web_names(stack)])
    member.claim(slot_value(stack, chosen) if chosen else None)
