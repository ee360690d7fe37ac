"""Somebody who logs in, looks around, logs out, and goes on asking with the cookie that is over (promise P4)."""

import asyncio
import contextlib
import time

from load.connection import Connection
from load.records import Violation
from load.user import Notes, User

STALENESS_SECONDS = 2.0  # B, HOT_STALENESS_SECONDS
LOOKS = 4
ASKED_EVERY_SECONDS = 0.4
ASKED_FOR_SECONDS = 3.2
PAUSE_SECONDS = 0.5
OVER = (401, 503)  # 503 is for the test to judge: it is an answer of an outage
ANYTHING = (200, 401, 503)


async def keep_leaving(user: User, line: Connection, notes: Notes, stopping: asyncio.Event) -> None:
    """Until told to stop. Each round costs one log-in."""
    while not stopping.is_set():
        if (await user.log_in(line)).status == 200:
            for _ in range(LOOKS):
                await user.ask(line, "GET", "board", "/api/v1/board")
            over = dict(user.state.cookies)
            if (await user.ask(line, "POST", "logout", "/api/v1/logout", expected=(204,))).status == 204:
                user.state.cookies.update(over)
                await _ask_after_the_end(user, line, notes)
        user.state.cookies.clear()
        await _wait(stopping, PAUSE_SECONDS)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def _ask_after_the_end(user: User, line: Connection, notes: Notes) -> None:
    ended = time.monotonic()
    over = dict(user.state.cookies)
    while (asked := time.monotonic()) < ended + ASKED_FOR_SECONDS:
        may_read = asked < ended + STALENESS_SECONDS
        user.state.cookies.update(over)
        read = await user.ask(line, "GET", "me after the end", "/api/v1/me", expected=ANYTHING if may_read else OVER)
        user.state.cookies.update(over)
        body = {"theme": "theme 0"}
        written = await user.ask(
            line, "PATCH", "preferences after the end", "/api/v1/me/preferences", body, expected=OVER
        )
        for reply, request, allowed in ((read, "GET me", may_read), (written, "PATCH preferences", False)):
            if reply.status == 200 and not allowed:
                what = f"answered {asked - ended:.2f} s after the session was ended"
                notes.violations.append(
                    Violation(asked, "P4", user.ledger.handle, request, reply.first("x-instance"), what)
                )
        await asyncio.sleep(ASKED_EVERY_SECONDS)
