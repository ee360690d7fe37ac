"""Uploads nobody means well with, over HTTP: never a 5xx, nothing of our insides in an answer, nothing left behind.

Each case is sent to all four places where pictures come in. What the decoder and the parser make of more of them is
tried closer by, in `test_pictures.py` and `test_incoming.py`.
"""

import io
import re
import socket
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import requests
from browsing import MULTIPART, TOKEN, Part, multipart
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from photo import photo
from PIL import Image
from sites import PASSWORD, Site, site_in_thread, variables_of

from deploy.local import single_store

HANDLE = "ada"
PAGES = {"/cards": "photo", "/settings/avatar": "avatar"}
TAKEN = {200, 201, 303}
REFUSED = {400, 413, 422}
# What only our insides say: files, modules, classes, addresses, secrets.
INSIDES = re.compile(
    r"Traceback|\.py\b|site-packages|PIL\.|Pillow|tornado|Segment|Exception|Error:|redis://|mongodb://|s{40}"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[Site]:
    """The application over stores of its own, in which one may write as much as one likes."""
    much = {"CARDS_PER_DAY": "10000000", "PHOTOS_PER_DAY": "10000000", "S3_BUCKET": "fuzzed"}
    with (
        single_store("redis", tmp_path_factory.mktemp("redis"), clean_environ) as redis,
        single_store("mongodb", tmp_path_factory.mktemp("mongodb"), clean_environ) as mongodb,
        single_store("s3", tmp_path_factory.mktemp("s3"), clean_environ) as s3,
        site_in_thread(variables_of(redis, mongodb, s3, **much)) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def ada(running: Site) -> Iterator[requests.Session]:
    """Somebody who is logged in; `headers` holds a form's token."""
    with requests.Session() as session:
        body = {"handle": HANDLE, "password": PASSWORD, "name": "Ada"}
        session.post(f"{running.url}/api/v1/signup", json=body, timeout=10).raise_for_status()
        shown = TOKEN.search(session.get(f"{running.url}/people", timeout=10).text)
        assert shown is not None
        session.headers["X-XSRFToken"] = shown[1]
        yield session


@pytest.fixture
def is_quiet(running: Site, eventually: Callable[..., None]) -> Iterator[None]:
    """After the test nothing is held or in flight any more."""
    yield
    resources = running.resources
    eventually(lambda: (resources.uploads.held_bytes, resources.metrics.in_flight) == (0, 0))


def send_everywhere(running: Site, ada: requests.Session, data: bytes) -> set[int]:
    """The statuses of a file that is sent to all places, each answer looked at."""
    answers = [ada.put(f"{running.url}/api/v1/me/avatar", data=data, timeout=30)]
    for path, field in {**PAGES, "/api/v1/cards": "photo"}.items():
        body = multipart({"text": Part(b"a card"), field: Part(data, "p.jpg", "image/jpeg")})
        answers.append(post(running, ada, path, body))
    return {checked(answer) for answer in answers}


def post(
    running: Site, ada: requests.Session, path: str, body: bytes, media_type: str = MULTIPART
) -> requests.Response:
    headers = {"Content-Type": media_type}
    return ada.post(f"{running.url}{path}", data=body, headers=headers, allow_redirects=False, timeout=30)


def checked(answer: requests.Response) -> int:
    """The status, after a look at what is told."""
    assert answer.status_code in TAKEN | REFUSED, (answer.status_code, answer.text[:300])
    told = INSIDES.search(answer.text)
    assert told is None, f"{told} in {answer.text[:2000]}"
    assert len(answer.content) < 200_000
    return answer.status_code


def encoded(form: str, size: tuple[int, int] = (96, 64)) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").resize(size).save(out, form)
    return out.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png_with(*chunks: bytes, width: int = 8, height: int = 8) -> bytes:
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + b"".join(chunks) + png_chunk(b"IEND", b"")


@cache
def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    return out.getvalue()


def hostile() -> dict[str, bytes]:
    """Files that are refused."""
    zeros = zlib.compress(b"\0" * 60_000_000)
    found = {
        "nothing": b"",
        "text": b"just text " * 500,
        "a document": b"%PDF-1.7\n" + b"0" * 5000,
        "a program": b"\x7fELF" + b"\0" * 5000,
        "a drawing": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "an archive": zipped(),
        "a page": b"<!doctype html><script>alert(1)</script>",
        "a picture of 2.5 gigapixels": png_with(png_chunk(b"IDAT", zeros), width=50_000, height=50_000),
        "no pixels": png_with(png_chunk(b"IDAT", zlib.compress(b"")), width=0, height=0),
        "text that inflates to gigabytes": png_with(*[png_chunk(b"zTXt", b"a\0\0" + zeros)] * 40),
        "a picture and a script": encoded("JPEG") + b"<script>alert(1)</script>",
        "a picture and a server's script": encoded("PNG") + b"<?php system('id'); ?>",
    }
    for form in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = encoded(form)
        found[f"{form} and archive"] = whole + zipped()
        found[f"half of a {form}"] = whole[: len(whole) // 2]
        found[f"the first bytes of a {form}"] = whole[:20]
    return found


HOSTILE = hostile()


@pytest.mark.usefixtures("is_quiet")
@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_file_is_refused_everywhere(running: Site, ada: requests.Session, how: str) -> None:
    """Wrong type, cut off, two things in one, and what would blow up in memory."""
    assert send_everywhere(running, ada, HOSTILE[how]) <= REFUSED


@pytest.mark.usefixtures("is_quiet")
def test_a_sound_picture_is_taken_everywhere(running: Site, ada: requests.Session) -> None:
    """What the refusals are worth."""
    assert send_everywhere(running, ada, photo()) <= TAKEN


def mutated(path: str, form: str, edits: list[tuple[float, bytes, int]], media_type: str) -> tuple[str, bytes, str]:
    """A path, and a form for it with bytes overwritten, put in and cut out, said to be of this type."""
    field = PAGES.get(path, "photo")
    body = bytearray(multipart({"text": Part(b"a card"), field: Part(encoded(form), "p", "image/jpeg")}))
    for place, patch, cut in edits:
        at = int(place * len(body))
        body[at : at + cut] = patch
    return path, bytes(body), media_type


FORMS = st.builds(
    mutated,
    st.sampled_from([*PAGES, "/api/v1/cards"]),
    st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 40)), max_size=5),
    st.sampled_from([MULTIPART, f'{MULTIPART}; charset="', "multipart/form-data", "multipart/form-data; boundary=x"]),
)


