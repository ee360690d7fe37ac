"""Sessions under requests in parallel, and between releases: nothing is lost, and nothing that ended comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import pytest
from browsing import Answer, Browser
from sites import ShiftedClock, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

REQUESTS = 200
PREFERENCES = ("theme", "language", "density", "accent")
NOT_OF_REQUESTS = ("check", "lease", "fleet", "handover")  # what a process asks Redis by itself
TOUCH_DUE_SECONDS = 200  # SESSION_IDLE_SECONDS / 10, and some more

Request = Callable[[Browser], Awaitable[Answer]]
REQUESTS_OF_A_SESSION: dict[str, Request] = {
    "a page that moves the unread mark": lambda browser: browser.get("/board"),
    "a read that touches": lambda browser: browser.get("/api/v1/me"),
    "settings": lambda browser: browser.get("/settings"),
    "a preference": lambda browser: browser.patch("/api/v1/me/preferences", json={"theme": "dark"}),
    "a write": lambda browser: browser.put("/api/v1/me", json={"name": "Ada Lovelace"}),
    "a keyed write": lambda browser: browser.post(
        "/api/v1/cards", json={"text": "x"}, headers={"Idempotency-Key": "a-key"}
    ),
}


def tag_of(browser: Browser) -> str:
    """The tag in a session cookie."""
    return browser.cookies["session"].split(".")[0]


@pytest.mark.parametrize("instances", [1, 3])
async def test_preferences_written_in_parallel_are_all_kept(start: Starts, instances: int) -> None:
    """Two hundred of one session at once, each another one, through one instance and through three."""
    sites = [await start(INSTANCE_ID=f"web-{n + 1}") for n in range(instances)]
    ada = await sites[0].join()
    [session] = await sites[0].resources.sessions.list(tag_of(ada.browser))
    wanted = {f"preference {n}": str(n) for n in range(REQUESTS)}
    versions = await asyncio.gather(
        *(
            sites[n % instances].resources.sessions.prefer(session, {name: value})
            for n, (name, value) in enumerate(wanted.items())
        )
    )
    assert len(set(versions)) == REQUESTS
    for site in sites:
        assert (await ada.me(url=site.url))["preferences"] == wanted


@pytest.mark.parametrize("instances", [1, 3])
async def test_two_hundred_requests_of_one_session_lose_nothing(start: Starts, instances: int) -> None:
    """Over HTTP: every one is answered with what it wrote, counted by the session, and the last of each is kept."""
    sites = [await start(INSTANCE_ID=f"web-{n + 1}") for n in range(instances)]
    ada = await sites[0].join()
    tag = tag_of(ada.browser)
    [before] = await sites[0].resources.sessions.list(tag)

    async def prefer(n: int) -> None:
        change = {PREFERENCES[n % 4]: f"choice {n}"}
        answer = await ada.browser.clone().patch("/api/v1/me/preferences", json=change, url=sites[n % instances].url)
        assert answer.status == 200, answer.text
        assert answer.json["preferences"].items() >= change.items()

    await asyncio.gather(*(prefer(n) for n in range(REQUESTS)))
    [after] = await sites[0].resources.sessions.list(tag)
    assert after.version - before.version == REQUESTS
    assert {name: int(value.split()[1]) % 4 for name, value in after.preferences.items()} == {
        name: place for place, name in enumerate(PREFERENCES)
    }


class Interruption:
    """Does something while a request waits for the `at`-th answer of a store: before it is asked, or afterwards."""

    def __init__(self, at: int, *, afterwards: bool, do: Callable[[], Awaitable[object]]) -> None:
        self.calls = 0
        self._at = at
        self._afterwards = afterwards
        self._do = do
        self._doing = False

    def of(self, site: Site, patch: pytest.MonkeyPatch) -> None:
        """Of what this site asks Redis and MongoDB."""
        store = site.resources.documents.store
        for place, name in ((site.resources.cache.link, "ask"), *((store, name) for name in ("find", "find_one"))):
            patch.setattr(place, name, self._interrupted(getattr(place, name)))

    def _interrupted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def interrupted(*args: Any, **options: Any) -> Any:
            if self._doing or (args and args[0] in NOT_OF_REQUESTS):
                return await call(*args, **options)
            self.calls += 1
            mine = self.calls == self._at
            if mine and not self._afterwards:
                await self._interrupt()
            answer = await call(*args, **options)
            if mine and self._afterwards:
                await self._interrupt()
            return answer

        return interrupted

    async def _interrupt(self) -> None:
        self._doing = True
        await self._do()
        self._doing = False


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("request_made", REQUESTS_OF_A_SESSION.values(), ids=REQUESTS_OF_A_SESSION)
@pytest.mark.parametrize("mode", ["off", "on"], ids=["stateless", "sticky"])
async def test_a_request_under_way_does_not_bring_a_session_back(
    start: Starts, monkeypatch: pytest.MonkeyPatch, mode: str, request_made: Request, afterwards: bool
) -> None:
    """Logged out at each point where the request waits for a store, in turn: Redis knows no session afterwards."""
    clock = ShiftedClock()
    site = await start(clock, STICKY_MODE=mode)
    ada = await site.join()
    await ada.send("A card of her own.")
    tag, at = tag_of(ada.browser), 0
    await ada.browser.post("/api/v1/logout")
    while True:
        at += 1
        browser = (await site.log_in(ada.handle)).browser
        clock.shift += TOUCH_DUE_SECONDS
        leaving = browser.clone()
        ends: list[int] = []

        async def log_out(leaving: Browser = leaving, ends: list[int] = ends) -> None:
            ends.append((await leaving.post("/api/v1/logout")).status)

        with monkeypatch.context() as patch:
            interruption = Interruption(at, afterwards=afterwards, do=log_out)
            interruption.of(site, patch)
            answer = await request_made(browser.clone())
        assert answer.status < 500, answer.text
        if not ends:
            break
        assert ends == [204]
        [keys] = await site.resources.cache.link.ask("read", ("KEYS", f"session*{{{tag}}}*"))
        assert keys == [], at
        assert (await browser.get("/api/v1/me")).status == 401
    assert at > 1


async def test_a_session_of_an_older_release_goes_on(site: Site) -> None:
    """It lacks the fields that came later."""
    ada = await site.join()
    tag, token = tag_of(ada.browser), "t" * 43
    [session] = await site.resources.sessions.list(tag)
    first_fields = {
        "person": session.person_id,
        "device": "Firefox on Linux",
        "created": repr(session.created),
        "last_seen": repr(session.last_seen),
        "ends": repr(session.ends),
        "seen": repr(session.seen),
    }
    records = site.resources.cache.records("session")
    life = {"lives_seconds": 100.0, "now": session.created, "ends": session.ends}
    await records.create(tag, sha256(token.encode()).hexdigest(), first_fields, **life)
    former = site.browser()
    former.cookies["session"] = f"{tag}.{token}"
    listed = (await former.get("/api/v1/sessions")).json["sessions"]
    assert [(each["device"], each["place"]) for each in listed if each["current"]] == [("Firefox on Linux", "")]
    assert (await former.get("/settings")).status == 200
    assert (await former.patch("/api/v1/me/preferences", json={"theme": "dark"})).status == 200


async def test_a_session_of_a_newer_release_keeps_what_it_knows(start: Starts) -> None:
    """Through everything that this one does with it; and it is this one's that an older one sees less of."""
    clock = ShiftedClock()
    site = await start(clock)
    ada = await site.join()
    tag = tag_of(ada.browser)
    records = site.resources.cache.records("session")
    [(session_id, _)] = await records.list(tag)
    newer = {"from_the_future": "kept", "pref:font": "large"}
    await records.change(tag, session_id, newer)
    clock.shift = TOUCH_DUE_SECONDS
    for request in REQUESTS_OF_A_SESSION.values():
        assert (await request(ada.browser)).status in (200, 201)
    [(_, fields)] = await records.list(tag)
    assert newer.items() <= fields.items()
    assert float(fields["last_seen"]) - float(fields["created"]) >= TOUCH_DUE_SECONDS
    assert (await ada.me())["preferences"] == {"theme": "dark", "font": "large"}
