"""The pages for people, as far as they can be judged without a browser: forms, their tokens, redirects, headers."""

import re

import pytest
from browsing import Answer, Part
from photo import photo
from sites import PASSWORD, Member, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=30)

PUBLIC = ("/", "/signup", "/login", "/people", "/people/{ada}", "/cards/{card}", "/nothing", "/people/nobody_here")
PRIVATE = ("/board", "/settings")
WRITES = (
    "/signup",
    "/login",
    "/logout",
    "/cards",
    "/cards/{card}/like",
    "/cards/{card}/unlike",
    "/people/{ada}/follow",
    "/people/{ada}/unfollow",
    "/settings/profile",
    "/settings/avatar",
    "/settings/sessions/revoke",
    "/settings/reports",
)


async def filled(site: Site, paths: tuple[str, ...]) -> tuple[Member, list[str]]:
    """Somebody with a card, and the paths with their handle and that card's id in them."""
    ada = await site.join()
    card = await ada.send("Hello from Arles.")
    return ada, [path.format(ada=ada.handle, card=card["id"]) for path in paths]


def errors(answer: Answer) -> dict[str, str]:
    """The message beside each field of a form."""
    return dict(re.findall(r'data-testid="error-(\w+)">([^<]*)<', answer.text))


async def test_a_person_can_do_everything_without_a_script(site: Site) -> None:
    """Sign up, write, follow, like, change the profile, log out, log in: forms and redirects alone."""
    bob = await site.join("bob")
    card = await bob.send("from bob")
    browser = site.browser()
    steps = [
        ("/signup", {"handle": "ada", "password": PASSWORD, "name": "Ada Byron"}, "/board"),
        ("/cards", {"text": "Hello from Arles."}, "/board?done=sent"),
        ("/people/bob/follow", {"next": "/people"}, "/people"),
        (f"/cards/{card['id']}/like", {"next": "/board"}, "/board"),
        ("/settings/profile", {"name": "Ada Lovelace", "bio": "Numbers\r\nand notes"}, "/settings?done=saved"),
        ("/settings/reports", {}, "/settings?done=report"),
        ("/logout", {}, "/?done=out"),
        ("/login", {"handle": "ada", "password": PASSWORD, "next": "/settings"}, "/settings"),
        (f"/cards/{card['id']}/unlike", {}, f"/cards/{card['id']}"),
        ("/people/bob/unfollow", {}, "/people/bob"),
        ("/settings/sessions/revoke", {"all": "all"}, "/?done=out"),
    ]
    for path, fields, leads_to in steps:
        answer = await browser.submit(path, fields)
        assert (answer.status, answer.headers.get("Location")) == (303, leads_to), (path, answer.text)
        assert (await browser.get(leads_to)).status == 200
    seen = (await browser.get("/api/v1/people/ada")).json
    assert (seen["person"]["name"], seen["person"]["bio"]) == ("Ada Lovelace", "Numbers\nand notes")
    assert [each["text"] for each in seen["cards"]] == ["Hello from Arles."]
    assert set(browser.cookies) == {"xsrf"}


@pytest.mark.usefixtures("bucket")
async def test_pictures_are_sent_by_forms_too(site: Site) -> None:
    """A card's photo and one's own picture."""
    ada = await site.join()
    picture = Part(photo(), "a.jpg", "image/jpeg")
    answer = await ada.browser.submit("/cards", {"text": "Look!"}, {"photo": picture})
    assert (answer.status, answer.headers.get("Location")) == (303, "/board?done=sent"), answer.text
    answer = await ada.browser.submit("/settings/avatar", {}, {"avatar": picture})
    assert (answer.status, answer.headers.get("Location")) == (303, "/settings?done=avatar"), answer.text
    assert (await ada.me())["avatar"]
    assert (await ada.board())["cards"][0]["photo"]


