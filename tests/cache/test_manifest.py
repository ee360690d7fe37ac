"""The bytes of a manifest: bounded when written, and names or nothing when read, whatever they are."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.manifest import FORMAT, Manifest, Name, Unusable, names_in

KINDS = ["board", "session"]
TEXTS = st.text(max_size=40)
NAMES = st.lists(st.builds(Name, st.sampled_from([*KINDS, "unknown"]), TEXTS, TEXTS), max_size=30)


@given(NAMES, st.integers(1, 40), st.integers(1, 600))
def test_what_is_written_is_within_bounds_and_read_as_it_was(names: list[Name], most: int, size: int) -> None:
    """In its order, each once, up to the first that does not fit; unknown kinds are left out."""
    manifest = Manifest(KINDS, most_names=most, most_bytes=size)
    added = 0
    for name in names:
        if not manifest.add(name):
            break
        added += 1
    known = [name for name in names[:added] if name.kind in KINDS]
    assert len(manifest) == len(known) <= most
    if known:
        assert len(manifest.encoded()) <= size
        assert names_in(manifest.encoded(), most_names=most) == list(dict.fromkeys(known))


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_no_bytes_but_a_manifest_are_one(noise: bytes, start: int, end: int) -> None:
    """Whatever is put in place of a part of one, names come out or Unusable is raised."""
    manifest = Manifest(KINDS, most_names=9, most_bytes=999)
    for number in range(4):
        assert manifest.add(Name("session", f"user{number}", "5e55"))
    data = manifest.encoded()
    try:
        names = names_in(data[:start] + noise + data[max(start, end) :], most_names=5)
    except Unusable:
        return
    assert len(names) <= 5
    assert all(isinstance(part, str) for name in names for part in name)


def test_another_format_is_told_from_garbage() -> None:
    """Whatever the rest of it looks like."""
    with pytest.raises(Unusable, match=f"format {FORMAT + 1}, this process reads {FORMAT}"):
        names_in(msgspec.msgpack.encode((FORMAT + 1, {"later": 1})), most_names=9)
    with pytest.raises(Unusable, match="garbage"):
        names_in(b"", most_names=9)
