"""Parts of something, as clients ask for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.ranges import Part, Unsatisfiable, part_of


@pytest.mark.parametrize(
    ("given_range", "part"),
    [
        ("bytes=0-0", Part(0, 0)),
        ("bytes=0-9", Part(0, 9)),
        ("bytes=90-", Part(90, 99)),
        ("bytes=90-5000", Part(90, 99)),
        ("bytes=-10", Part(90, 99)),
        ("bytes=-5000", Part(0, 99)),
        ("", None),
        ("bytes=-", None),
        ("bytes=9-0", None),
        ("bytes=0-1,5-9", None),
        ("lines=0-9", None),
        ("bytes=a-b", None),
        ("bytes=0-" + "9" * 40, None),
    ],
)
def test_one_range_is_a_part_and_all_else_is_ignored(given_range: str, part: Part | None) -> None:
    """Of a hundred bytes. What is ignored is answered with all of them."""
    assert part_of(given_range, 100) == part


@pytest.mark.parametrize("given_range", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=5000-"])
def test_a_part_that_is_not_there(given_range: str) -> None:
    """It begins behind the end, or has nothing in it."""
    with pytest.raises(Unsatisfiable):
        part_of(given_range, 100)


@given(st.text(alphabet="bytes=-0123456789, ", max_size=20), st.integers(0, 1000))
def test_a_part_is_never_outside(given_range: str, size: int) -> None:
    """Whatever is asked for."""
    try:
        part = part_of(given_range, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < size
    assert part is None or len(part) == part.last - part.first + 1
