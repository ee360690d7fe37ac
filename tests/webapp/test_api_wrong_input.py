"""Wrong input: each field of each write, in each wrong way, is refused with a problem that names it. Nothing is a 500.

The cases are made from the OpenAPI document, so a new field is tested without being mentioned here.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from browsing import MULTIPART as BOUNDED
from browsing import PROBLEM, Answer, Browser, Part, multipart
from described import (
    JSON,
    MULTIPART,
    Described,
    good_body,
    good_text,
    may_be_null,
    operations,
    text_schema,
)
from photo import photo
from sites import Member, Site, Starts

from webapp.pictures import MAX_BYTES
from webapp.receiving import MAX_BODY_BYTES

pytestmark = pytest.mark.gen_test(timeout=60)

ALL = list(operations())
WITH_JSON = [each for each in ALL if JSON in each.content]
JSON_FIELDS = [(each, field) for each in WITH_JSON for field in each.content[JSON]["properties"]]
MULTIPART_FIELDS = [
    (each, field) for each in ALL if MULTIPART in each.content for field in each.content[MULTIPART]["properties"]
]
PICTURE_BODIES = [each for each in ALL if any(kind.startswith("image/") for kind in each.content)]
KEYED = [each for each in ALL if any(parameter["name"] == "Idempotency-Key" for parameter in each.parameters)]
PAGED = [(each, p["name"]) for each in ALL for p in each.parameters if p["in"] == "query"]
WITH_IDS = [each for each in ALL if any(parameter["in"] == "path" for parameter in each.parameters)]
WRITES = [each for each in ALL if each.writes]

NOT_TEXT = (b"\xff\xfe", b"a\xc0\x80b", b"caf\xe9", b"\xed\xa0\x80")
CONTROL = ("\x00", "a\x00b", "a\x1bb", "\x7f")

PICTURES = {
    "text": b"just text",
    "a document": b"%PDF-1.7",
    "damaged": photo()[:1000],
    "too large": photo() + b"\0" * (MAX_BYTES + 1 - len(photo())),
}


def names(cases: list[Any]) -> list[str]:
    return [" ".join(map(str, case)) if isinstance(case, tuple) else str(case) for case in cases]


def wrong_values(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a field of JSON may not be."""
    text = text_schema(schema)
    yield from (("a number", 5), ("a fraction", 0.5), ("a truth", True), ("a list", ["a"]), ("an object", {"a": "b"}))
    if not may_be_null(schema):
        yield "null", None
    if text.get("minLength", 0) > 0:
        yield "empty", ""
    yield "one too long", "a" * (text["maxLength"] + 1)
    yield "far too long", "a" * 1_000_000
    yield from ((f"control {text!r}", text) for text in CONTROL)
    yield "a lone surrogate", "\ud800"
    yield "half a pair", "a\udc00b"


def raw(body: Mapping[str, Any], field: str, value: bytes) -> bytes:
    """The body as JSON with these very bytes between the quotes of one field."""
    return json.dumps({**body, field: "HERE"}).encode().replace(b'"HERE"', b'"' + value + b'"')


def refused(answer: Answer, field: str, how: object) -> None:
    """4xx, a problem, and the field is named."""
    assert 400 <= answer.status < 500, (how, answer.status, answer.text[:200])
    assert answer.status not in (401, 403, 404), (how, answer.status, answer.text[:200])
    assert answer.media_type == PROBLEM, how
    assert field in answer.faults, (how, answer.text[:300])
    assert answer.faults[field], how


async def ask(browser: Browser, operation: Described, **how: Any) -> Answer:
    return await browser.ask(operation.method, operation.with_ids(), **how)


@pytest.mark.parametrize(("operation", "field"), JSON_FIELDS, ids=names(JSON_FIELDS))
async def test_each_field_of_json_is_checked(site: Site, operation: Described, field: str) -> None:
    """Missing, of a wrong type, empty, over-long, not UTF-8, with control characters."""
    ada = await site.join()
    schema = operation.content[JSON]
    body = good_body(schema)
    if field in schema.get("required", ()):
        rest = {name: value for name, value in body.items() if name != field}
        refused(await ask(ada.browser, operation, json=rest), field, "missing")
    for how, value in wrong_values(schema["properties"][field]):
        refused(await ask(ada.browser, operation, json={**body, field: value}), field, how)
    for value in NOT_TEXT:
        answer = await ask(ada.browser, operation, body=raw(body, field, value), headers={"Content-Type": JSON})
        refused(answer, field, value)
    accepted = await ask(ada.browser, operation, json=body)
    assert accepted.status < 300 or accepted.status in (401, 403), accepted.text  # nobody has this name and password


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("operation", "field"), MULTIPART_FIELDS, ids=names(MULTIPART_FIELDS))
async def test_each_field_of_multipart_is_checked(site: Site, operation: Described, field: str) -> None:
    """By the same rules; a file where text belongs and text where a file belongs are of a wrong type."""
    ada = await site.join()
    schema = operation.content[MULTIPART]
    properties = schema["properties"]
    binary = properties[field].get("format") == "binary"
    good = {
        name: Part(photo(), "a.jpg", "image/jpeg") if each.get("format") == "binary" else Part(good_text(each).encode())
        for name, each in properties.items()
    }
    wrong: dict[str, Part | None] = {} if field not in schema["required"] else {"missing": None}
    if binary:
        wrong |= {"a text field": Part(b"not a file"), "empty": Part(b"", "a.jpg", "image/jpeg")}
        wrong |= {how: Part(data, "a.jpg", "image/jpeg") for how, data in PICTURES.items()}
    else:
        wrong |= {"a file": Part(b"a", "a.txt", "text/plain"), "empty": Part(b""), "blank": Part(b" \n ")}
        wrong |= {"one too long": Part(b"a" * (properties[field]["maxLength"] + 1)), "long": Part(b"a" * 1_000_000)}
        wrong |= {repr(data): Part(data) for data in (*NOT_TEXT, *(text.encode() for text in CONTROL))}
    for how, part in wrong.items():
        parts = {name: each for name, each in {**good, field: part}.items() if each is not None}
        refused(await ask(ada.browser, operation, parts=parts), field, how)
    assert (await ask(ada.browser, operation, parts=good)).status < 300