async def test_a_form_that_is_sent_twice_counts_once(site: Site) -> None:
    """Each carries a key of its own."""
    ada = await site.join()
    for _ in range(2):
        answer = await ada.browser.submit("/cards", {"text": "once", "idempotency_key": "of-this-form"})
        assert answer.status == 303
    assert len((await ada.board())["cards"]) == 1
    keys = set(re.findall(r'name="idempotency_key" value="([^"]+)"', (await ada.browser.get("/board")).text))
    assert len(keys) > 1
    assert all(re.fullmatch(r"[!-~]{20,200}", key) for key in keys)


@pytest.mark.parametrize("path", WRITES)
async def test_a_form_without_our_token_is_refused(site: Site, path: str) -> None:
    """None, one made up, one of another browser: 403 and nothing is written."""
    ada, [path] = await filled(site, (path,))
    tokens = [None, "", "f" * 64, await site.browser().token(), await (await site.join()).browser.token()]
    for token in tokens:
        answer = await ada.browser.post(path, form={} if token is None else {"_xsrf": token})
        assert answer.status == 403, token
        assert 'data-testid="error" data-status="403"' in answer.text
    assert (await ada.me())["handle"] == ada.handle


async def test_a_token_dies_with_the_session_it_was_made_for(site: Site) -> None:
    """A page left open before log-in cannot write after it."""
    ada = await site.join("ada")
    token = await ada.browser.token()
    await ada.browser.post("/api/v1/login", json={"handle": "ada", "password": PASSWORD})
    assert (await ada.browser.post("/cards", form={"_xsrf": token, "text": "x"})).status == 403
    assert (await ada.browser.submit("/cards", {"text": "x"})).status == 303


@pytest.mark.parametrize("path", [*PUBLIC, *PRIVATE])
async def test_each_page_has_the_headers_that_protect_it(site: Site, path: str) -> None:
    """No inline script or style, no framing, no guessing of types, nothing kept."""
    ada, [path] = await filled(site, (path,))
    answer = await ada.browser.get(path)
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers
    assert answer.media_type in ("text/html", "")
    for inline in (r"<script(?![^>]* src=)", r"<style", r"\sstyle=", r"\son[a-z]+=", r"javascript:"):
        assert not re.search(inline, answer.text), inline


