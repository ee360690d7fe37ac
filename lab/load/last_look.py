"""At the end of a run that is judged: everybody reads what is theirs, so that of each write something can be said."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from lab.load.device import Device
from lab.load.person import Person

AT_ONCE: Final = 6
LONGEST_SECONDS: Final = 20.0


async def look_once_more(
    people: Sequence[Person], *, clock: Callable[[], float], seconds: float = LONGEST_SECONDS
) -> None:
    """Each device that is logged in; as many as get their turn in that time. Nothing that the site does raises."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(person: Person, device: Device) -> None:
        async with gate:
            account = person.account
            for route, path in (("me", "/api/v1/me"), ("board", "/api/v1/board"), ("person", _profile(person))):
                if device.session:
                    await account.read(device, route, path, clock())

    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(look(person, each) for person in people for each in person.account.devices))
    except TimeoutError:
        pass


def _profile(person: Person) -> str:
    return f"/api/v1/people/{person.account.handle}"
