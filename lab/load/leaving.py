"""After a load on a system that is not the lab's own: its people delete their accounts, and all they wrote with them.

None of it is in the history: who has left for good says nothing about promises.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from lab.load.account import JSON, Account
from lab.load.browser import Browser, Reply
from lab.load.device import retry_seconds
from lab.load.person import Person

AT_ONCE: Final = 4
ATTEMPTS: Final = 5
LEAST_SECONDS: Final = 60.0
SECONDS_EACH: Final = 0.5  # a password is hashed slowly, and attempts of one address are counted
PASSWORDS: Final = 2  # that may be somebody's, if they have not changed theirs more than once in doubt
WRONG_PASSWORD: Final = 403
GONE: Final = (204, 404)


async def leave_for_good(people: Sequence[Person], *, seconds: float | None = None) -> int:
    """How many are still there afterwards, or after so many seconds. Nothing that the site does raises."""
    leaving = _Leaving(people)
    try:
        async with asyncio.timeout(max(LEAST_SECONDS, SECONDS_EACH * len(people)) if seconds is None else seconds):
            await asyncio.gather(*(leaving.leave(person) for person in people))
    except TimeoutError:
        pass
    return leaving.left


class _Leaving:
    """`left` are still there. Where all attempts of one of them get no answer, or an error, nobody else is tried."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.left = len(people)
        self._site_is_gone = False
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def leave(self, person: Person) -> None:
        async with self._gate:
            account = person.account
            browser = next((each.browser for each in account.devices if each.session), account.devices[0].browser)
            for _ in range(ATTEMPTS):
                if self._site_is_gone:
                    return
                reply = await _ask_to_go(account, browser)
                if reply.status in GONE:
                    self.left -= 1
                    return
                if reply.status == WRONG_PASSWORD:  # the answer to a change of it may have been lost
                    account.password_is_another()
                elif reply.status != 429 and 0 < reply.status < 500:
                    return
                else:
                    await asyncio.sleep(retry_seconds(reply))
            self._site_is_gone |= reply.status == 0 or reply.status >= 500


async def _ask_to_go(account: Account, browser: Browser) -> Reply:
    """The answer to the farewell; 404 if there is no such account, or none any more."""
    reply = await _say_farewell(account, browser)
    if reply.status != 401:
        return reply
    for _ in range(PASSWORDS):
        known = msgspec.json.encode({"handle": account.handle, "password": account.password})
        entered = await browser.ask("POST", "/api/v1/login", known, JSON)
        if entered.status == 200:
            return await _say_farewell(account, browser)
        if entered.status != 401:
            return entered
        account.password_is_another()
    return Reply(entered.path, 404, entered.started, entered.ended)


async def _say_farewell(account: Account, browser: Browser) -> Reply:
    return await browser.ask("DELETE", "/api/v1/me", msgspec.json.encode({"password": account.password}), JSON)
