"""Values on their way to and from Redis."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache import Misuse
from cache.codec import Codec


class Value(msgspec.Struct, frozen=True):
    """Something to encode."""

    text: str
    numbers: tuple[int, ...]


class Other(msgspec.Struct, frozen=True):
    """Another release's shape."""

    something: tuple[str, ...]


def decoded(data: bytes) -> Value | None:
    """What a process of this release takes these bytes for."""
    envelope = Codec(Value).open(data)
    return None if envelope is None else Codec(Value).decode(envelope.payload)


@given(st.text(), st.lists(st.integers(-(2**63), 2**63)), st.integers(1, 2**50))
def test_what_goes_in_comes_out(text: str, numbers: list[int], life_ms: int) -> None:
    """Key, life and value survive the way there and back."""
    codec = Codec(Value)
    value = Value(text, tuple(numbers))
    envelope = codec.open(codec.encode("board:1:{ada}", value, life_ms))
    assert envelope is not None
    assert (envelope.key, envelope.life_ms, codec.decode(envelope.payload)) == ("board:1:{ada}", life_ms, value)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_miss(data: bytes) -> None:
    """Garbage never raises and never becomes a value of another type."""
    assert decoded(data) is None or isinstance(decoded(data), Value)


@given(st.data())
def test_a_truncated_value_is_a_miss(data: st.DataObject) -> None:
    """Whatever was cut off the end."""
    codec = Codec(Value)
    whole = codec.encode("k", Value("text", (1, 2, 3)), 7)
    assert decoded(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(st.data())
def test_a_value_with_a_byte_changed_raises_nothing(data: st.DataObject) -> None:
    """It is a miss, or a value of the type (there is no checksum: Redis and TCP have theirs)."""
    whole = bytearray(Codec(Value).encode("k", Value("text", (1, 2, 3)), 7))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert decoded(bytes(whole)) is None or isinstance(decoded(bytes(whole)), Value)


def test_no_two_stored_values_have_the_same_mark() -> None:
    """The very same value, stored twice, can be told apart."""
    codec = Codec(Value)
    envelopes = [codec.open(codec.encode("k", Value("text", ()), 1)) for _ in range(100)]
    assert len({envelope.stamp for envelope in envelopes if envelope is not None}) == 100


def test_another_releases_shape_is_a_miss() -> None:
    """A value of a type that does not fit is not forced into it."""
    assert decoded(Codec(Other).encode("k", Other(("a",)), 1)) is None


class Loose(msgspec.Struct):
    """A value that whoever reads it could change."""

    text: str


@pytest.mark.parametrize(
    "kind", [list[int], dict[str, int], Loose, tuple[Loose, ...], tuple[list[int], ...], Value | None]
)
def test_a_type_whose_values_could_be_changed_or_be_none_is_refused(kind: type) -> None:
    """Copies are shared between requests, and None means that there is nothing."""
    with pytest.raises(Misuse, match="values of"):
        Codec(kind)
