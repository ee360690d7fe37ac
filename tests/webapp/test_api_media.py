"""Pictures as browsers fetch them."""

import pytest
from photo import photo
from sites import Site, Starts

from webapp.life import Phase

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
