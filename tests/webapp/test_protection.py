"""What browsers are told to refuse, on every route there is, and tokens while the keys change."""

import re
from base64 import urlsafe_b64decode

import pytest
from browsing import Answer, Browser
from sites import PASSWORD, Site, Starts

from webapp.app import ROUTES, route_methods
from webapp.protection import HSTS_SECONDS

pytestmark = pytest.mark.gen_test(timeout=60)

OLD, NEW, STRANGE = "o" * 40, "n" * 40, "x" * 40
YEAR_SECONDS = 365 * 86400
SAMPLES = {
    r"([0-9a-f]{24})": "0" * 24,
    r"([0-9a-f]{64})": "0" * 64,
    r"([0-9a-f]{16}/[0-9a-f]{64})": "0" * 16 + "/" + "0" * 64,
    r"([a-z0-9_]{3,20})": "nobody_here",
    r"(like|unlike)": "like",
    r"(follow|unfollow)": "follow",
    r".*": "nothing",
}


def one_of_each() -> list[tuple[str, str]]:
    """A method and a path for everything the application answers, and what it does not."""
    found = [("GET", "/static/postcards.css"), ("GET", "/static/js/toggle.js"), ("GET", "/static/nothing")]
    for path, _, name in ROUTES:
        for pattern, sample in SAMPLES.items():
            path = path.replace(pattern, sample)  # noqa: PLW2901  # one sample after the other
        path = path if path.startswith("/") else f"/{path}"  # noqa: PLW2901
        found += [(method, path) for method in (*route_methods()[name], "TRACE")]
    return found


