"""Bodies while they come in: whatever comes, in whatever pieces, it is read, or refused saying why."""

import tracemalloc
from collections.abc import Iterator

import pytest
from browsing import MULTIPART, Part, multipart
from hypothesis import given
from hypothesis import strategies as st
from photo import photo

from webapp.errors import InvalidInput
from webapp.incoming import FIELD_BYTES, HEADER_BYTES, MOST_HEADERS, MOST_PARTS, FormBody
from webapp.pictures import MAX_BYTES

CHUNK_BYTES = 64 << 10
FORM = multipart({"text": Part(b"Hello"), "photo": Part(photo(), "a.jpg", "image/jpeg"), "more": Part(b"x")})


def pieces(body: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def read(body: bytes, *, size: int = CHUNK_BYTES, patient: bool = False, content_type: str = MULTIPART) -> FormBody:
    form = FormBody(content_type, "photo", patient=patient)
    for piece in pieces(body, size):
        form.take(piece)
    form.end()
    return form


def refusal(body: bytes, **how: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(body, **how)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("size", [1, 2, 7, 1000, CHUNK_BYTES])
def test_a_form_is_the_same_in_whatever_pieces_it_comes(size: int) -> None:
    """Also where a piece ends within a boundary."""
    form = read(FORM, size=size)
    assert form.fields == {"text": [b"Hello"], "more": [b"x"]}
    [kept] = form.files["photo"]
    assert (kept.filename, kept.body) == ("a.jpg", photo())


def test_no_file_was_chosen() -> None:
    """A browser then sends an empty one without a name."""
    form = read(multipart({"text": Part(b"a"), "photo": Part(b"", "")}))
    assert (form.fields, form.files) == ({"text": [b"a"]}, {})


def test_a_file_is_refused_by_its_beginning() -> None:
    """Once a kilobyte of it has come: of a large one nearly nothing was sent then."""
    body = multipart({"photo": Part(b"just text" * 100_000, "a.jpg")})
    form = FormBody(MULTIPART, "photo", patient=False)
    with pytest.raises(InvalidInput) as caught:
        form.take(body[:1500])
    assert "not a picture" in caught.value.faults["photo"]


def test_a_file_is_refused_once_it_is_too_large() -> None:
    """With the sentence that says how large it may be."""
    large = photo() + b"\0" * (MAX_BYTES + 1 - len(photo()))
    assert "The limit is 10 MiB" in refusal(multipart({"photo": Part(large, "a.jpg")})).faults["photo"]


def test_a_patient_form_keeps_what_was_typed() -> None:
    """Its file is refused before the text behind it has come."""
    form = FormBody(MULTIPART, "photo", patient=True)
    for piece in pieces(multipart({"photo": Part(b"just text" * 1000, "a.jpg"), "text": Part(b"typed")})):
        form.take(piece)
    with pytest.raises(InvalidInput) as caught:
        form.end()
    assert set(caught.value.faults) == {"photo"}
    assert (form.fields, form.files) == ({"text": [b"typed"]}, {})


def test_text_has_a_bound_of_its_own() -> None:
    """Far above what any field may hold, far below a picture's."""
    assert read(multipart({"text": Part(b"a" * FIELD_BYTES)})).fields["text"] == [b"a" * FIELD_BYTES]
    assert set(refusal(multipart({"text": Part(b"a" * (FIELD_BYTES + 1))})).faults) == {"text"}


@pytest.mark.parametrize("name", ["text", "other"])
def test_a_file_elsewhere_is_refused(name: str) -> None:
    """Only one field may be one."""
    assert set(refusal(multipart({name: Part(photo(), "a.jpg")})).faults) == {name}


def test_a_second_file_is_refused() -> None:
    """Nobody could say which was meant."""
    one = multipart({"photo": Part(photo(), "a.jpg")})
    twice = one.removesuffix(b"--\r\n") + b"\r\n" + one.removeprefix(HEAD)
    assert refusal(twice).faults == {"photo": "Send one file."}


HEAD = b"--" + MULTIPART.rpartition("=")[2].encode() + b"\r\n"
BROKEN = {
    "nothing": b"",
    "no boundary in it": b"a" * 100_000,
    "no end": FORM[:-8],
    "end of a header missing": HEAD + b'Content-Disposition: form-data; name="text"',
    "an endless header": HEAD + b"X: " + b"a" * 1_000_000,
    "a header too long": HEAD + b"X: " + b"a" * (HEADER_BYTES + 10) + b"\r\n\r\n",
    "too many headers": HEAD + b"X: a\r\n" * (MOST_HEADERS + 1) + b"\r\n",
    "endless headers": HEAD + b"X: a\r\n" * 100_000,
    "headers without a colon": HEAD + b"aaaa\r\n\r\n",
    "thousands of parts": multipart({f"t{n}": Part(b"a") for n in range(5000)}),
    "one part too many": multipart({f"t{n}": Part(b"a") for n in range(MOST_PARTS + 1)}),
    "a name that is not text": FORM.replace(b'name="text"', b'name="\xff"'),
    "no name": FORM.replace(b'; name="text"', b""),
    "an empty name": FORM.replace(b'name="text"', b'name=""'),
    "no disposition": FORM.replace(b"Content-Disposition", b"X"),
    "another disposition": FORM.replace(b"form-data", b"attachment"),
    "a part's length that is wrong": FORM.replace(b"Content-Type", b"Content-Length: 3\r\nContent-Type"),
    "bare line feeds": FORM.replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("patient", [False, True])
def test_a_broken_form_is_told_so(how: str, patient: bool) -> None:
    """400, and nothing of the parser's own words."""
    refused = refusal(BROKEN[how], patient=patient)
    assert (refused.status, refused.faults) == (400, {"body": "This is not a form we can read."})


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="a\nb"',
     "multipart/form-data; boundary=other", "multipart/form-data" + "; a=\"b" * 10_000, "multipart/form-data;" * 3000],
)  # fmt: skip
def test_a_boundary_that_is_none_is_told_so(content_type: str) -> None:
    """Missing, empty, of two lines, not the one that was used; and it is never searched for long."""
    assert refusal(FORM, content_type=content_type).status == 400


@pytest.mark.parametrize("name", ["a\x00b", "\x7f", "a" * 200])
def test_strange_names_are_not_repeated(name: str) -> None:
    """They would stand in the answer."""
    refused = refusal(multipart({name: Part(photo(), "a.jpg")}))
    assert set(refused.faults) == {"body"}


@given(
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 40)), max_size=6),
    st.integers(1, 5000),
    st.booleans(),
)
def test_mutated_forms_are_read_or_refused(edits: list[tuple[float, bytes, int]], size: int, patient: bool) -> None:
    """Bytes overwritten, put in and cut out anywhere: nothing but InvalidInput, 4xx."""
    body = bytearray(FORM[:3000] + FORM[-300:])
    for place, patch, cut in edits:
        at = int(place * len(body))
        body[at : at + cut] = patch
    refused = None
    try:
        read(bytes(body), size=size, patient=patient)
    except InvalidInput as error:
        refused = error
    assert refused is None or (refused.faults and 400 <= refused.status < 500)


FILE = HEAD + b'Content-Disposition: form-data; name="%s"; filename="y"\r\n\r\n'
HOSTILE = {
    # how it begins, and what then comes for ever
    "a preamble": (b"a", b"a" * CHUNK_BYTES),
    "a file of another name": (FILE % b"x", b"a" * CHUNK_BYTES),
    "an endless picture": (FILE % b"photo" + photo(), b"a" * CHUNK_BYTES),
    "what is nearly a boundary": (FILE % b"photo", (b"\r\n" + HEAD[:-3]) * 2000),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_never_ends_is_not_kept(how: str) -> None:
    """64 MiB in, of which a patient form holds a picture's worth at most while it waits for the end."""
    begin, endless = HOSTILE[how]
    form = FormBody(MULTIPART, "photo", patient=True)
    tracemalloc.start()
    try:
        form.take(begin)
        for _ in range(1024):
            form.take(endless)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1 << 20
    assert peak < 1.3 * MAX_BYTES
