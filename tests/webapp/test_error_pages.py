"""Errors as people and programs read them: what happened, what to do now, and nothing about our insides."""

import re
from http import HTTPStatus

import pytest
from browsing import PROBLEM
from door import door_to
from quiet_log import Expects
from sites import Site, Starts

from webapp.apologies import APOLOGIES, apology_for
from webapp.openapi import EXPLAINED

pytestmark = pytest.mark.gen_test(timeout=30)


def shown(page: str, testid: str) -> str | None:
    """The text of what has this test id."""
    found = re.search(rf'data-testid="{testid}"[^>]*>([^<]*)<', page)
    return found[1] if found else None


async def test_each_error_that_is_answered_has_words() -> None:
    """A heading that is no status phrase, and something to do; what nobody foresaw has them as well."""
    for status in {*EXPLAINED, 405, 500} - {401}:  # who is not logged in is sent to log in
        assert APOLOGIES[status].title.lower() != HTTPStatus(status).phrase.lower()
    for status in (418, 502):
        for sent in (True, False):
            assert apology_for(status).advice(sent=sent, retry_seconds=None).endswith(".")


async def test_who_asks_for_a_page_in_an_outage_may_try_again(
    start: Starts, variables: dict[str, str], expects: Expects
) -> None:
    """By a link to the very address, and is not shown the way to log in: nobody has logged them out."""
    expects("unavailable")
    async with door_to(variables["REDIS_URL"]) as door:
        site = await start(REDIS_URL=door.url)
        ada = await site.join()
        await door.shut()
        answer = await ada.browser.get("/board?cursor=20.0&amp")
        assert answer.status == 503
        assert "<h1>Back in a moment</h1>" in answer.text
        assert "You are still logged in." in answer.text
        assert shown(answer.text, "advice") == "Wait 2 seconds, then try again. Nothing you have here is lost."
        assert 'href="/board?cursor=20.0&amp;amp" data-testid="again"' in answer.text
        assert 'href="/login"' not in answer.text
        assert 'href="/login"' in (await site.browser().get("/nowhere")).text


async def test_who_sent_a_form_in_an_outage_is_told_to_send_it_again(
    start: Starts, variables: dict[str, str], expects: Expects
) -> None:
    """There is no link to try again: it would ask for a page that takes a form."""
    expects("unavailable")
    async with door_to(variables["MONGODB_URL"]) as door:
        site = await start(MONGODB_URL=door.url)
        ada = await site.join()
        token = await ada.browser.token()
        await door.shut()
        answer = await ada.browser.post("/cards", form={"_xsrf": token, "text": "x", "idempotency_key": "k"})
        assert answer.status == 503
        assert "it counts once" in answer.text
        assert "go back and send it again" in (shown(answer.text, "advice") or "")
        assert 'data-testid="again"' not in answer.text


async def test_an_error_page_links_to_no_other_site(
    site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`//elsewhere.example` is a path to us, and an address to a browser."""
    expects("overloaded")
    monkeypatch.setattr(site.resources.metrics, "in_flight", 512)
    answer = await site.browser().get("//elsewhere.example/")
    assert (answer.status, 'data-testid="again"' in answer.text) == (503, False)
    assert "elsewhere" not in answer.text
    assert 'data-testid="again"' in (await site.browser().get("/people")).text


async def test_a_refused_form_names_its_fields(site: Site) -> None:
    """On a page of their own where there is no form to show again."""
    ada = await site.join()
    answer = await ada.browser.submit("/settings/sessions/revoke", {"id": "<b>"})
    assert answer.status == 422
    assert "<li>id: Choose a session.</li>" in answer.text


async def test_a_program_gets_a_problem_in_an_outage(
    start: Starts, variables: dict[str, str], expects: Expects
) -> None:
    """RFC 9457: the phrase of the status as title, a sentence, the request's id, and when to come again."""
    expects("unavailable")
    async with door_to(variables["MONGODB_URL"]) as door:
        site = await start(MONGODB_URL=door.url)
        ada = await site.join()
        await door.shut()
        answer = await ada.browser.put("/api/v1/me", json={"name": "Ada"})
        assert (answer.media_type, answer.headers["Retry-After"]) == (PROBLEM, "2")
        problem = answer.json
        assert problem.keys() == {"title", "status", "detail", "request_id"}
        assert (problem["title"], problem["status"]) == ("Service Unavailable", 503)
        assert problem["request_id"] == answer.headers["X-Request-ID"]
        assert "127.0.0.1" not in answer.text