def policy_of(answer: Answer) -> dict[str, str]:
    """The directives of the Content-Security-Policy."""
    parts = [part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")]
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


async def answers_of(site: Site) -> list[tuple[str, Answer]]:
    """One answer of each kind, to somebody logged in, who logs in again where that ended the session."""
    ada = await site.join()
    answers = []
    for method, path in one_of_each():
        browser = Browser(site.client, site.url, cookies=dict(ada.browser.cookies))
        body = None if method in ("GET", "HEAD", "TRACE") else b""
        answer = await browser.ask(method, path, body=body)
        answers.append((f"{method} {path} {answer.status}", answer))
    return answers


async def test_every_answer_protects_whoever_gets_it(site: Site) -> None:
    """Nothing inline, nothing framed, no types guessed, no address told elsewhere; on any route, by any status."""
    answers = await answers_of(site)
    assert {answer.status for _, answer in answers} >= {200, 302, 401, 403, 404, 405}
    for what, answer in answers:
        policy = policy_of(answer)
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", what
        assert "unsafe" not in str(policy), what
        assert "'self'" in policy.get("script-src", "") or "sandbox" in policy, what
        assert answer.headers["X-Content-Type-Options"] == "nosniff", what
        assert answer.headers["X-Frame-Options"] == "DENY", what
        assert answer.headers["Referrer-Policy"] == "same-origin", what
        assert "Strict-Transport-Security" not in answer.headers, what
        assert "Access-Control-Allow-Origin" not in answer.headers, what
        assert "Server" not in answer.headers, what


async def test_browsers_that_come_by_https_are_told_to_come_no_other_way(start: Starts) -> None:
    """For a year, by every answer; only where the public origin is https."""
    for what, answer in await answers_of(await start(PUBLIC_ORIGIN="https://postcards.example")):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", what
    assert HSTS_SECONDS == YEAR_SECONDS
    plain = await (await start(PUBLIC_ORIGIN="http://postcards.example")).browser().get("/")
    assert "Strict-Transport-Security" not in plain.headers


async def test_only_what_is_for_everybody_may_be_kept(site: Site) -> None:
    """Static files and pictures; everything else says no-store."""
    for what, answer in await answers_of(site):
        if "/static/" not in what and answer.status != 304:
            assert answer.headers["Cache-Control"] == "no-store", what


@pytest.mark.parametrize("path", ["/api/v1/people/{ada}", "/api/v1/cards/{card}"])
async def test_what_people_write_is_never_html_to_a_browser_that_asks_the_api(site: Site, path: str) -> None:
    """JSON, under a policy that runs nothing, types not guessed."""
    ada = await site.join(name="<script>alert(1)</script>")
    card = await ada.send("<script>alert(1)</script>")
    answer = await ada.browser.get(path.format(ada=ada.handle, card=card["id"]), headers={"Accept": "text/html"})
    assert (answer.media_type, answer.headers["X-Content-Type-Options"]) == ("application/json", "nosniff")
    assert "sandbox" in policy_of(answer)


async def test_a_key_is_rotated_without_ending_a_session_or_refusing_an_open_form(start: Starts) -> None:
    """An older key is accepted while it is listed, a new page's token is made with the newest."""
    before, both, after = [await start(SECRET_KEYS=keys) for keys in (OLD, f"{NEW},{OLD}", NEW)]
    strange = await start(SECRET_KEYS=STRANGE)
    ada = await before.join("ada")
    opened = await ada.browser.token()

    async def sent(site: Site, token: str) -> int:
        form = {"_xsrf": token, "name": "Ada", "bio": "x"}
        return (await ada.browser.post("/settings/profile", form=form, url=site.url)).status

    assert [await sent(site, opened) for site in (before, both, after, strange)] == [303, 303, 403, 403]
    ada.browser.url = both.url
    reopened = await ada.browser.token()
    assert [await sent(site, reopened) for site in (both, after, before, strange)] == [303, 303, 403, 403]
    for site in (before, both, after, strange):
        assert (await ada.me(url=site.url))["handle"] == "ada"  # sessions hang on no key


async def test_a_token_has_256_random_bits(site: Site) -> None:
    """Another one each time, in all of its places."""
    await site.join("ada")
    cookies = [(await site.log_in("ada")).browser.cookies["session"] for _ in range(20)]
    tokens = [cookie.split(".")[1] for cookie in cookies]
    assert {len(urlsafe_b64decode(token + "=")) for token in tokens} == {32}
    assert len(set(tokens)) == len(tokens)
    assert all(len(set(place)) > 1 for place in zip(*tokens, strict=True))


async def test_a_log_in_from_another_site_begins_no_session(site: Site) -> None:
    """Nor does signing up: a session takes its person's own act."""
    await site.join("ada")
    credentials = {"handle": "ada", "password": PASSWORD}
    elsewhere = {"Origin": "https://evil.example"}
    for path, body in (
        ("/api/v1/login", credentials),
        ("/api/v1/signup", credentials | {"name": "A", "handle": "eve"}),
    ):
        browser = site.browser()
        assert (await browser.post(path, json=body, headers=elsewhere)).status == 403
        assert (await browser.post(path.removeprefix("/api/v1"), form=body)).status == 403
        assert "session" not in browser.cookies


async def test_a_read_changes_nothing(site: Site) -> None:
    """What writes is asked for by POST, PUT, PATCH or DELETE alone; a link or a picture's address cannot ask for it."""
    ada, bob = await site.join(), await site.join()
    card = await bob.send("Hello.")
    for path in (
        "/logout",
        f"/cards/{card['id']}/like",
        f"/people/{bob.handle}/follow",
        "/settings/sessions/revoke?all=all",
        "/settings/profile?name=X",
        "/api/v1/logout",
        f"/api/v1/cards/{card['id']}/like",
        f"/api/v1/people/{bob.handle}/follow",
    ):
        assert (await ada.browser.get(path)).status in (302, 405), path
    me = await ada.me()
    assert (me["following"], me["name"]) == (0, "Ada Byron")
    assert (await ada.browser.get(f"/api/v1/cards/{card['id']}")).json["likes"] == 0


async def test_every_page_for_who_is_logged_in_has_the_way_out(site: Site) -> None:
    """A button that logs out, and password fields that browsers can fill in and do not show."""
    ada = await site.join()
    card = await ada.send("Hello.")
    for path in ("/", "/board", "/people", "/settings", f"/people/{ada.handle}", f"/cards/{card['id']}"):
        assert 'data-testid="log-out"' in (await ada.browser.get(path)).text, path
    for who, path in ((ada.browser, "/settings"), (site.browser(), "/login"), (site.browser(), "/signup")):
        fields = re.findall(r'<input[^>]*name="(?:password|current|new)"[^>]*>', (await who.get(path)).text)
        assert fields, path
        for field in fields:
            assert 'type="password"' in field, field
            assert re.search(r'autocomplete="(current|new)-password"', field), field
            assert "onpaste" not in field, field