@pytest.mark.parametrize("operation", PICTURE_BODIES, ids=str)
async def test_a_picture_that_is_a_whole_body_is_checked(site: Site, operation: Described) -> None:
    """Its field is what the page's form calls it."""
    ada = await site.join()
    for how, data in {"empty": b"", **PICTURES}.items():
        refused(await ask(ada.browser, operation, body=data, headers={"Content-Type": "image/png"}), "avatar", how)


@pytest.mark.parametrize("operation", KEYED, ids=str)
async def test_the_idempotency_key_is_checked(site: Site, operation: Described) -> None:
    """As any field."""
    ada = await site.join()
    body = json.dumps(good_body(operation.content[JSON])).encode() if JSON in operation.content else b""
    for key in ("", "a" * 201, "a b", "\xe9", "\xff"):
        refused(await ask(ada.browser, operation, body=body, headers={"Idempotency-Key": key}), "Idempotency-Key", key)


@pytest.mark.parametrize(("operation", "name"), PAGED, ids=names(PAGED))
async def test_queries_are_checked(site: Site, operation: Described, name: str) -> None:
    """Also when they are not text at all."""
    ada = await site.join("000")
    for value in ("", "x", "%ff", "%00", "%ed%a0%80", "a" * 5000, "1" * 500, "%F0%9F%98%80"):
        answer = await ada.browser.ask(operation.method, f"{operation.with_ids()}?{name}={value}")
        refused(answer, name, value)


@pytest.mark.parametrize("operation", WITH_IDS, ids=str)
async def test_ids_that_cannot_be_are_not_found(site: Site, operation: Described) -> None:
    """404 as a problem, whatever stands in their place."""
    ada = await site.join()
    for place in ("%ff", "%00", "..", "a%2Fb", "x" * 3000, "$where", "%7B%22%24ne%22%3A1%7D", "%20", "A" * 24):
        path = re.sub(r"\{\w+\}", place, operation.path)
        answer = await ada.browser.ask(operation.method, path)
        assert (answer.status, answer.media_type) in ((404, PROBLEM), (405, PROBLEM)), (place, answer.status)


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_a_body_that_is_no_object_is_told_so(site: Site, operation: Described) -> None:
    """400, naming the body."""
    ada = await site.join()
    nested = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    bodies = (
        b"", b" ", b"{", b"[]", b"null", b"5", b'"text"', b"true", b"NaN", b"\xff", b"\xef\xbb\xbf{}", b"{}{}", b"'{}'",
        b"\x1f\x8b\x08", b"[" * 100_000, nested, b"9" * 10_000, b"<xml/>", b"a=b&c=d", "{}".encode("utf-16"),
    )  # fmt: skip
    for body in bodies:
        answer = await ask(ada.browser, operation, body=body, headers={"Content-Type": JSON})
        assert answer.status == 400, (body[:40], answer.status)
        assert set(answer.faults) == {"body"}, body[:40]


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_fields_nobody_knows_are_named(site: Site, operation: Described) -> None:
    """A typing error is told, not ignored; and a name may be anything."""
    ada = await site.join()
    body = good_body(operation.content[JSON])
    refused(await ask(ada.browser, operation, json={**body, "colour": "red"}), "colour", "unknown")
    for name, value in (
        ("\ud800", "a"), ("\ud800", "\x00"), ("\udc00", ""), ("\x00", "a"), ("`", "a"), ("", "a"), ("$ref", {}),
        ("a\nb", 1), ("a" * 100_000, "a"),
    ):  # fmt: skip
        answer = await ask(ada.browser, operation, json={**body, name: value})
        assert answer.status == 422, (name[:20], value, answer.text[:200])
        assert answer.faults, name[:20]
        assert len(answer.body) < 10_000
    answer = await ask(ada.browser, operation, body=b'{"\xff": "a"}')
    assert (answer.status, set(answer.faults)) == (422, {"body"})


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_of_a_field_that_comes_twice_the_last_counts(site: Site, operation: Described) -> None:
    """As everywhere in JSON; and what counts is checked."""
    ada = await site.join()
    body = good_body(operation.content[JSON])
    field = next(iter(body))
    twice = json.dumps(body).encode()[:-1] + b', "' + field.encode() + b'": 5}'
    refused(await ask(ada.browser, operation, body=twice), field, "twice")


