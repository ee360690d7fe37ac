"""What browsers do through a process, each told to the promises as it starts and as it ends."""

import itertools
from typing import Any, Literal

from cache_model.processes import Process
from cache_model.promises import Browser
from cache_model.truth import Card
from cache_model.world import BARRIER_SECONDS, USERS, LoadFailed, World

from cache import Answer, Refused

Pause = Literal["", "before", "after"]  # where it is left standing: before or after the truth is touched
Fails = Literal["", "before", "after"]

_FAR = 4e9


class Operations:
    """Each method is a coroutine to be started in the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._serials = itertools.count(1)

    # --- values --------------------------------------------------------------------------------------------------

    async def read(self, process: Process, browser: Browser, *, pause: Pause, fails: bool, stale: bool) -> None:
        """The user's value, as one region alone is asked."""
        asked = self._world.promises.asks(browser, process.number, self._now)
        answer = await process.boards.get(
            browser.user, lambda: self._load(browser.user, pause, fails), floor=browser.floor, stale=stale
        )
        self._world.promises.told(asked, answer, browser)
        browser.raise_floor(answer.floor)

    async def page(self, process: Process, browser: Browser, *, pause: Pause, stale: bool) -> None:
        """A page: the session as the guard and the value beside it, and a load if that is missing."""
        promises, user, floor, session = self._world.promises, browser.user, browser.floor, browser.session
        if session is None:
            return
        asked = promises.asks(browser, process.number, self._now)
        asked_record = promises.asks_record(browser, session, process.number, self._now)
        found: list[Answer[Any] | None] = await process.cache.look(
            process.sessions.lookup(user, session, floor=floor), process.boards.lookup(user, floor=floor), stale=stale
        )
        promises.told_record(asked_record, session, found[0], browser)
        if found[0] is None:
            if found[1] is not None:
                promises.broken("P6", f"{browser.name} has no session and was told {found[1]}")
            return
        answer = found[1]
        if answer is None or answer.stale:
            answer = await process.boards.fill(user, lambda: self._load(user, pause, False), answer, floor=floor)
        promises.told(asked, answer, browser)
        browser.raise_floor(max(answer.floor, found[0].floor))

    async def look_at_all(self, process: Process) -> None:
        """Somebody without a floor looks at all users' values at once."""
        asked = {user: self._world.promises.asks_anonymously(user, process.number, self._now) for user in USERS}
        answers = await process.boards.get_many(USERS, lambda user: self._load(user, "", False))
        for user, answer in answers.items():
            self._world.promises.told(asked[user], answer)

    async def write(
        self, process: Process, browser: Browser, *, pause: Pause, fails: Fails, alive: bool, everything: bool
    ) -> None:
        """A bracketed write. Where it fails afterwards, the truth has changed and the writer does not know."""
        world, user, session = self._world, browser.user, browser.session
        key = process.sessions.key(user, session) if alive and session else None
        ended = session is not None and key is not None and world.promises.is_deleted(session)
        until = self._now + BARRIER_SECONDS
        world.brackets.append(user)
        try:
            async with process.cache.write(user, drop=None if everything else [process.boards], alive=key) as write:
                if ended:
                    world.promises.broken("P4", f"{browser.name} wrote with a session that had ended")
                if fails == "before":
                    raise LoadFailed
                landing = world.truth.send(user, until)
                if pause == "before":
                    await world.gates.stop()
                seq = landing.land()
                if pause == "after":
                    await world.gates.stop()
                if fails == "after":
                    raise LoadFailed
        except Refused:
            if session is not None and not world.promises.may_be_gone(session):
                world.promises.broken("service", f"{browser.name} was refused although its session lives")
            return
        finally:
            world.brackets.remove(user)
        world.promises.acknowledged(browser, seq, self._now)
        browser.raise_floor(write.version)

    async def invalidate(self, process: Process, browser: Browser) -> None:
        """The truth was changed by somebody else, and this browser's request is what hears of it."""
        world, user = self._world, browser.user
        world.promises.loosen(user)
        seq = world.truth.write(user)
        try:
            version = await process.cache.invalidate_tag(user)
        except BaseException:
            world.promises.excused.add(user)  # nobody tells the caches now, so what they hold is old for its time
            raise
        finally:
            world.promises.tighten(user)
        world.promises.acknowledged(browser, seq, self._now)
        browser.raise_floor(version)

    # --- records -------------------------------------------------------------------------------------------------

    async def log_in(self, process: Process, browser: Browser) -> None:
        """A new record, under an id never used before."""
        record = f"s{next(self._serials)}"
        self._world.records[record] = browser.user
        version = await process.sessions.create(
            browser.user, record, {"user": browser.user}, lives_seconds=1000, now=0.0, ends=_FAR
        )
        if version < 0:
            self._world.promises.broken("errors", f"the new record {record} was there already")
            return
        self._world.promises.created(record, self._now)
        browser.session = record
        browser.raise_floor(version)

    async def change(self, process: Process, browser: Browser, *, counts: bool) -> None:
        """One more field of the record."""
        record = browser.session
        if record is None:
            return
        name = f"{'change' if counts else 'touch'}{next(self._serials)}"
        ended = self._world.promises.is_deleted(record)
        version = await process.sessions.change(browser.user, record, {name: "1"}, counts=counts)
        if version >= 0 and ended:
            self._world.promises.broken("P4", f"record {record} was changed after it had been deleted")
        if version >= 0:
            self._world.promises.changed(browser, record, name, self._now, counts=counts)
            browser.raise_floor(version)

    async def log_out(self, process: Process, browser: Browser) -> None:
        """Deletes the record. The browser goes on showing it."""
        if browser.session is not None:
            record = browser.session
            self._world.promises.ends(record)
            await process.sessions.delete(browser.user, [record])
            self._world.promises.deleted(record, process.number, self._now)

    async def read_session(self, process: Process, browser: Browser) -> None:
        """The session alone."""
        promises, record = self._world.promises, browser.session
        if record is None:
            return
        asked = promises.asks_record(browser, record, process.number, self._now)
        [answer] = await process.cache.look(process.sessions.lookup(browser.user, record, floor=browser.floor))
        promises.told_record(asked, record, answer, browser)
        if answer is not None:
            browser.raise_floor(answer.floor)

    # -------------------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> float:
        return self._world.loop.now

    async def _load(self, user: str, pause: Pause, fails: bool) -> Card:
        if pause == "before":
            await self._world.gates.stop()
        card = self._world.truth.read(user)
        if pause == "after":
            await self._world.gates.stop()
        if fails:
            raise LoadFailed
        return card
