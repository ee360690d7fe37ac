"""How sessions are ended: by a log-out, from another device, or by a change of the password.

After a log-out or a change an old tab may still ask with the cookies of before.
"""

from contextlib import AsyncExitStack
from typing import Final

import msgspec

from lab.load.account import JSON, PASSWORD, Account
from lab.load.answers import THEME, Asker, Sent
from lab.load.device import Device

WRONG_PASSWORD: Final = 403
LATEST_SECONDS: Final = 10.0  # after that nothing comes any more of a request whose answer was lost


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


async def change_password(account: Account, device: Device, chance: float, at: float) -> None:
    """This device's session goes on under another id, every other one ends; nobody logs in meanwhile."""
    async with AsyncExitStack() as closed:
        for each in account.devices:
            await closed.enter_async_context(each.entrance)
        if not device.session:  # it ended while this was waited for
            return
        asker, cookies = account.asker(device), dict(device.browser.cookies)
        ends = tuple([each.session for each in account.devices if each.session])
        key = account.new_key()
        new = f"{PASSWORD} {key}"
        body = msgspec.json.encode({"current": account.password, "new": new})
        sent = Sent("revoke", "PUT", "password", "/api/v1/me/password", ends=ends)
        request, _ = await account.ask(device, sent.carrying(body, {"Idempotency-Key": key, **JSON}, key), at)
        match request.outcome:
            case "done":
                account.password_is(new)
                device.renew_session()
            case "unknown":  # it may be done yet, and end what is begun before that
                account.password_may_be(new)
                for each in account.devices:
                    each.quiet_until = max(each.quiet_until, request.ended + LATEST_SECONDS)
            case "refused" if request.status == WRONG_PASSWORD:
                account.password_is_another()
    if request.outcome == "done" and chance < account.town.workload.late_share:
        await _ask_late(account, device, asker, cookies, request.ended)
