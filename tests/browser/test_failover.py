"""The instance behind a real browser is killed: the next click works, still logged in, and the bar tells the move."""

import secrets
from collections.abc import Callable

import pytest
from desk import Desk
from fleet import end_suddenly
from playwright.sync_api import expect

from deploy.local import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def test_next_click_after_a_kill(stack: Stack, mode: str, open_desk: Callable[..., Desk]) -> None:
    """Three instances die in turn, each under the page it has just served."""
    desk = open_desk()
    desk.go("/signup")
    desk.sign_up(f"berta_{secrets.token_hex(4)}", "Berta Moves")
    desk.at("/board")
    composer = desk.show("composer")
    composer.get_by_label("Message").fill("Written before the fall.")
    desk.show("send").click()
    expect(desk.show("notice")).to_be_visible()
    desk.at("/board")
    for _ in range(3):
        died = desk.told("instance")
        end_suddenly(stack, died)
        desk.nav("Board", "/board")
        assert desk.told("instance") != died
        assert (desk.told("affinity"), desk.told("moved")) == (
            ("moved_down", "true") if mode == "sticky" else ("none", "false")
        )
        expect(desk.evidence.get_by_text("Moved", exact=True)).to_have_count(1 if mode == "sticky" else 0)
        expect(desk.show("card")).to_contain_text("Written before the fall.")
        stack.wait_ready(died)
    desk.nav("Settings", "/settings")
    assert desk.told("affinity") == ("kept" if mode == "sticky" else "none")
