"""Changing a password and deleting an account while a store is away: 503, nothing half-done, and it heals by itself."""

import time
from contextlib import AsyncExitStack

import pytest
from door import door_to
from quiet_log import Expects
from sites import PASSWORD, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

STORES = {"redis": ("REDIS_URL", 1.0), "mongodb": ("MONGODB_URL", 2.5)}  # how long each is waited for
SLACK_SECONDS = 0.5  # for a machine that is busy with other tests
WRITES = {
    "password": ("PUT", "/api/v1/me/password", {"current": PASSWORD, "new": "a better one"}),
    "account": ("DELETE", "/api/v1/me", {"password": PASSWORD}),
}


async def test_an_outage_uses_up_no_attempts(start: Starts, variables: dict[str, str], expects: Expects) -> None:
    """Who tries until it works again finds their account open: nothing was wrong with the password."""
    expects("unavailable")
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(door_to(variables["MONGODB_URL"]))
        site = await start(MONGODB_URL=door.url, FAILED_LOGINS_PER_ACCOUNT="1")
        ada = await site.join()
        await door.shut()
        body = {"handle": ada.handle, "password": PASSWORD}
        for _ in range(2):
            assert (await site.browser().post("/api/v1/login", json=body)).status == 503
        await door.open()
        until = time.monotonic() + 3
        while (status := (await site.browser().post("/api/v1/login", json=body)).status) == 503:
            assert time.monotonic() < until
        assert status == 200


@pytest.mark.parametrize("fault", [f"{store} {how}" for store in STORES for how in ("shut", "stalled")])
@pytest.mark.parametrize("write", WRITES)
async def test_nothing_is_half_done_while_a_store_is_away(
    start: Starts, variables: dict[str, str], expects: Expects, write: str, fault: str
) -> None:
    """The cookie is kept, the password is what it was, the session lives on; and then it can be done."""
    expects("unavailable")
    store, how = fault.split()
    variable, waited_seconds = STORES[store]
    method, path, body = WRITES[write]
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(door_to(variables[variable]))
        site = await start(**{variable: door.url})
        ada = await site.join()
        phone = await site.log_in(ada.handle)
        if how == "shut":
            await door.shut()
        else:
            door.stall()
        asked = time.monotonic()
        answer = await ada.browser.ask(method, path, json=body)
        assert time.monotonic() - asked < waited_seconds + SLACK_SECONDS
        assert (answer.status, answer.headers["Retry-After"], answer.set_cookies) == (503, "2", {})
        await door.open()
        sees_again = time.monotonic() + 3
        while (await phone.browser.get("/api/v1/me")).status == 503:
            assert time.monotonic() < sees_again
        assert (await ada.me())["handle"] == (await phone.me())["handle"] == ada.handle
        assert (await site.log_in(ada.handle)).handle == ada.handle
        assert (await ada.browser.ask(method, path, json=body)).status < 300
        assert (await phone.browser.get("/api/v1/me")).status == 401
