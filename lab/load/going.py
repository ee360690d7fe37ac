"""How sessions are ended: by a log-out, after which an old tab may still ask, or from another device."""

import msgspec

from lab.load.account import JSON, Account
from lab.load.answers import THEME, Asker, Sent
from lab.load.device import Device


async def log_out(account: Account, device: Device, chance: float, at: float) -> bool:
    """With the last tab; False, and nothing is done, while there are others."""
    if device.visits > 1:
        return False
    asker, cookies = account.asker(device), dict(device.browser.cookies)
    request, _ = await account.ask(device, Sent("logout", "POST", "logout", "/api/v1/logout"), at)
    if request.outcome == "done" and chance < account.town.workload.late_share:
        await _ask_late(account, device, asker, cookies, request.ended)
    return True


async def _ask_late(account: Account, device: Device, asker: Asker, cookies: dict[str, str], at: float) -> None:
    """What a tab that was left open asks with the cookies of a session that has ended: it must not get it."""
    browser = device.browser.with_cookies(cookies)
    late = Asker(asker.user, f"{asker.browser}/late", asker.session)
    number = device.themes + 1
    body = msgspec.json.encode({"theme": f"theme {number}"})
    wrote = {THEME: number}
    path = "/api/v1/me/preferences"
    read = await account.ask_as(browser, late, Sent("read", "GET", "me", "/api/v1/me"), at)
    write = Sent("write", "PATCH", "preferences", path, body, JSON, wrote=wrote)
    await account.ask_as(browser, late, write, read.ended)


async def revoke(account: Account, device: Device, chance: float, at: float) -> None:
    """Ends the session of another device of this person; looks at the list only, if there is none."""
    others = [each for each in account.devices if each is not device and each.session]
    if not others:
        await account.read(device, "sessions", "/api/v1/sessions", at)
        return
    other = others[int(chance * len(others))]
    ended = other.session
    if not other.session_id:
        listed = await account.read(other, "sessions", "/api/v1/sessions", at)
        at = listed.ended
    if other.session == ended and other.session_id:
        path = f"/api/v1/sessions/{other.session_id}"
        await account.write(device, Sent("revoke", "DELETE", "session", path, ends=(ended,)), at)
