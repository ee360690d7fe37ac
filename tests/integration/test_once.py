"""P7: a write with a key counts once, however often, wherever and whenever it is sent."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from typing import Any

import httpx
import pytest
from figures import Figures
from fleet import slot_value, web_names
from member import Member, NewMember, plain_client

from deploy.local import Stack

TIMES = 50
MOST_TRIES = 100
KEY = {"Idempotency-Key": "the-only-one"}

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


async def test_fifty_times_at_once_through_three_instances_of_which_one_dies(
    stack: Stack, new_member: NewMember, figures: Figures
) -> None:
    """Whoever got no answer asks again with the same key: all are told of one card, and there is one.

    The one that dies is stopped first, so that some requests are under way in it for certain.
    """
    member = await new_member()
    victim = stack.pid(web_names(stack)[0])
    slots = [slot_value(stack, name) for name in web_names(stack)]
    own = {name: value for name, value in member.client.cookies.items() if name != "SRV"}
    sending, answered = asyncio.Event(), asyncio.Event()
    ends: Counter[str] = Counter()
    instances: set[str] = set()

    async def send(n: int) -> dict[str, Any]:
        async with plain_client(stack.url, cookies={**own, "SRV": slots[n % len(slots)]}) as client:
            await sending.wait()
            for _ in range(MOST_TRIES):
                with contextlib.suppress(httpx.RemoteProtocolError):
                    ends["none"] += 1
                    answer = await client.post("/api/v1/cards", json={"text": "One."}, headers=KEY)
                    ends["none"] -= 1
                    ends[f"{answer.status_code}"] += 1
                    answered.set()
                    if answer.status_code == 201:
                        instances.add(answer.headers["X-Instance"])
                        card: dict[str, Any] = answer.json()
                        return card
                    assert answer.status_code in (502, 503), answer.text
                await asyncio.sleep(0.05)
        pytest.fail("not answered")

    async def kill() -> None:
        await answered.wait()
        os.kill(victim, signal.SIGKILL)

    os.kill(victim, signal.SIGSTOP)
    async with asyncio.TaskGroup() as everybody:
        tasks = [everybody.create_task(send(n)) for n in range(TIMES)]
        everybody.create_task(kill())
        sending.set()
    assert len({task.result()["id"] for task in tasks}) == 1
    profile = await member.done("GET", f"/api/v1/people/{member.handle}")
    assert (profile["person"]["cards"], len(profile["cards"])) == (1, 1)
    lost = ends["502"] + ends["503"] + ends["none"]
    assert lost
    assert len(instances) > 1
    figures(f"{TIMES} requests at once, {lost} of their answers failed and were asked for again: one card")


async def test_a_repeat_long_after_is_told_the_first_answer_by_any_instance(
    stack: Stack, new_member: NewMember
) -> None:
    """Whatever became of the card meanwhile."""
    member = await new_member()
    first = await _post(member)
    await member.done("PUT", f"/api/v1/cards/{first['id']}/like")
    for name in web_names(stack):
        member.claim(slot_value(stack, name))
        assert await _post(member) == first
    assert (await member.done("GET", f"/api/v1/cards/{first['id']}"))["likes"] == 1


async def _post(member: Member) -> Any:
    return await member.done("POST", "/api/v1/cards", json={"text": "One."}, headers=KEY)
