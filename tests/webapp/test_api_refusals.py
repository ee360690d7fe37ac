"""What the API does not do: answer unknown paths and methods with pages, or let other sites write."""

import pytest
from browsing import PROBLEM
from quiet_log import Expects
from sites import Site, Starts

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v2/me", "/api/v1/cards/xyz", "/api/v1/me/"])
async def test_an_unknown_path_of_the_api_is_a_problem(site: Site, path: str) -> None:
    """404 in JSON, not a page."""
    answer = await site.browser().get(path)
    assert (answer.status, answer.media_type) == (404, PROBLEM)
    assert answer.json["status"] == 404
    assert answer.json["title"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/signup", {"POST"}),
        ("DELETE", "/api/v1/me/avatar", {"PUT"}),
        ("POST", "/api/v1/board", {"GET"}),
        ("POST", "/api/v1/sessions", {"GET", "DELETE"}),
        ("BREW", "/api/v1/me", {"GET", "PUT", "DELETE"}),
    ],
)
async def test_an_unknown_method_is_a_problem_that_names_those_there_are(
    site: Site, method: str, path: str, allowed: set[str]
) -> None:
    """405 with Allow, as RFC 9110 asks for."""
    answer = await site.browser().ask(method, path)
    assert (answer.status, answer.media_type) == (405, PROBLEM)
    assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == allowed


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
    ids=str,
)
async def test_a_write_from_another_site_is_refused(site: Site, headers: dict[str, str]) -> None:
    """The browser says where it comes from; nothing is written, and log-out is a write too."""
    ada = await site.join()
    for answer in (
        await ada.browser.post("/api/v1/cards", json={"text": "from elsewhere"}, headers=headers),
        await ada.browser.post("/api/v1/logout", headers=headers),
        await ada.browser.delete("/api/v1/sessions", headers=headers),
    ):
        assert (answer.status, answer.media_type) == (403, PROBLEM)
    assert (await ada.board())["cards"] == []


async def test_a_write_from_this_site_or_from_a_script_is_served(site: Site) -> None:
    """Same origin, the address bar, or neither header at all."""
    ada = await site.join()
    for headers in (
        {},
        {"Origin": site.url},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": site.url, "Sec-Fetch-Site": "same-origin"},
    ):
        assert (await ada.browser.post("/api/v1/visits", headers=headers)).status == 200


async def test_the_public_origin_counts_where_one_is_set(start: Starts) -> None:
    """Behind a proxy the Host header need not be what the browser sees."""
    site = await start(PUBLIC_ORIGIN="http://postcards.example")
    browser = site.browser()
    assert (await browser.post("/api/v1/visits", headers={"Origin": "http://postcards.example"})).status == 200
    assert (await browser.post("/api/v1/visits", headers={"Origin": "https://postcards.example"})).status == 403
    assert (await browser.post("/api/v1/visits", headers={"Origin": site.url})).status == 403


async def test_reads_from_another_site_are_served(site: Site) -> None:
    """They change nothing, and the browser keeps the answer from the other site."""
    answer = await site.browser().get("/api/v1/visits", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/board", "/api/v1/sessions", "/api/v1/reports/" + "0" * 24])
async def test_who_is_not_logged_in_is_told_so(site: Site, path: str) -> None:
    """401 as a problem."""
    answer = await site.browser().get(path)
    assert (answer.status, answer.media_type, answer.json["detail"]) == (401, PROBLEM, "Log in first.")


async def test_answers_of_the_api_are_kept_by_nobody(site: Site) -> None:
    """They are one person's, and browsers must not guess their type."""
    ada = await site.join()
    for path in ("/api/v1/me", "/api/v1/nothing"):
        headers = (await ada.browser.get(path)).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
        assert "Server" not in headers


async def test_too_much_at_once_is_refused_at_once(
    site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, and nothing keeps counting as being in flight."""
    expects("overloaded")
    monkeypatch.setattr(site.resources.metrics, "in_flight", 512)
    answer = await site.browser().get("/api/v1/visits")
    assert (answer.status, answer.media_type, answer.headers["Retry-After"]) == (503, PROBLEM, "2")
    assert site.resources.metrics.in_flight == 512
