"""Pictures as browsers fetch them."""

import io

import pytest
from browsing import Part
from photo import photo
from PIL import Image
from sites import Site, Starts

from webapp.life import Phase
from webapp.ranges import Part as Bytes

pytestmark = [pytest.mark.gen_test(timeout=30), pytest.mark.usefixtures("bucket")]


async def test_a_picture_may_be_kept_for_ever(site: Site) -> None:
    """Its address names its content; anybody may fetch it, without a session."""
    ada = await site.join()
    key = (await ada.browser.put("/api/v1/me/avatar", body=photo())).json["avatar"]
    answer = await site.browser().get(f"/media/{key}")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == f'"{key.split("/")[1]}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.set_cookies == {}
    assert answer.body[:4] == b"RIFF"


async def test_a_picture_sends_nobody_elsewhere(start: Starts, site: Site) -> None:
    """Whoever is given it out of a cache later is not the browser it was answered to."""
    sticky = await start(STICKY_MODE="on")
    ada = await site.join()
    key = (await ada.browser.put("/api/v1/me/avatar", body=photo())).json["avatar"]
    sticky.resources.life.enter(Phase.DRAINING)
    answer = await sticky.browser().get(f"/media/{key}")
    assert (answer.status, answer.set_cookies) == (200, {})
    assert "SRV" in (await sticky.browser().get("/api/v1/visits")).set_cookies


async def test_by_https_who_is_sent_elsewhere_is_told_so_under_a_name_bound_to_the_host(start: Starts) -> None:
    """The prefix __Host-, as HAProxy names the affinity cookie there."""
    sticky = await start(STICKY_MODE="on", PUBLIC_ORIGIN="https://postcards.example")
    sticky.resources.life.enter(Phase.DRAINING)
    [(name, cookie)] = (await sticky.browser().get("/api/v1/visits")).set_cookies.items()
    assert (name, cookie["secure"], cookie["path"], cookie["domain"]) == ("__Host-SRV", True, "/", "")


async def test_a_picture_that_is_known_is_not_sent_again(site: Site) -> None:
    """304, without asking S3."""
    ada = await site.join()
    key = (await ada.browser.put("/api/v1/me/avatar", body=photo())).json["avatar"]
    before = site.counted("hotseat_backend_calls_total", backend="s3")
    answer = await site.browser().get(f"/media/{key}", headers={"If-None-Match": f'"{key.split("/")[1]}"'})
    assert (answer.status, answer.body) == (304, b"")
    assert site.counted("hotseat_backend_calls_total", backend="s3") == before


@pytest.mark.parametrize(
    "path", ["0" * 16 + "/" + "0" * 64, "x", "../exports/a/b.zip", "exports/" + "0" * 16 + "/" + "0" * 24 + ".zip", ""]
)
async def test_a_picture_that_is_not_there(site: Site, path: str) -> None:
    """404, not kept by anybody; and nothing but pictures can be fetched."""
    answer = await site.browser().get(f"/media/{path}")
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "no-store"


