"""Somebody's account and devices: how it is got into, and how each of its requests is sent and noted.

An account with the handle "" is nobody: it reads what anybody may, and never logs in.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from lab.history import Request
from lab.load.answers import Asker, Sent, Shown, request_of, was_turned_away
from lab.load.browser import Browser, Connections, Reply
from lab.load.device import Device, retry_seconds
from lab.load.town import Town

PASSWORD: Final = "a postcard from nowhere"  # noqa: S105  # of made-up people
MOST_MARKS: Final = 5000  # cards and likes of one person that are looked for later
JSON: Final = {"Content-Type": "application/json"}

Note = Callable[[Request, float], None]
"""Hears of each request, and when it was meant to be sent."""


class Account:
    """`name` names its devices in the history, which are given their browsers by `connections`."""

    def __init__(
        self, town: Town, connections: Connections, handle: str, note: Note, *, name: str = "", devices: int = 2
    ) -> None:
        self.handle = handle
        self.town = town
        self._note = note
        self._keys = 0
        self._marks: dict[str, None] = {}
        self._passwords = deque([PASSWORD])  # what it is is in doubt if there are several; the likeliest comes first
        names = [f"{name or handle}/{n}" for n in range(devices)]
        self.devices = [
            Device(each, Browser(connections, f"HotseatLab device {n}", town.wandering(each)))
            for n, each in enumerate(names)
        ]

    async def sign_up(self, device: Device, at: float) -> Reply:
        """An account, and the first session of this device. `at`: when it was meant to happen, as everywhere here."""
        return await self._enter(device, "signup", {"name": "Name 0"}, at)

    async def log_in(self, device: Device, at: float) -> Reply:
        return await self._enter(device, "login", {}, at)

    async def come_in(self, device: Device, at: float) -> float | None:
        """Logs in unless this device is logged in; from when on one can go on, None if not for now."""
        if not self.handle or device.session:
            return at
        async with device.entrance:
            return await self._come_in(device, at)

    async def read(self, device: Device, route: str, path: str, at: float) -> Request:
        request, shown = await self.ask(device, Sent("read", "GET", route, path), at)
        if shown.current_session and device.session == request.session:
            device.session_id = shown.current_session
        return request

    async def write(self, device: Device, sent: Sent, at: float, body: Mapping[str, str] | None = None) -> Request:
        """Under a key of its own."""
        key = self.new_key()
        headers = {"Idempotency-Key": key, **({} if body is None else JSON)}
        content = b"" if body is None else msgspec.json.encode(body)
        request, _ = await self.ask(device, sent.carrying(content, headers, key), at)
        return request

    async def ask(self, device: Device, sent: Sent, at: float) -> tuple[Request, Shown]:
        """As this device is logged in now; it is logged out if the answer says so."""
        asker = self.asker(device)
        reply = await device.browser.ask(sent.method, sent.path, sent.body, sent.headers)
        request, shown = request_of(sent, reply, asker)
        if was_turned_away(reply, sent) and device.session == asker.session:
            device.session = ""
        if not device.browser.holds("session"):  # what ends a former session takes away the cookie of the present one
            device.session = ""
        self.town.learn(shown.cards)
        self._remember(request.made)
        self._note(request, at)
        return request, shown

    async def ask_as(self, browser: Browser, asker: Asker, sent: Sent, at: float) -> Request:
        """With whatever this browser holds; changes nothing that is known of the devices."""
        reply = await browser.ask(sent.method, sent.path, sent.body, sent.headers)
        request, _ = request_of(sent, reply, asker)
        self._note(request, at)
        return request

    @property
    def password(self) -> str:
        return self._passwords[0]

    def password_is(self, password: str) -> None:
        self._passwords = deque([password])

    def password_may_be(self, password: str) -> None:
        """An answer was lost."""
        self._passwords.append(password)

    def password_is_another(self) -> None:
        """The likeliest was refused."""
        self._passwords.rotate(-1)

    def asker(self, device: Device) -> Asker:
        return Asker(self.handle, device.name, device.session, self._marks)

    def _remember(self, made: tuple[str, ...]) -> None:
        for each in made:
            self._marks[each] = None
        while len(self._marks) > MOST_MARKS:
            del self._marks[next(iter(self._marks))]

    def new_key(self) -> str:
        self._keys += 1
        return f"{self.handle}-{self._keys}"

    async def _come_in(self, device: Device, at: float) -> float | None:
        if device.session:  # another tab logged in meanwhile
            return at
        if at < device.quiet_until:
            return None
        reply = await self.log_in(device, at)
        return reply.ended if device.session else None

    async def _enter(self, device: Device, route: str, more: Mapping[str, str], at: float) -> Reply:
        device.log_ins += 1
        asker = Asker(self.handle, device.name, f"{device.name}#{device.log_ins}")
        body = msgspec.json.encode({"handle": self.handle, "password": self.password, **more})
        sent = Sent("login", "POST", route, f"/api/v1/{route}", body, JSON)
        reply = await device.browser.ask(sent.method, sent.path, sent.body, sent.headers)
        request, _ = request_of(sent, reply, asker)
        if request.outcome == "done":
            device.begin_session()
        else:
            device.quiet_until = reply.ended + retry_seconds(reply)
        if reply.status == 401:
            self.password_is_another()
        self._note(request, at)
        return reply