@pytest.mark.usefixtures("is_quiet")
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FORMS)
def test_a_mutated_form_is_taken_or_refused(running: Site, ada: requests.Session, sent: tuple[str, bytes, str]) -> None:
    """Its boundary, its headers, its text, its picture: wherever it was hit."""
    checked(post(running, ada, *sent))


NAMES = ["a\x00b", "../../etc/passwd", "C:\\x\\y.jpg", "'; DROP TABLE", "<script>", "a" * 3000, "%00", "é" * 50, ""]


@pytest.mark.usefixtures("is_quiet")
@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_be_called_anything(running: Site, ada: requests.Session, name: str) -> None:
    """Its name is used for nothing, and told to nobody."""
    for path, field in {**PAGES, "/api/v1/cards": "photo"}.items():
        body = multipart({"text": Part(b"a card"), field: Part(photo(), name, "image/jpeg")})
        answer = post(running, ada, path, body)
        assert checked(answer) in TAKEN
        assert not name or name not in answer.text


@pytest.mark.usefixtures("is_quiet")
@pytest.mark.parametrize("name", NAMES)
def test_a_field_may_not(running: Site, ada: requests.Session, name: str) -> None:
    """A file under another name is refused, and what it is called cannot be seen as markup."""
    for path in (*PAGES, "/api/v1/cards"):
        answer = post(running, ada, path, multipart({name: Part(photo(), "p.jpg", "image/jpeg")}))
        assert checked(answer) in REFUSED
        assert "<script>" not in answer.text or "json" in answer.headers["Content-Type"]


@pytest.mark.usefixtures("is_quiet")
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.999])
def test_a_connection_that_breaks_off_leaves_nothing(running: Site, ada: requests.Session, part: float) -> None:
    """Wherever it does, at all places; and the process goes on."""
    host, port = running.url.removeprefix("http://").split(":")
    cookies = "; ".join(f"{each.name}={each.value}" for each in ada.cookies)
    body = multipart({"text": Part(b"a card"), "photo": Part(photo(), "p.jpg"), "avatar": Part(photo(), "p.jpg")})
    for method, path in (("POST", "/cards"), ("POST", "/settings/avatar"), ("POST", "/api/v1/cards"),
                         ("PUT", "/api/v1/me/avatar")):  # fmt: skip
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n"
            f"Content-Type: {MULTIPART}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.encode() + body[: int(part * len(body))])
    assert ada.get(f"{running.url}/api/v1/me", timeout=10).status_code == 200
