"""What people do at a small site, so that each promise is put to the test."""

from checked.driver import Browser, Driver
from checked.site import B_SECONDS


async def whole_journey(driver: Driver) -> None:
    """Everything below, by users of their own."""
    await write_and_read(driver)
    await go_to_and_fro(driver)
    await look_from_elsewhere(driver)
    await end_sessions(driver)
    await send_again(driver)
    await lose_an_instance(driver)


async def write_and_read(driver: Driver) -> None:
    """Two people write, read, and read again once every copy is gone."""
    for user in ("alice", "bob"):
        browser = await _newcomer(driver, user)
        await browser.set_name(1)
        await browser.set_theme(1)
        await browser.me()
        await browser.add_card(f"{user}-1")
        await browser.card(driver.history.requests[-1].made[0])
        driver.later(2 * B_SECONDS)
        await browser.me()


async def go_to_and_fro(driver: Driver) -> None:
    """One browser is sent to another instance, and back to where an old copy is held."""
    browser = await _newcomer(driver, "carol")
    await browser.set_theme(1)
    await browser.me()
    browser.at = 1
    await browser.set_theme(2)
    await browser.me()
    browser.at = 0
    await browser.me()


async def look_from_elsewhere(driver: Driver) -> None:
    """One device writes; another, which holds a copy at its instance, looks before and after B."""
    first = await _newcomer(driver, "dave")
    second = driver.browser("dave", "dave-phone")
    second.at = 1
    await second.log_in()
    await second.me()
    await first.set_name(1)
    await first.me()
    await second.me()
    driver.later(B_SECONDS + 0.1)
    await second.me()
    await first.me()


async def end_sessions(driver: Driver) -> None:
    """A log-out and a revoke, with cookies that somebody goes on to use."""
    first = await _newcomer(driver, "erin")
    second = driver.browser("erin", "erin-phone")
    second.at = 1
    await second.log_in()
    await second.me()
    await first.revoke(second.session)
    await second.set_name(7)
    await second.me()
    driver.later(B_SECONDS + 0.1)
    await second.me()
    await first.me()
    await first.log_out(keep_cookie=True)
    await first.me()
    await first.add_card("erin-late")


async def send_again(driver: Driver) -> None:
    """A card whose answer was lost is sent again under its key."""
    browser = await _newcomer(driver, "frank")
    await browser.me()
    await browser.add_card("frank-1", heard=False)
    await browser.add_card("frank-1")
    await browser.me()


async def lose_an_instance(driver: Driver) -> None:
    """An instance is killed, and its user goes on."""
    browser = await _newcomer(driver, "grace")
    browser.at = 2
    await browser.me()
    await driver.kill(2)
    await browser.me()


async def _newcomer(driver: Driver, user: str) -> Browser:
    browser = driver.browser(user, f"{user}-laptop")
    await browser.sign_up()
    return browser