@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
async def test_json_is_json_whatever_it_is_called(site: Site, operation: Described) -> None:
    """What a client forgets to say is no reason to refuse it; a form is refused as the non-JSON it is."""
    ada = await site.join()
    body = json.dumps(good_body(operation.content[JSON])).encode()
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "x", ""):
        answer = await ask(ada.browser, operation, body=body, headers={"Content-Type": media_type})
        assert answer.status in (200, 201, 401, 403, 409), (media_type, answer.text)
    answer = await ask(ada.browser, operation, form={"text": "a"})
    assert (answer.status, set(answer.faults)) == (400, {"body"})


BROKEN_FORMS = {
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "another boundary": ("multipart/form-data; boundary=other", multipart({"text": Part(b"a")})),
    "cut off": (BOUNDED, multipart({"text": Part(b"a")})[:-20]),
    "header that is not text": (BOUNDED, multipart({"text": Part(b"a")}).replace(b'name="text"', b'name="\xff"')),
    "no name": (BOUNDED, multipart({"text": Part(b"a")}).replace(b'; name="text"', b"")),
    "no header": (BOUNDED, multipart({"text": Part(b"a")}).replace(b"Content-Disposition", b"X")),
    "too many parts": (BOUNDED, multipart({f"t{n}": Part(b"a") for n in range(2000)})),
    "file name that is not text": (
        BOUNDED,
        multipart({"photo": Part(b"a", "NAME")}).replace(b"NAME", b"\xff"),
    ),
    "empty": (BOUNDED, b""),
    "url-encoded nonsense": ("application/x-www-form-urlencoded", b"%zz=%ff&\xff\xfe&=&&text=%ff"),
    "too many fields": ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(5000))),
}


@pytest.mark.parametrize("how", BROKEN_FORMS)
async def test_a_form_that_cannot_be_read_is_told_so(site: Site, how: str) -> None:
    """400 or 422 with something named, by every write that looks at its body; no write fails over it."""
    ada = await site.join()
    media_type, body = BROKEN_FORMS[how]
    for operation in WRITES:
        browser = ada.browser.clone()
        if "sessions" in operation.path or "logout" in operation.path:
            browser.cookies.clear()
        answer = await ask(browser, operation, body=body, headers={"Content-Type": media_type})
        assert answer.status < 500, (str(operation), answer.text)
        if answer.status >= 400:
            assert answer.media_type == PROBLEM
        if operation.content:
            assert answer.status in (400, 422), (str(operation), answer.text)
            assert answer.faults, str(operation)
    answer = await ada.browser.post("/cards", body=body, headers={"Content-Type": media_type})
    assert answer.status in (400, 403, 422)


@pytest.mark.parametrize("operation", [each for each in WRITES if not each.content], ids=str)
async def test_a_body_where_none_belongs_does_no_harm(site: Site, operation: Described) -> None:
    """It is not looked at."""
    ada = await site.join()
    for body in (b"{", b"\xff" * 100, b"null", b"[" * 10_000):
        answer = await ask(ada.browser, operation, body=body, headers={"Content-Type": JSON})
        assert answer.status in (200, 202, 204, 401, 404), answer.text


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(start: Starts) -> None:
    """By its announced length, or as soon as its chunks exceed it; the process goes on. (The proxy answers 413.)"""
    site = await start()
    host, port = site.url.removeprefix("http://").split(":")
    head = "POST /api/v1/cards HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for rest in (
        f"Content-Length: {MAX_BODY_BYTES + 1}\r\n\r\n",
        f"Transfer-Encoding: chunked\r\n\r\n{MAX_BODY_BYTES + 1:x}\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "X: " + "a" * 70_000 + "\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write((head + rest).encode())
        async with asyncio.timeout(5):
            answered = await reader.read()
        writer.close()
        assert answered.startswith(b"HTTP/1.1 4") or answered == b"", (rest[:40], answered[:100])
    largest = b'{"text": "a"}' + b" " * (MAX_BODY_BYTES - 13)
    ada = await site.join()
    assert (await ada.browser.post("/api/v1/cards", body=largest)).status == 201
    assert (await Member(ada.browser, ada.handle).me())["cards"] == 1


@pytest.mark.parametrize(
    "cookie", ["session=\xff", "session", "=", ";;;", 'session="a', "a=b; " * 100, "session=\\000"]
)
async def test_cookies_that_cannot_be_read_are_no_cookies(site: Site, cookie: str) -> None:
    """401 where a session is needed, no failure anywhere."""
    browser = site.browser()
    for path, status in (("/api/v1/me", 401), ("/", 200), ("/api/v1/visits", 200)):
        assert (await browser.get(path, headers={"Cookie": cookie})).status == status
