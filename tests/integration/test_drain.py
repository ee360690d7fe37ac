"""P7: an instance that is asked to leave (SIGTERM) fails nobody's request, read or write."""

import asyncio
from collections import Counter

import pytest
from figures import Figures
from member import Member, NewMember

from deploy.local import Stack

CLIENTS = 8
LEAVING = "web-2"
AFTERWARDS_SECONDS = 0.5

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


async def test_draining_instance_fails_no_request(stack: Stack, new_member: NewMember, figures: Figures) -> None:
    """Eight clients keep reading and writing while one of three instances leaves: every answer is a success."""
    members = [await new_member() for _ in range(CLIENTS)]
    served: Counter[str] = Counter()
    gone = asyncio.Event()

    async def keep_asking(member: Member) -> None:
        n = 0
        while not gone.is_set():
            n += 1
            for method, path, body in (
                ("GET", "/api/v1/board", None),
                ("PATCH", "/api/v1/me/preferences", {"theme": f"theme {n}"}),
                ("POST", "/api/v1/visits", None),
            ):
                answer = await member.ask(method, path, json=body)
                assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
                served[answer.headers["X-Instance"]] += 1

    async def leave() -> None:
        try:
            await asyncio.to_thread(stack.stop, LEAVING)
            served[f"{LEAVING} before it left"] = served.pop(LEAVING)
            await asyncio.sleep(AFTERWARDS_SECONDS)
        finally:
            gone.set()

    try:
        async with asyncio.TaskGroup() as tasks:
            for member in members:
                tasks.create_task(keep_asking(member))
            tasks.create_task(leave())
    finally:
        stack.start(LEAVING)
    assert LEAVING not in served
    assert served[f"{LEAVING} before it left"] > 0
    figures(f"{served.total()} requests, none failed; {dict(sorted(served.items()))}")
