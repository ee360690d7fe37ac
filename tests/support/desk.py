"""A browser window on Postcards, used as a person does: by what is written on buttons, links and fields."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect
from watch import Watch

PASSWORD = "wish you were here"


class Desk:
    """One page in one browser context. `scripted`: JavaScript is on. Each arrival at a page is checked."""

    def __init__(self, page: Page, url: str, watch: Watch, *, scripted: bool, arrived: Callable[[], None]) -> None:
        self.page = page
        self.watch = watch
        self.scripted = scripted
        self._url = url
        self._arrived = arrived

    def go(self, path: str) -> None:
        self.page.goto(self._url + path)
        self.at(path)

    def at(self, path: str) -> None:
        """The page arrived at, whole, its evidence shown, and not wider than the window."""
        self.page.wait_for_url(lambda url: url.removeprefix(self._url).partition("?")[0] == path.partition("?")[0])
        self.page.wait_for_load_state("load")
        expect(self.page.get_by_role("main")).to_be_visible()
        expect(self.evidence).to_be_visible()
        widths = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1], f"{path} is {widths[0]} px wide in a window of {widths[1]} px"
        self._arrived()

    def click(self, role: Any, name: str, **where: Any) -> None:
        self.page.get_by_role(role, name=name, **where).first.click()

    def nav(self, name: str, path: str) -> None:
        """Follows a link of the main navigation."""
        self.page.get_by_role("navigation", name="Main").get_by_text(name, exact=True).click()
        self.at(path)

    def show(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    @property
    def evidence(self) -> Locator:
        return self.page.get_by_test_id("evidence")

    def told(self, what: str) -> str:
        """What the evidence bar tells: about instance, mode, session-tier, board-tier, affinity or moved."""
        return self.evidence.get_attribute(f"data-{what}") or ""

    def sign_up(self, handle: str, name: str, password: str = PASSWORD) -> None:
        form = self.show("signup")
        form.get_by_label("Your name").fill(name)
        form.get_by_label("Handle").fill(handle)
        form.get_by_label("Password").fill(password)
        form.get_by_role("button", name="Create your account").click()

    def log_in(self, handle: str, password: str = PASSWORD) -> None:
        form = self.show("login")
        form.get_by_label("Handle").fill(handle)
        form.get_by_label("Password").fill(password)
        form.get_by_role("button", name="Log in").click()