async def stored_photo(site: Site, width: int = 1000) -> str:
    """The key of a photo that somebody has sent."""
    ada = await site.join()
    parts = {"text": Part(b"a card"), "photo": Part(photo(size=(width, width // 2)), "a.jpg", "image/jpeg")}
    return str((await ada.browser.post("/api/v1/cards", parts=parts)).json["photo"])


@pytest.mark.parametrize(("asked", "first", "last"), [("0-9", 0, 9), ("100-", 100, None), ("-10", -10, None)])
async def test_a_part_can_be_had(site: Site, asked: str, first: int, last: int | None) -> None:
    """206 with these bytes, as immutable as the whole."""
    path = f"/media/{await stored_photo(site)}"
    whole = await site.browser().get(path)
    assert (whole.status, whole.headers["Accept-Ranges"]) == (200, "bytes")
    part = await site.browser().get(path, headers={"Range": f"bytes={asked}"})
    assert part.body == whole.body[first : None if last is None else last + 1]
    begin = first % len(whole.body)
    end = begin + len(part.body) - 1
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes {begin}-{end}/{len(whole.body)}")
    same = ("Cache-Control", "ETag", "Content-Type")
    assert [part.headers[name] for name in same] == [whole.headers[name] for name in same]


async def test_only_the_part_is_read_from_s3(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a process never holds more than it sends."""
    key = await stored_photo(site)
    asked = []
    get = site.resources.media.get

    async def seen(key: str, part: Bytes | None = None) -> bytes:
        read = await get(key, part)
        asked.append((part, len(read)))
        return read

    monkeypatch.setattr(site.resources.media, "get", seen)
    await site.browser().get(f"/media/{key}", headers={"Range": "bytes=5-9"})
    assert asked == [(Bytes(5, 9), 5)]


async def test_a_part_that_is_not_there(site: Site) -> None:
    """416 with the size, and not kept by anybody."""
    path = f"/media/{await stored_photo(site)}"
    size = len((await site.browser().get(path)).body)
    answer = await site.browser().get(path, headers={"Range": f"bytes={size}-"})
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_part_of_something_else_is_the_whole(site: Site) -> None:
    """`If-Range` with another tag, or with a time, which is told by nothing here."""
    path = f"/media/{await stored_photo(site)}"
    whole = await site.browser().get(path)
    for tag, status in (
        (whole.headers["ETag"], 206),
        ('"another"', 200),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
        (f"W/{whole.headers['ETag']}", 200),
    ):
        answer = await site.browser().get(path, headers={"Range": "bytes=0-9", "If-Range": tag})
        assert (answer.status, len(answer.body)) == (status, 10 if status == 206 else len(whole.body)), tag


async def test_what_one_would_get_can_be_asked_for(site: Site) -> None:
    """HEAD: as GET, without the bytes."""
    path = f"/media/{await stored_photo(site)}"
    whole, head = await site.browser().get(path), await site.browser().ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Cache-Control", "ETag", "Accept-Ranges"):
        assert head.headers[name] == whole.headers[name]
    missing = await site.browser().ask("HEAD", "/media/" + "0" * 16 + "/" + "0" * 64)
    assert (missing.status, missing.headers["Cache-Control"]) == (404, "no-store")


async def test_lists_show_a_small_picture(site: Site) -> None:
    """Stored beside the photo; the browser chooses by the width it has."""
    ada = await site.join()
    parts = {"text": Part(b"a card"), "photo": Part(photo(size=(1200, 800)), "a.jpg", "image/jpeg")}
    key = (await ada.browser.post("/api/v1/cards", parts=parts)).json["photo"]
    board = (await ada.browser.get("/board")).text
    assert f'srcset="/media/{key}-640 640w, /media/{key} 1200w"' in board
    small, whole = [await site.browser().get(f"/media/{each}") for each in (f"{key}-640", key)]
    assert (small.status, small.headers["Cache-Control"]) == (200, whole.headers["Cache-Control"])
    assert small.headers["ETag"] != whole.headers["ETag"]
    assert Image.open(io.BytesIO(small.body)).size == (640, 427)
    assert len(small.body) < len(whole.body) / 2


async def test_a_photo_that_is_small_has_no_smaller_one(site: Site) -> None:
    """It is the one that is shown; and a small one that was never made is answered with the photo itself."""
    ada = await site.join()
    parts = {"text": Part(b"a card"), "photo": Part(photo(), "a.jpg", "image/jpeg")}
    key = (await ada.browser.post("/api/v1/cards", parts=parts)).json["photo"]
    assert "srcset" not in (await ada.browser.get("/board")).text
    assert (await site.browser().get(f"/media/{key}-640")).body == (await site.browser().get(f"/media/{key}")).body


async def test_pictures_come_from_elsewhere_where_told_so(start: Starts) -> None:
    """`MEDIA_BASE_URL`: small and large."""
    site = await start(MEDIA_BASE_URL="https://cdn.example")
    ada = await site.join()
    parts = {"text": Part(b"a card"), "photo": Part(photo(size=(1200, 800)), "a.jpg", "image/jpeg")}
    key = (await ada.browser.post("/api/v1/cards", parts=parts)).json["photo"]
    board = await ada.browser.get("/board")
    assert f'srcset="https://cdn.example/{key}-640 640w, https://cdn.example/{key} 1200w"' in board.text
    assert "img-src 'self' blob: data: https://cdn.example;" in board.headers["Content-Security-Policy"]
