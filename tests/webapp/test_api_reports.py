"""Exports of one's own data, asked for by the API and made by the worker's own code."""

import io
import json
import zipfile

import pytest
from browsing import Browser, Part
from photo import photo
from quiet_log import Expects
from sites import WORKER, Site

from webapp.errors import BackendUnavailable
from webapp.exporting import Exports

pytestmark = [pytest.mark.gen_test(timeout=30), pytest.mark.usefixtures("bucket")]


async def test_a_report_waits_for_the_worker(site: Site) -> None:
    """It can be looked at from the start."""
    ada = await site.join()
    answer = await ada.browser.post("/api/v1/reports")
    report = answer.json
    assert (answer.status, report["state"], report["progress"], report["url"]) == (202, "queued", 0, None)
    assert answer.headers["Location"] == f"/api/v1/reports/{report['id']}"
    assert (await ada.browser.get(answer.headers["Location"])).json == report


async def test_a_report_holds_what_its_person_put_in(site: Site) -> None:
    """Profile, cards and pictures in one zip, behind a link that needs no session."""
    ada, bob = await site.join(), await site.join()
    await bob.send("not for ada's archive")
    await ada.send("first")
    look = {"text": Part(b"second"), "photo": Part(photo(), "a.jpg", "image/jpeg")}
    second = (await ada.browser.post("/api/v1/cards", parts=look)).json
    avatar = (await ada.browser.put("/api/v1/me/avatar", body=photo(hue=5))).json["avatar"]
    report = (await ada.browser.post("/api/v1/reports")).json
    person_id = (await ada.me())["id"]
    await Exports(site.resources, WORKER).export(person_id, report["id"])
    done = (await ada.browser.get(f"/api/v1/reports/{report['id']}")).json
    assert (done["state"], done["progress"]) == ("done", 100)
    fetched = await Browser(site.client, "").get(done["url"])
    assert fetched.status == 200
    with zipfile.ZipFile(io.BytesIO(fetched.body)) as archive:
        profile, cards = json.loads(archive.read("profile.json")), json.loads(archive.read("cards.json"))
        names = set(archive.namelist())
        pictures = [archive.read(name) for name in names if name.startswith("pictures/")]
    assert profile["handle"] == ada.handle
    assert [card["text"] for card in cards] == ["second", "first"]
    assert f"pictures/{second['photo'].split('/')[1]}.webp" == cards[0]["picture"]
    assert names >= {cards[0]["picture"], f"pictures/{avatar.split('/')[1]}.webp"}
    assert all(picture[:4] == b"RIFF" for picture in pictures)


async def test_a_report_does_not_depend_on_the_queue(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for is noted first; a worker looks there as well."""

    async def away(*anything: object) -> None:
        raise BackendUnavailable("redis", "away")

    monkeypatch.setattr(site.resources.jobs, "ask", away)
    ada = await site.join()
    answer = await ada.browser.post("/api/v1/reports")
    assert (answer.status, answer.json["state"]) == (202, "queued")
    assert await site.resources.documents.reports.oldest_queued() == answer.json["created"]


async def test_a_job_that_comes_twice_is_done_once(site: Site) -> None:
    """Queues deliver at least once."""
    ada = await site.join()
    report = (await ada.browser.post("/api/v1/reports")).json
    exports, person_id = Exports(site.resources, WORKER), (await ada.me())["id"]
    await exports.export(person_id, report["id"])
    stored = site.counted("hotseat_backend_calls_total", backend="s3", op="write")
    await exports.export(person_id, report["id"])
    assert site.counted("hotseat_backend_calls_total", backend="s3", op="write") == stored


async def test_the_same_key_again_is_the_same_report(site: Site) -> None:
    """Also once it is done; how far it is by then is another question."""
    ada = await site.join()
    key = {"Idempotency-Key": "a-key"}
    first = (await ada.browser.post("/api/v1/reports", headers=key)).json
    await Exports(site.resources, WORKER).export((await ada.me())["id"], first["id"])
    assert (await ada.browser.post("/api/v1/reports", headers=key)).json == first
    assert (await ada.browser.get(f"/api/v1/reports/{first['id']}")).json["state"] == "done"
    assert (await ada.browser.post("/api/v1/reports")).json["id"] != first["id"]


async def test_nobody_sees_somebody_elses_report(site: Site) -> None:
    """Not even that it is there."""
    ada, bob = await site.join(), await site.join()
    report = (await ada.browser.post("/api/v1/reports")).json
    assert (await bob.browser.get(f"/api/v1/reports/{report['id']}")).status == 404


async def test_a_report_that_failed_says_so(site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is counted."""
    expects("export failed")
    ada = await site.join()
    report = (await ada.browser.post("/api/v1/reports")).json

    async def full(*anything: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(site.resources.media, "put", full)
    with pytest.raises(OSError, match="no space"):
        await Exports(site.resources, WORKER).export((await ada.me())["id"], report["id"])
    assert (await ada.browser.get(f"/api/v1/reports/{report['id']}")).json["state"] == "failed"
    assert site.counted("hotseat_jobs_total", job="export", result="error") == 1
