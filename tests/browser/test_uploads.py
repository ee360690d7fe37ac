"""Uploads over a slow line, as a person sees them: how far it is, a way to call it off, and nothing typed is lost."""

import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from desk import Desk
from fleet import web_names
from photo import photo
from playwright.sync_api import Locator, expect

from deploy.local import Stack
from lab.testbed.line import Line, Way
from lab.testbed.wires import Wires, open_wires

# Each machine takes millions of bytes from a program before any is on the way, so the picture is larger than that.
PICTURE = photo(30) + b"\0" * 9_000_000
BYTES_PER_SECOND = 500_000

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(240)]


@pytest.fixture
def line(stack: Stack) -> Iterator[Wires]:
    """The line between the browser and HAProxy."""
    with open_wires() as wires:
        wires.open("browser", "127.0.0.1", urlsplit(stack.url).port or 80)
        yield wires


@pytest.fixture
def desk(open_desk: Callable[..., Desk], line: Wires) -> Desk:
    """Somebody on their board, on a phone."""
    desk = open_desk(width=360, url=f"http://127.0.0.1:{line.port('browser')}")
    desk.go("/signup")
    desk.sign_up(f"anna_{secrets.token_hex(4)}", "Anna Slow")
    desk.at("/board")
    return desk


def begin(desk: Desk, words: str) -> Locator:
    """Sends a card with a large photo; the composer."""
    composer = desk.show("composer")
    composer.get_by_label("Message").fill(words)
    composer.get_by_label("Photo").set_input_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": PICTURE})
    desk.show("send").click()
    return composer


def held_bytes(stack: Stack) -> float:
    """What all web processes hold of uploads."""
    return sum(
        float(line.split()[1])
        for name in web_names(stack)
        for line in urlopen(f"http://{stack.admin_address(name)}/metrics", timeout=5).read().decode().splitlines()
        if line.startswith("hotseat_upload_bytes ")
    )


def test_an_upload_shows_how_far_it_is_and_can_be_called_off(
    stack: Stack, desk: Desk, line: Wires, eventually: Callable[..., None]
) -> None:
    """By keyboard too. Nothing of it is kept, what was typed is, and sending it again makes one card."""
    words = f"Slowly {secrets.token_hex(4)}"
    line.change(["browser"], Line(there=Way(bytes_per_second=BYTES_PER_SECOND)))
    composer = begin(desk, words)
    bar, stop = composer.get_by_role("progressbar", name="Upload"), desk.show("stop-sending")
    expect(bar).to_be_visible()
    eventually(lambda: 0 < float(bar.evaluate("bar => bar.value")) < 100)
    eventually(lambda: held_bytes(stack) > len(PICTURE))
    stop.focus()
    desk.page.keyboard.press("Enter")
    expect(composer.get_by_role("status")).to_contain_text("Cancelled")
    line.cut(["browser"])  # the machine's own buffers hold the rest of it, and would deliver it all the same
    line.make_plain()
    expect(bar).to_be_hidden()
    expect(stop).to_be_hidden()
    expect(desk.show("send")).to_be_focused()
    expect(composer.get_by_label("Message")).to_have_value(words)
    eventually(lambda: held_bytes(stack) == 0)
    desk.page.reload()
    expect(desk.show("card").filter(has_text=words)).to_have_count(0)
    begin(desk, words)
    expect(desk.show("notice")).to_have_text("Your card is on its way.")
    expect(desk.show("card").filter(has_text=words)).to_have_count(1)


def test_a_refusal_of_the_server_stands_beside_the_field(desk: Desk) -> None:
    """What the browser took for a picture and the server does not; the words stay, though they come behind it."""
    composer = desk.show("composer")
    composer.get_by_label("Message").fill("These words stay.")
    wrong = {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all" * 50_000}
    composer.get_by_label("Photo").set_input_files(wrong)
    with desk.watch.expecting(422):
        desk.show("send").click()
        expect(desk.show("error-photo")).to_contain_text("not a picture")
    expect(composer.get_by_label("Message")).to_have_value("These words stay.")
    expect(composer.get_by_role("progressbar")).to_have_count(0)
