"""Values on their way to and from Redis."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cache.codec import Codec


class Value(msgspec.Struct, frozen=True):
    """Something to encode."""

    text: str
    numbers: tuple[int, ...]


class Other(msgspec.Struct, frozen=True):
    """Another release's shape."""

    something: dict[str, int]


@given(st.text(), st.lists(st.integers(-(2**63), 2**63)), st.integers(0, 2**60), st.floats(0, 2e9))
def test_what_goes_in_comes_out(text: str, numbers: list[int], version: int, stored_at: float) -> None:
    """Value, version and time survive the way there and back."""
    codec = Codec(Value)
    value = Value(text, tuple(numbers))
    assert codec.decode(codec.encode(value, version, stored_at)) == (value, version, stored_at)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_a_miss(data: bytes) -> None:
    """Garbage never raises and never becomes a value of another type."""
    found = Codec(Value).decode(data)
    assert found is None or isinstance(found[0], Value)


@given(st.data())
def test_a_truncated_value_is_a_miss(data: st.DataObject) -> None:
    """Whatever was cut off the end."""
    codec = Codec(Value)
    whole = codec.encode(Value("text", (1, 2, 3)), 7, 1.0)
    assert codec.decode(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


def test_another_releases_shape_is_a_miss() -> None:
    """A value of a type that does not fit is not forced into it."""
    assert Codec(Value).decode(Codec(Other).encode(Other({"a": 1}), 1, 1.0)) is None
