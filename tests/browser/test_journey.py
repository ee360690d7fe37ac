"""Postcards as a new user meets it: in a real browser, through HAProxy, in both modes, on large and small screens."""

import re
import secrets
from collections.abc import Callable

import httpx
import pytest
from desk import PASSWORD, Desk
from photo import photo
from playwright.sync_api import Locator, expect

from deploy.local import Stack

FOLLOWED = 3
BETTER_PASSWORD = "wish I were there"
HOT_COPIES_OUTLIVE_SECONDS = 2.0
WEB = re.compile(r"web-[123]")

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def liked() -> set[str]:
    """The cards that people of this module liked: when they have left, each loses a like some seconds later."""
    return set()


@pytest.fixture
def journey(stack: Stack, mode: str, eventually: Callable[..., None], liked: set[str]) -> Callable[[Desk], None]:
    """All that a person does, from the first page to their leaving."""

    def make(desk: Desk) -> None:
        handle = f"anna_{secrets.token_hex(4)}"
        _arrive(desk, mode)
        _sign_up(desk, handle)
        _log_out_and_in(desk, handle)
        _put_up_an_avatar(desk)
        _follow_three(desk)
        _write_a_card(desk)
        _like(desk, liked)
        _open_a_card_and_a_person(desk)
        _end_another_session(desk, stack.url, handle, eventually)
        _change_password(desk)
        _leave(desk)

    return make


@pytest.mark.parametrize("width", [1280, 360])
def test_everything_a_person_does(open_desk: Callable[..., Desk], journey: Callable[[Desk], None], width: int) -> None:
    """Sign up, log out and in, avatar, people, a card with a photo, likes, sessions, another password, good-bye."""
    journey(open_desk(width=width))


@pytest.mark.parametrize("any_stack", ["on"], indirect=True)  # the pages are the same in both modes
def test_everything_works_without_scripts(open_desk: Callable[..., Desk], journey: Callable[[Desk], None]) -> None:
    """The same in a browser that runs no JavaScript."""
    journey(open_desk(scripted=False))


def _arrive(desk: Desk, mode: str) -> None:
    desk.go("/")
    expect(desk.page.get_by_role("heading", name="Wish you were here")).to_be_visible()
    assert int(desk.show("visits").get_attribute("data-visits") or 0) > 0
    assert WEB.fullmatch(desk.told("instance"))
    assert desk.told("mode") == mode
    assert desk.told("session-tier") == "none"
    assert _is_loaded(desk.show("cards").get_by_test_id("card").locator("img[width]").first)
    desk.evidence.get_by_text("Details").click()
    expect(desk.evidence.get_by_text("served this page")).to_be_visible()


def _sign_up(desk: Desk, handle: str) -> None:
    """First wrong: the form comes back, says beside the field what is wrong, and keeps what was typed."""
    desk.go("/signup")
    with desk.watch.expecting(422):
        desk.sign_up("Not A Handle!", "Anna")
        expect(desk.show("error-handle")).to_contain_text("lower-case")
    expect(desk.page.get_by_label("Handle")).to_have_attribute("aria-invalid", "true")
    expect(desk.page.get_by_label("Handle")).to_have_value("Not A Handle!")
    expect(desk.page.get_by_label("Your name")).to_have_value("Anna")
    with desk.watch.expecting(422):
        desk.sign_up(handle, "Anna", password="short")
        expect(desk.show("error-password")).to_contain_text("At least")
    desk.sign_up(handle, "Anna Journey")
    desk.at("/board")
    expect(desk.show("empty")).to_contain_text("No cards yet")


def _log_out_and_in(desk: Desk, handle: str) -> None:
    """Out, in with a wrong password, in; a page that needs a log-in comes after it."""
    desk.nav("Log out", "/")
    expect(desk.show("notice")).to_have_text("You are logged out.")
    desk.page.goto(f"{desk.page.url.rsplit('/', 1)[0]}/settings")
    desk.at("/login")
    with desk.watch.expecting(401):
        desk.log_in(handle, "not the password")
        expect(desk.show("error-password")).to_be_visible()
    desk.log_in(handle)
    desk.at("/settings")
    assert desk.told("session-tier") in ("redis", "hot")


