"""A simulated person: signs up, reads, writes, leaves, comes back, logs in elsewhere, ends sessions.

There may be several visits at once in one browser, as tabs. Numbers of a register rise, and one write of it is under
way at a time, so that what is newer is known. A card whose answer was lost is sent again later under its key.
"""

from random import Random
from typing import Final

import msgspec

from lab.load import going
from lab.load.account import Account
from lab.load.answers import THEME, Sent, like_of
from lab.load.device import Device
from lab.load.plan import Step

OWN_PROFILE: Final = 0.2  # of the profiles looked at
_BOUNDARY: Final = "postcard-from-the-lab"


class Person:
    """What somebody does with their account, step by step. `at` is when it was meant to be done."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._town = account.town
        self._names = 0
        self._name_under_way = False

    async def take(self, device: Device, step: Step, at: float) -> bool:
        """One step of a visit; False if there was nothing to do: a log-out while another tab is open."""
        match step.action:
            case "logout":
                return await going.log_out(self.account, device, step.chance, at)
            case "revoke":
                await going.revoke(self.account, device, step.chance, at)
            case "password":
                await going.change_password(self.account, device, step.chance, at)
            case "theme" if not device.theme_under_way:
                await self._write_theme(device, at)
            case "name" if not self._name_under_way:
                await self._write_name(device, at)
            case "post":
                await self.post(device, step.chance, at)
            case "like" if card := self._town.card(step.chance):
                sent = Sent("write", "PUT", "like", f"/api/v1/cards/{card}/like", made=(like_of(card),))
                await self.account.write(device, sent, at)
            case "follow":
                await self.follow(device, self._town.person(step.chance), at)
            case _:
                route, path = self._page(step)
                await self.account.read(device, route, path, at)
        return True

    async def post(self, device: Device, chance: float, at: float) -> None:
        """A new card, or one whose answer was lost."""
        if device.doubtful:
            key, body, content_type = device.doubtful.popleft()
        else:
            key = self.account.new_key()
            body, content_type = self._new_card(key, Random(chance))  # noqa: S311  # a card's text is no secret
        headers = {"Idempotency-Key": key, "Content-Type": content_type}
        sent = Sent("write", "POST", "cards", "/api/v1/cards").carrying(body, headers, key)
        request, _ = await self.account.ask(device, sent, at)
        if request.outcome == "unknown":
            device.doubtful.append((key, body, content_type))

    async def follow(self, device: Device, person: int, at: float) -> None:
        """Follows somebody; the next one, if that is oneself."""
        handle = self._town.handle(person)
        if handle == self.account.handle:
            handle = self._town.handle((person + 1) % self._town.workload.users)
        await self.account.write(device, Sent("write", "PUT", "follow", f"/api/v1/people/{handle}/follow"), at)

    async def _write_theme(self, device: Device, at: float) -> None:
        device.themes += 1
        device.theme_under_way = True
        wrote = {THEME: device.themes}
        sent = Sent("write", "PATCH", "preferences", "/api/v1/me/preferences", wrote=wrote)
        try:
            await self.account.write(device, sent, at, {"theme": f"theme {device.themes}"})
        finally:
            device.theme_under_way = False

    async def _write_name(self, device: Device, at: float) -> None:
        self._names += 1
        self._name_under_way = True
        sent = Sent("write", "PUT", "profile", "/api/v1/me", wrote={"name": self._names})
        try:
            await self.account.write(device, sent, at, {"name": f"Name {self._names}", "bio": ""})
        finally:
            self._name_under_way = False

    def _page(self, step: Step) -> tuple[str, str]:
        """What to read: route and path. One's own account, where what was planned cannot be done just now."""
        match step.action:
            case "card" if card := self._town.card(step.chance):
                return "card", f"/api/v1/cards/{card}"
            case "person":
                return "person", f"/api/v1/people/{self._somebody(step.chance)}"
            case "board" | "sessions":
                return step.action, f"/api/v1/{step.action}"
            case "page":
                return "page", "/board"
            case "front":
                return "front", "/"
        return ("me", "/api/v1/me") if self.account.handle else ("front", "/")

    def _somebody(self, chance: float) -> str:
        if not self.account.handle:
            return self._town.handle(self._town.person(chance))
        if chance < OWN_PROFILE:
            return self.account.handle
        return self._town.handle(self._town.person((chance - OWN_PROFILE) / (1 - OWN_PROFILE)))

    def _new_card(self, mark: str, chance: Random) -> tuple[bytes, str]:
        """The body of a new card, and its content type."""
        text, photo = self._town.text(mark, chance), self._town.photo(chance)
        if photo is None:
            return msgspec.json.encode({"text": text}), "application/json"
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n--{_BOUNDARY}\r\n'
        head += 'Content-Disposition: form-data; name="photo"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        body = head.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return body, f"multipart/form-data; boundary={_BOUNDARY}"