async def test_what_people_write_is_shown_as_text(site: Site) -> None:
    """Never as markup, wherever it turns up."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    ada, bob = await site.join(name=evil[:60]), await site.join()
    await ada.browser.put("/api/v1/me", json={"name": evil[:60], "bio": evil})
    card = await ada.send(evil)
    await bob.follow(ada.handle)
    pages = ["/", "/people", f"/people/{ada.handle}", f"/cards/{card['id']}", "/board", "/settings"]
    for path in pages:
        for who in (ada, bob):
            assert "<script>alert" not in (await who.browser.get(path)).text
            assert "<img src=x" not in (await who.browser.get(path)).text
    for path in ("/people?q=%3Cscript%3Ealert(1)", "/login?next=%22%3E%3Cscript%3Ealert(1)", "/%3Cscript%3Ealert(1)"):
        assert "<script>alert" not in (await site.browser().get(path)).text
    answer = await site.browser().submit("/signup", {"handle": evil, "password": "x", "name": evil})
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", PRIVATE)
async def test_who_is_not_logged_in_is_sent_to_log_in_and_back(site: Site, path: str) -> None:
    """The way back is kept, query and all."""
    answer = await site.browser().get(f"{path}?done=saved")
    assert (answer.status, answer.headers["Location"]) == (302, f"/login?next=%2F{path[1:]}%3Fdone%3Dsaved")
    await site.join("ada")
    browser = site.browser()
    answer = await browser.submit("/login", {"handle": "ada", "password": PASSWORD, "next": f"{path}?done=saved"})
    assert (answer.status, answer.headers["Location"]) == (303, f"{path}?done=saved")


async def test_a_write_that_came_too_late_leads_to_a_page_that_can_be_read(site: Site) -> None:
    """The session ended before the form was sent: log-in must not lead back to an address that only takes forms."""
    ada, paths = await filled(site, tuple(path for path in WRITES if path not in ("/signup", "/login", "/logout")))
    await ada.browser.delete("/api/v1/sessions")
    for path in paths:
        answer = await ada.browser.submit(path, {})
        assert answer.status in (302, 303), path
        assert answer.headers["Location"] == "/login", path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example/",
        "/\n/evil.example/",
        "/a\r\nSet-Cookie: session=x",
        "/\x7f",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/\t/[",
        "//[",
    ],
)
async def test_a_redirect_never_leads_to_another_site(site: Site, elsewhere: str) -> None:
    """Whatever `next` says, in the query or in the form."""
    await site.join("ada")
    browser = site.browser()
    answer = await browser.submit("/login", {"handle": "ada", "password": PASSWORD, "next": elsewhere})
    assert (answer.status, answer.headers["Location"]) == (303, "/board")
    answer = await browser.get("/login?next=" + "".join(f"%{byte:02x}" for byte in elsewhere.encode()))
    assert (answer.status, answer.headers["Location"]) == (302, "/board")


@pytest.mark.parametrize(
    "path", ["/?done=%ff", "/nothing?done=%ff", "/login?next=%ff", "/people?q=%ff", "/board?cursor=%ff"]
)
async def test_a_query_that_is_not_text_is_no_failure(site: Site, path: str) -> None:
    """An answer below 500, as a page."""
    ada = await site.join()
    for browser in (ada.browser, site.browser()):
        answer = await browser.get(path)
        assert answer.status < 500
        assert answer.media_type in ("text/html", "")


@pytest.mark.parametrize(
    ("path", "fields", "wrong"),
    [
        ("/signup", {"handle": "Ä", "password": "short", "name": ""}, {"handle"}),
        ("/signup", {"handle": "ada", "password": "short", "name": "Ada"}, {"password"}),
        ("/signup", {"handle": "taken", "password": PASSWORD, "name": "Ada"}, {"handle"}),
        ("/signup", {"handle": "ada", "password": PASSWORD}, {"name"}),
        ("/login", {"handle": "taken", "password": "wrong"}, {"password"}),
        ("/login", {"handle": "taken"}, {"password"}),
    ],
)
async def test_a_form_that_is_refused_is_shown_again(
    site: Site, path: str, fields: dict[str, str], wrong: set[str]
) -> None:
    """With what was typed, the passwords left out, and a message beside the field."""
    await site.join("taken")
    answer = await site.browser().submit(path, fields)
    assert answer.status in (401, 409, 422)
    assert set(errors(answer)) == wrong
    assert f'value="{fields["handle"]}"' in answer.text
    assert PASSWORD not in answer.text
    assert "wrong" not in re.findall(r'value="([^"]*)"', answer.text)


async def test_a_card_that_is_refused_is_shown_again(site: Site) -> None:
    """On the board, with what was typed."""
    ada = await site.join()
    for fields, files, wrong in (
        ({"text": "  "}, None, "text"),
        ({"text": "x" * 501}, None, "text"),
        ({"text": "Look!"}, {"photo": Part(b"%PDF-1.7", "a.jpg")}, "photo"),
        ({"text": b"\xff"}, None, "text"),
    ):
        answer = await ada.browser.submit("/cards", fields, files)
        assert answer.status == 422
        assert set(errors(answer)) == {wrong}
    assert (await ada.board())["cards"] == []


async def test_settings_that_are_refused_are_shown_again(site: Site) -> None:
    """Each form with its own message."""
    ada = await site.join()
    answer = await ada.browser.submit("/settings/profile", {"name": "", "bio": "x" * 301})
    assert (answer.status, set(errors(answer))) == (422, {"name"})
    answer = await ada.browser.submit("/settings/avatar", {}, {"avatar": Part(b"GIF89a", "a.gif")})
    assert (answer.status, set(errors(answer))) == (422, {"avatar"})
    answer = await ada.browser.submit("/settings/avatar", {}, {"avatar": Part(b"", "")})
    assert (answer.status, set(errors(answer))) == (422, {"avatar"})
    answer = await ada.browser.submit("/settings/sessions/revoke", {"id": "nobody's"})
    assert answer.status == 422


async def test_one_session_or_all_others_are_ended_by_a_form(site: Site) -> None:
    """The one that asks stays."""
    ada = await site.join("ada")
    phone, tablet = await site.log_in("ada"), await site.log_in("ada")
    listed = (await phone.browser.get("/api/v1/sessions")).json["sessions"]
    [own] = [each["id"] for each in listed if each["current"]]
    answer = await ada.browser.submit("/settings/sessions/revoke", {"id": own})
    assert (answer.status, answer.headers["Location"]) == (303, "/settings?done=ended")
    assert (await phone.browser.get("/api/v1/me")).status == 401
    await ada.browser.submit("/settings/sessions/revoke", {"all": "others"})
    assert (await tablet.browser.get("/api/v1/me")).status == 401
    assert (await ada.browser.get("/api/v1/me")).status == 200


@pytest.mark.parametrize("path", ["/nothing", "/cards/xyz", "/people/nobody_here", "/cards/" + "0" * 24, "/media/x"])
async def test_a_page_that_is_not_there(site: Site, path: str) -> None:
    """A page that says so, for a person, with the number to ask by."""
    answer = await site.browser().get(path)
    assert (answer.status, answer.media_type) == (404, "text/html")
    assert 'data-testid="error" data-status="404"' in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


async def test_a_method_a_page_does_not_know(site: Site) -> None:
    """405 as a page that names those it does."""
    answer = await site.browser().get("/logout")
    assert (answer.status, answer.media_type, answer.headers["Allow"]) == (405, "text/html", "POST")


async def test_a_page_can_be_asked_for_without_its_body(site: Site) -> None:
    """HEAD, as monitors and link checkers do."""
    answer = await site.browser().ask("HEAD", "/people")
    assert (answer.status, answer.body) == (200, b"")


async def test_the_evidence_bar_is_on_each_page_unless_it_is_switched_off(start: Starts) -> None:
    """The instance, the mode and the tiers, for whoever looks."""
    site = await start(STICKY_MODE="on", INSTANCE_ID="web-2")
    ada, paths = await filled(site, (*PUBLIC, *PRIVATE))
    for path in paths:
        text = (await ada.browser.get(path)).text
        if text:
            assert 'data-testid="evidence" data-instance="web-2" data-mode="sticky"' in text, path
    assert re.search(r'data-session-tier="(hot|redis)"', (await ada.browser.get("/board")).text)
    hidden = await start(EVIDENCE="off")
    for path in paths:
        assert "evidence" not in (await ada.browser.get(path, url=hidden.url)).text


async def test_pictures_may_come_from_elsewhere_where_the_settings_say_so(start: Starts) -> None:
    """MEDIA_BASE_URL is the only other site the policy lets in, and for pictures only."""
    site = await start(MEDIA_BASE_URL="https://cdn.example/pictures")
    policy = (await site.browser().get("/")).headers["Content-Security-Policy"]
    sources = dict(part.split(" ", 1) for part in policy.split("; "))
    assert [name for name, value in sources.items() if "cdn.example" in value] == ["img-src"]


@pytest.mark.parametrize("path", ["postcards.css", "favicon.svg", "js/toggle.js"])
async def test_static_files_are_served(site: Site, path: str) -> None:
    """With the fingerprint that pages put behind their address they may be kept for long."""
    answer = await site.browser().get(f"/static/{path}")
    assert answer.status == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["x.css", "../settings.py", "%2e%2e/settings.py", "/etc/passwd", "js", "%00", "%ff"])
async def test_nothing_but_static_files_is_served_there(site: Site, path: str) -> None:
    """No way out of the folder, and no failure either."""
    answer = await site.browser().get(f"/static/{path}")
    assert answer.status in (400, 403, 404), answer.body