def _put_up_an_avatar(desk: Desk) -> None:
    """A text file is refused with a sentence; a picture goes up and is shown."""
    form = desk.show("avatar-form")
    field, button = form.get_by_label("New picture"), form.get_by_role("button", name="Use this picture")
    field.set_input_files({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"})
    with desk.watch.expecting(422):
        button.click()
        expect(desk.show("error-avatar")).to_be_visible()
    field.set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": photo(200)})
    button.click()
    desk.at("/settings")
    expect(desk.show("notice")).to_have_text("Your new picture is up.")
    assert _is_loaded(desk.page.locator(".avatar-now img"))


def _follow_three(desk: Desk) -> None:
    desk.nav("People", "/people")
    for n in range(FOLLOWED):
        button = desk.show("person").nth(n).get_by_test_id("follow-button")
        expect(button).to_contain_text("Follow")
        button.click()
        expect(button).to_have_attribute("data-following", "true")
        expect(button).to_contain_text("Unfollow")
    desk.at("/people")


def _write_a_card(desk: Desk) -> None:
    """An empty one is refused; one with a photo is on the board at once, above what the three have sent."""
    desk.nav("Board", "/board")
    others = desk.show("card").count()
    assert others >= FOLLOWED
    words = f"Greetings {secrets.token_hex(4)}"
    composer = desk.show("composer")
    composer.get_by_label("Message").fill("   ")
    with desk.watch.expecting(422):
        desk.show("send").click()
        expect(desk.show("error-text")).to_be_visible()
    composer.get_by_label("Message").fill(words)
    composer.get_by_label("Photo").set_input_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo(30)})
    desk.show("send").click()
    expect(desk.show("notice")).to_have_text("Your card is on its way.")
    desk.at("/board")
    card = desk.show("card").filter(has_text=words)
    expect(card).to_have_count(1)
    expect(card.get_by_text("Yours")).to_be_visible()
    assert _is_loaded(card.locator(".card-picture img"))
    assert desk.told("board-tier") in ("hot", "redis", "load")


def _like(desk: Desk, liked: set[str]) -> None:
    """The count rises, and with scripts the page stays where it is."""
    desk.page.evaluate("window.untouched = true")
    others = desk.page.locator("article:not(:has-text('Yours'))").all()
    card_ids = [each.get_attribute("data-card-id") or "" for each in others]
    card_id = next(each for each in card_ids if each not in liked)
    liked.add(card_id)
    card = desk.page.locator(f"#card-{card_id}")
    likes = int(card.get_by_test_id("like-count").inner_text())
    card.get_by_test_id("like-button").click()
    expect(card.get_by_test_id("like-button")).to_have_attribute("aria-pressed", "true")
    expect(card.get_by_test_id("like-count")).to_have_text(str(likes + 1))
    assert bool(desk.page.evaluate("window.untouched")) == desk.scripted
    desk.nav("Board", "/board")
    expect(card.get_by_test_id("like-button")).to_have_attribute("aria-pressed", "true")
    expect(card.get_by_test_id("like-count")).to_have_text(str(likes + 1))


def _open_a_card_and_a_person(desk: Desk) -> None:
    card = desk.page.locator("article:not(:has-text('Yours'))").first
    card_id, author = card.get_attribute("data-card-id"), card.get_by_role("heading").inner_text()
    card.get_by_role("link", name="Open this card").locator("time").click()
    desk.at(f"/cards/{card_id}")
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text(author)
    desk.page.get_by_role("heading", level=1).get_by_role("link").click()
    expect(desk.show("profile")).to_contain_text(author)
    expect(desk.show("profile").get_by_test_id("follow-button")).to_contain_text("Unfollow")


def _end_another_session(desk: Desk, url: str, handle: str, eventually: Callable[..., None]) -> None:
    """Logged in on a second device; that one is logged out from here, and this one is not."""
    with httpx.Client(base_url=url) as other:
        other.post("/api/v1/login", json={"handle": handle, "password": PASSWORD}).raise_for_status()
        assert other.get("/api/v1/me").status_code == 200
        desk.nav("Settings", "/settings")
        expect(desk.show("session")).to_have_count(2)
        place = desk.page.locator("[data-testid=session][data-current=true]").get_by_test_id("place")
        expect(place).to_have_text("Vienna, Europe (en-GB)" if desk.scripted else "en-GB")
        desk.page.locator("[data-testid=session][data-current=false]").get_by_test_id("revoke").click()
        expect(desk.show("session")).to_have_count(1)
        expect(desk.show("notice")).to_have_text("Signed out there.")
        eventually(lambda: other.get("/api/v1/me").status_code == 401, HOT_COPIES_OUTLIVE_SECONDS)


def _change_password(desk: Desk) -> None:
    """With a wrong one first."""
    form = desk.show("password-form")
    for current in ("not the password", PASSWORD):
        form.get_by_label("Your password").fill(current)
        form.get_by_label("New password").fill(BETTER_PASSWORD)
        with desk.watch.expecting(403):
            form.get_by_role("button", name="Change password").click()
            expect(desk.show("error-current" if current != PASSWORD else "notice")).to_be_visible()
    expect(desk.show("notice")).to_contain_text("Your password is changed")


def _leave(desk: Desk) -> None:
    """For good."""
    form = desk.show("leave-form")
    form.get_by_label("Your password").fill(BETTER_PASSWORD)
    form.get_by_role("button", name="Delete my account").click()
    desk.at("/")
    expect(desk.show("notice")).to_contain_text("Your account is deleted.")
    expect(desk.page.get_by_role("navigation", name="Main").get_by_text("Log in")).to_be_visible()


def _is_loaded(image: Locator) -> bool:
    image.scroll_into_view_if_needed()
    return bool(image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))
