"""What others do to Redis: operators, expiry, eviction, other programs. Done while the event loop stands still."""

from typing import Final

from cache_model.promises import Browser
from cache_model.world import USERS, World, card_in

KINDS: Final = (
    "delete",
    "delete",
    "expire",
    "shorten",
    "garbage",
    "copy",
    "another type",
    "delete lease",
    "delete session",
    "copy session",
    "flush",
    "forget scripts",
)


def foreign_write(world: World, kind: str, browser: Browser) -> None:
    """Something happens to what Redis holds of this browser's user."""
    user, other = browser.user, USERS[USERS.index(browser.user) - 1]
    boards = world.processes[0].boards
    key = boards.key(user)
    match kind:
        case "delete":
            world.raw("DEL", key)
        case "expire":
            world.raw("PEXPIRE", key, 0)
        case "shorten":
            world.raw("PEXPIRE", key, 5000)
        case "garbage":
            world.raw("SET", key, b"\xff garbage")
        case "copy":
            [there] = world.raw.look(("GET", boards.key(other)))
            if card_in(there, other) is None:
                return  # it may be this user's own, copied there before: put back, it would be genuine, and old
            world.faults += 1  # whoever reads it first will not trust its connection any more
            world.raw("COPY", boards.key(other), key, "REPLACE")
        case "another type":
            world.raw.many(("DEL", key), ("HSET", key, "a", "b"))
        case "delete lease":
            world.raw("DEL", f"{key}:lease")
        case "delete session" | "copy session":
            _lose_session(world, browser, copied=kind == "copy session")
        case "flush":
            _flush(world)
        case "forget scripts":
            world.raw("SCRIPT", "FLUSH")


def _lose_session(world: World, browser: Browser, *, copied: bool) -> None:
    """A session vanishes, or is overwritten with another user's."""
    if browser.session is None:
        return
    world.promises.ends(browser.session)
    sessions = world.processes[0].sessions
    key = sessions.key(browser.user, browser.session)
    theirs = [other for other in world.browsers if other.user != browser.user and other.session is not None]
    if not world.raw("EXISTS", key):
        return
    if copied and theirs:
        source, named = sessions.key(theirs[0].user, theirs[0].session or ""), (theirs[0].session or "").encode()
        if world.raw.look(("HGET", source, "id")) == [named]:  # not this one's own, copied there before
            world.faults += 1
            world.raw("COPY", source, key, "REPLACE")
    else:
        world.raw("DEL", key)


def _flush(world: World) -> None:
    """Redis loses everything: versions too, and the barriers of writes under way, which are unprotected from now on."""
    for record in world.records:
        world.promises.ends(record)
    for user in USERS:
        world.promises.versions_lost(user, world.loop.now)
    world.promises.excused |= {*world.brackets, *(landing.user for landing in world.truth.under_way)}
    world.raw("FLUSHALL")
