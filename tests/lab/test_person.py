"""A person signs up, writes with rising numbers, comes back, logs in elsewhere, and is out when they are out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from lab_small_workload import small_workload
from lab_stub_site import StubSite, stub_site

from lab.history import Request, now
from lab.load.account import Account
from lab.load.answers import THEME
from lab.load.browser import connected
from lab.load.device import Device
from lab.load.person import Person
from lab.load.plan import Step
from lab.load.town import Town


@dataclass
class _Met:
    """Somebody who signed up on the first of two devices; `requests` are theirs since."""

    site: StubSite
    person: Person
    requests: list[Request]

    @property
    def devices(self) -> list[Device]:
        return self.person.account.devices

    async def take(self, action: str, device: int = 0, chance: float = 0.0) -> bool:
        at = await self.person.account.come_in(self.devices[device], now())
        return at is not None and await self.person.take(self.devices[device], Step(0, action, chance), at)

    def last(self) -> Request:
        return self.requests[-1]


@asynccontextmanager
async def _somebody() -> AsyncIterator[_Met]:
    requests: list[Request] = []
    async with stub_site() as site, connected(site.url) as connections:
        town = Town(small_workload(content={"photo_share": 0}), "t", 1)
        account = Account(town, connections, town.handle(0), lambda request, _: requests.append(request))
        met = _Met(site, Person(account), requests)
        await account.sign_up(account.devices[0], now())
        assert (met.last().kind, met.last().route, met.last().session) == ("login", "signup", "t_0/0#1")
        requests.clear()
        yield met


@pytest.mark.asyncio
async def test_numbers_of_a_register_rise() -> None:
    """Those of the name with the person, those of the theme with the session."""
    async with _somebody() as met:
        for action in ("theme", "name", "theme", "name", "me"):
            await met.take(action)
        assert [each.wrote for each in met.requests[:4]] == [{THEME: 1}, {"name": 1}, {THEME: 2}, {"name": 2}]
        assert met.last().saw == {"name": 2, THEME: 2}
        await met.take("name", device=1)
        await met.take("theme", device=1)
        assert met.last().wrote == {THEME: 1}
        assert met.requests[-2].wrote == {"name": 3}
        assert len({each.key for each in met.requests if each.kind == "write"}) == 6


@pytest.mark.asyncio
async def test_one_write_of_a_register_is_under_way_at_a_time() -> None:
    """Another tab reads meanwhile, or nobody would know which of the two is newer."""
    async with _somebody() as met:
        met.site.delay_seconds = 0.05
        await asyncio.gather(*[met.take(action) for action in ("name", "name", "theme", "theme")])
        assert sorted(each.route for each in met.requests) == ["me", "me", "preferences", "profile"]


@pytest.mark.asyncio
async def test_a_second_device_logs_in_once() -> None:
    """Though two of its tabs are opened at the same time; its session is its own."""
    async with _somebody() as met:
        await asyncio.gather(met.take("me", device=1), met.take("board", device=1))
        assert [each.route for each in met.requests] == ["login", "me", "board"]
        assert {each.session for each in met.requests} == {"t_0/1#1"}


@pytest.mark.asyncio
async def test_whoever_logged_out_logs_in_when_they_come_back() -> None:
    """An old tab asks once more with the old cookies, and is let in nowhere."""
    async with _somebody() as met:
        await met.take("logout")
        assert [each.route for each in met.requests] == ["logout", "me", "preferences"]
        assert [each.outcome for each in met.requests] == ["done", "refused", "refused"]
        assert {each.session for each in met.requests} == {"t_0/0#1"}
        assert [each.browser for each in met.requests] == ["t_0/0", "t_0/0/late", "t_0/0/late"]
        met.requests.clear()
        await met.take("me")
        assert [(each.route, each.session, each.status) for each in met.requests] == [
            ("login", "t_0/0#2", 200),
            ("me", "t_0/0#2", 200),
        ]


@pytest.mark.asyncio
async def test_nobody_logs_out_while_another_tab_is_open() -> None:
    """The step is skipped."""
    async with _somebody() as met:
        met.devices[0].visits = 2
        assert not await met.take("logout")
        assert met.requests == []


@pytest.mark.asyncio
async def test_the_session_of_another_device_is_ended() -> None:
    """The history names it; that device finds out by its next request, and logs in after it."""
    async with _somebody() as met:
        await met.take("me", device=1)
        met.requests.clear()
        await met.take("revoke")
        assert [(each.route, each.browser, each.kind) for each in met.requests] == [
            ("sessions", "t_0/1", "read"),
            ("session", "t_0/0", "revoke"),
        ]
        assert (met.last().ends, met.last().outcome) == (("t_0/1#1",), "done")
        await met.take("me", device=1)
        assert (met.last().session, met.last().outcome) == ("t_0/1#1", "refused")
        await met.take("me", device=1)
        assert (met.last().session, met.last().outcome) == ("t_0/1#2", "done")
        await met.take("me")
        assert met.last().session == "t_0/0#1"


@pytest.mark.asyncio
async def test_a_change_of_the_password_ends_every_session_but_ones_own() -> None:
    """That goes on under another name, with its theme; the cookies of before are let in nowhere."""
    async with _somebody() as met:
        await met.take("me", device=1)
        await met.take("theme")
        met.requests.clear()
        await met.take("password", chance=0.5)
        change, *late = met.requests
        assert (change.kind, change.outcome, change.session) == ("revoke", "done", "t_0/0#1")
        assert change.ends == ("t_0/0#1", "t_0/1#1")
        assert [(each.browser, each.session, each.outcome) for each in late] == [
            ("t_0/0/late", "t_0/0#1", "refused"),
            ("t_0/0/late", "t_0/0#1", "refused"),
        ]
        await met.take("me")
        assert (met.last().session, met.last().saw[THEME]) == ("t_0/0#2", 1)
        await met.take("theme")
        assert met.last().wrote == {THEME: 2}
        await met.take("me", device=1)
        assert (met.last().session, met.last().outcome) == ("t_0/1#1", "refused")
        await met.take("me", device=1)
        assert (met.last().session, met.last().outcome) == ("t_0/1#2", "done")


@pytest.mark.asyncio
@pytest.mark.parametrize("was_done", [True, False])
async def test_after_a_change_whose_answer_was_lost_both_passwords_are_tried(was_done: bool) -> None:
    """Not for a while, since it may be done yet and end what has begun before that."""
    async with _somebody() as met:
        hook = "status_after" if was_done else "status_for"
        setattr(met.site, hook, lambda asked: 503 if asked.path.endswith("/password") else 0)
        await met.take("password")
        assert met.last().outcome == "unknown"
        await met.take("logout", chance=1)
        assert not await met.take("me")
        assert met.last().kind == "logout"
        routes = []
        for _ in range(2):
            met.devices[0].quiet_until = 0
            await met.take("me")
            routes.append((met.last().route, met.last().outcome))
        tried_twice = [("login", "refused"), ("me", "done")]
        assert routes == (tried_twice if was_done else [("me", "done")] * 2)


@pytest.mark.asyncio
async def test_a_password_that_is_refused_is_not_the_next_one_tried() -> None:
    """The change before was done, though its answer was lost."""
    async with _somebody() as met:
        met.site.status_after = lambda asked: 503 if asked.path.endswith("/password") else 0
        await met.take("password", chance=1)
        met.site.status_after = lambda asked: 0
        token = next(token for token, login in met.site.logins.items() if login.person.handle == "t_0")
        met.devices[0].browser.cookies["session"] = token
        await met.take("password", chance=1)
        await met.take("password", chance=1)
        assert [each.outcome for each in met.requests] == ["unknown", "refused", "done"]


@pytest.mark.asyncio
async def test_nobody_logs_in_while_the_password_is_changed() -> None:
    """Or nobody could say whether that session is one of those that were ended."""
    async with _somebody() as met:
        met.site.delay_seconds = 0.05
        await asyncio.gather(met.take("password", chance=1), met.take("me", device=1))
        assert [each.route for each in met.requests] == ["password", "login", "me"]
        assert met.requests[0].ends == ("t_0/0#1",)


@pytest.mark.asyncio
async def test_whoever_lost_the_cookie_of_their_session_logs_in() -> None:
    """A late answer to what a former session asked takes away the present one's."""
    async with _somebody() as met:
        met.site.status_for = lambda asked: 0
        account, device = met.person.account, met.devices[0]
        del device.browser.cookies["session"]
        device.session = "t_0/0#9"
        await account.read(device, "card", "/api/v1/cards/0123456789abcdef01234567", now())
        assert device.session == ""


