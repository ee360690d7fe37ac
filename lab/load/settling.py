"""Before a load: everybody signs up, follows some, and has written some cards. All of it is in the history."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random
from typing import Final

import msgspec

from lab.errors import SiteGone
from lab.load.browser import Reply
from lab.load.device import retry_seconds
from lab.load.person import Person
from lab.load.town import Town

AT_ONCE: Final = 6
ATTEMPTS: Final = 10


async def settle_in(
    people: Sequence[Person], town: Town, url: str, seed: int, *, clock: Callable[[], float], at_once: int = AT_ONCE
) -> None:
    """Returns when all of them are there. Raises SiteGone if one of them cannot be made."""
    chance = Random(f"people {seed}")  # noqa: S311  # nothing is kept secret by it
    plans = [
        ([town.person(chance.random()) for _ in range(town.workload.follows)], _chances(chance, town)) for _ in people
    ]
    gate = asyncio.Semaphore(at_once)

    async def enter(person: Person) -> None:
        async with gate:
            await _sign_up(person, url, clock)

    async def begin(person: Person, follows: Sequence[int], cards: Sequence[float]) -> None:
        async with gate:
            device = person.account.devices[0]
            for each in dict.fromkeys(follows):
                await person.follow(device, each, clock())
            for each_chance in cards:
                await person.post(device, each_chance, clock())

    await _all(enter(person) for person in people)
    await _all(begin(person, *plan) for person, plan in zip(people, plans, strict=True))


async def _sign_up(person: Person, url: str, clock: Callable[[], float]) -> None:
    """Waits as long as it is told to, a few times; an account whose making was not answered may be there already."""
    device, why = person.account.devices[0], ""
    for attempt in range(ATTEMPTS):
        reply = await person.account.sign_up(device, clock())
        if reply.status == 409 and attempt:
            reply = await person.account.log_in(device, clock())
        if device.session:
            return
        why = reply.lost or _in_words(reply)
        if reply.status not in (0, 429) and reply.status < 500:
            break
        await asyncio.sleep(retry_seconds(reply))
    raise SiteGone(url, "accounts were made", why)


def _in_words(reply: Reply) -> str:
    """What stands in the way, as far as the site says so."""
    if reply.status == 429:
        return (
            "it lets nobody else sign up from this address for now (status 429); take fewer people, wait a minute, or "
            "let more in (LOGINS_PER_ADDRESS)"
        )
    try:
        detail = msgspec.json.decode(reply.body, type=_Problem).detail
    except msgspec.DecodeError:
        detail = ""
    return f"signing up was answered with status {reply.status}" + (f": {detail.rstrip('.')}" if detail else "")


class _Problem(msgspec.Struct):
    """RFC 9457."""

    detail: str = ""


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """The first error ends the others and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _chances(chance: Random, town: Town) -> list[float]:
    return [chance.random() for _ in range(town.workload.first_cards)]
