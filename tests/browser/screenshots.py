"""Draws the pictures of every page anew: a stack of its own with the default content, in Chromium.

Pages show how long ago something was, and which instance answered, so two runs differ in such words.
"""

import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx
from chromium import chromium
from PIL import Image
from playwright.sync_api import Browser, Page

from deploy.local import Programs, Stack

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WEBP_QUALITY = 80
HANDLE, PASSWORD = "ada", "postcards"
VISITS = 1284
MOST_LOOKS = 8
# Scrollbars are not drawn in pictures; neither should be the room kept for them.
NO_GUTTER = "html { scrollbar-gutter: auto }"
SCREENS = {"": (1280, 860, 1.5), "-small": (360, 760, 2.0)}  # name's end: width, height, pixels per unit


@dataclass(frozen=True)
class Shot:
    """A page to show. `path` None is the card at the top of the board."""

    name: str
    path: str | None
    member: bool = True
    scheme: str = "light"


SHOTS = (
    Shot("front", "/", member=False),
    Shot("front-dark", "/", member=False, scheme="dark"),
    Shot("board", "/board"),
    Shot("board-dark", "/board", scheme="dark"),
    Shot("card", None),
    Shot("profile", f"/people/{HANDLE}"),
    Shot("people", "/people"),
    Shot("settings", "/settings"),
    Shot("signup", "/signup", member=False),
    Shot("login", "/login", member=False),
    Shot("not-found", "/people/nobody_here"),
)
AWAY = Shot("away", "/people", member=False)


def main() -> None:
    environ = {**os.environ, "STICKY_MODE": "on", "HTTP_PORT": "0"}
    program = Programs.of(environ).need("chromium")["chromium"]
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "run", environ)
        try:
            stack.up()
            subprocess.run([sys.executable, "-m", "hotseat", "seed"], env=stack.environ_of("web-1"), check=True)
            with httpx.Client(base_url=stack.url) as visitors:
                for _ in range(VISITS):
                    visitors.post("/api/v1/visits")
            with chromium(program) as browser:
                for shot in SHOTS:
                    for end in SCREENS:
                        _take(browser, stack.url, shot, end)
                stack.stop("mongodb")
                for end in SCREENS:
                    _take(browser, stack.url, AWAY, end)
        finally:
            stack.down()


def _take(browser: Browser, url: str, shot: Shot, end: str) -> None:
    width, height, scale = SCREENS[end]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme=shot.scheme,
        reduced_motion="reduce",
        is_mobile=end == "-small",
        bypass_csp=True,  # for NO_GUTTER
    )
    page = context.new_page()
    page.goto("/login")  # fonts are kept from here on: the first page of a slow moment does without them
    if shot.member:
        page.get_by_test_id("login").get_by_label("Handle").fill(HANDLE)
        page.get_by_test_id("login").get_by_label("Password").fill(PASSWORD)
        page.get_by_test_id("login").get_by_role("button", name="Log in").click()
        page.wait_for_url("**/board")
    path = shot.path or f"/cards/{page.locator('.card-photo').first.get_attribute('data-card-id')}"
    for _ in range(MOST_LOOKS):  # until it is warm, as for somebody who has been there a while
        page.goto(path)
        if page.get_by_test_id("evidence").get_attribute("data-session-tier") in ("hot", "none"):
            break
    page.wait_for_load_state("networkidle")
    page.add_style_tag(content=NO_GUTTER)
    _write(page, IMAGES / f"{shot.name}{end}.webp")
    context.close()


def _write(page: Page, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.save(file, "WEBP", quality=WEBP_QUALITY, method=6)


if __name__ == "__main__":
    main()