@pytest.mark.asyncio
async def test_a_card_whose_answer_was_lost_is_sent_again_under_its_key() -> None:
    """And is there once; the next one is new."""
    async with _somebody() as met:
        met.site.status_for = lambda asked: 503 if asked.path.endswith("/cards") else 0
        await met.take("post", chance=0.1)
        met.site.status_for = lambda asked: 0
        await met.take("post", chance=0.2)
        await met.take("post", chance=0.3)
        first, second, third = met.requests
        assert (first.outcome, second.outcome) == ("unknown", "done")
        assert first.key == second.key != third.key
        assert len(met.site.cards) == 2
        assert {third.made[0], second.made[0]} == set(met.site.cards)


@pytest.mark.asyncio
async def test_who_is_told_to_wait_does_not_log_in_until_then() -> None:
    """The steps meanwhile are skipped."""
    async with _somebody() as met:
        met.site.status_for = lambda asked: 429 if asked.path.endswith("/login") else 0
        assert not await met.take("me", device=1)
        assert not await met.take("me", device=1)
        assert [each.status for each in met.requests] == [429]


@pytest.mark.asyncio
async def test_likes_and_own_cards_are_looked_for_later() -> None:
    """What was made is shown, or missed."""
    async with _somebody() as met:
        await met.take("post", chance=0.5)
        [card] = met.site.cards
        await met.take("like")
        await met.take("card")
        assert set(met.last().shown) == {card, f"like:{card}"}
        met.site.people["t_0"].liked.clear()
        await met.take("card")
        assert (met.last().shown, met.last().missing) == ((card,), (f"like:{card}",))
