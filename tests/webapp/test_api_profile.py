"""One's own profile and picture."""

import asyncio
import io
import threading

import pytest
from photo import photo
from PIL import Image
from sites import Site

from webapp.pictures import MAX_BYTES, Picture, process_avatar

pytestmark = pytest.mark.gen_test(timeout=30)


def png(width: int, height: int) -> bytes:
    """All one colour: tiny as a file, whatever its size in pixels."""
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


async def test_a_profile_is_changed_and_everybody_sees_it(site: Site) -> None:
    """Name and bio, with white space around them cut off."""
    ada, bob = await site.join(), await site.join()
    answer = await ada.browser.put("/api/v1/me", json={"name": " Ada Lovelace ", "bio": "Wish you were here.\n"})
    assert (answer.status, answer.json["name"], answer.json["bio"]) == (200, "Ada Lovelace", "Wish you were here.")
    seen = (await bob.browser.get(f"/api/v1/people/{ada.handle}")).json["person"]
    assert (seen["name"], seen["bio"]) == ("Ada Lovelace", "Wish you were here.")


async def test_a_bio_that_is_left_out_is_empty(site: Site) -> None:
    """PUT replaces the whole profile."""
    ada = await site.join()
    await ada.browser.put("/api/v1/me", json={"name": "Ada", "bio": "something"})
    answer = await ada.browser.put("/api/v1/me", json={"name": "Ada"})
    assert answer.json["bio"] == ""


async def test_nobody_changes_a_profile_without_a_session(site: Site) -> None:
    """401, and the body is not even looked at."""
    answer = await site.browser().put("/api/v1/me", body=b"not json")
    assert answer.status == 401


@pytest.mark.usefixtures("bucket")
async def test_a_picture_is_put_up_and_served(site: Site) -> None:
    """It is cut square, encoded anew and shown under an address of its own."""
    ada = await site.join()
    answer = await ada.browser.put("/api/v1/me/avatar", body=photo())
    key = answer.json["avatar"]
    assert answer.status == 200
    assert (await ada.me())["avatar"] == key
    shown = await site.browser().get(f"/media/{key}")
    assert shown.media_type == "image/webp"
    with Image.open(io.BytesIO(shown.body)) as picture:
        assert picture.size == (256, 256)


@pytest.mark.usefixtures("bucket")
async def test_the_same_picture_again_is_the_same_address(site: Site) -> None:
    """Named by its content, so a repeat stores nothing new."""
    ada = await site.join()
    first, second = [await ada.browser.put("/api/v1/me/avatar", body=photo(hue=10)) for _ in range(2)]
    assert first.json == second.json


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "Choose a picture first."),
        (b"%PDF-1.7 something", "That is a PDF document, which is not taken here."),
        (b"just text", "That file is not a picture we know."),
        (photo()[:2000], "That picture is damaged or incomplete."),
        (photo() + b"\0" * (MAX_BYTES - len(photo()) + 1), "The limit is 10 MiB."),
        (png(30_000, 30_000), "The limit is 40 million; please scale it down."),
    ],
    ids=["empty", "document", "text", "damaged", "too large", "bomb"],
)
async def test_a_picture_that_is_refused_is_told_why(site: Site, data: bytes, told: str) -> None:
    """In a sentence for the person who sent it; the old picture stays."""
    ada = await site.join()
    answer = await ada.browser.put("/api/v1/me/avatar", body=data, headers={"Content-Type": "image/jpeg"})
    assert answer.status == 422
    assert told in answer.faults["avatar"]
    assert (await ada.me())["avatar"] is None


@pytest.mark.usefixtures("bucket")
async def test_the_event_loop_turns_while_a_picture_is_worked_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other people's requests are answered meanwhile."""
    answered = threading.Event()

    def patient(data: bytes) -> Picture:
        assert answered.wait(10)
        return process_avatar(data)

    monkeypatch.setattr("webapp.handlers.pictures.process_avatar", patient)
    ada, bob = await site.join(), await site.join()
    working = asyncio.ensure_future(ada.browser.put("/api/v1/me/avatar", body=photo()))
    await bob.me()
    answered.set()
    assert (await working).status == 200
