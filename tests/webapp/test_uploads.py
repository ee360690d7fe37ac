"""The room for uploads of one process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.errors import Overloaded, TooMany
from webapp.uploads import SMALL_BYTES, Uploads

LARGE = SMALL_BYTES + 1


def test_there_is_room_for_all_up_to_the_bound() -> None:
    """Beyond it whoever comes is refused at once; what is given back may be taken again."""
    uploads = Uploads(most_bytes=3 * LARGE, most_bytes_of_one=3 * LARGE)
    given_back = [uploads.take(person, LARGE) for person in ("ada", "bob", "eve")]
    with pytest.raises(Overloaded):
        uploads.take("dan", LARGE)
    given_back[0]()
    uploads.take("dan", LARGE)
    assert uploads.held_bytes == 3 * LARGE


def test_one_person_leaves_room_for_others() -> None:
    """However much they send at once."""
    uploads = Uploads(most_bytes=10 * LARGE, most_bytes_of_one=2 * LARGE)
    for _ in range(2):
        uploads.take("ada", LARGE)
    with pytest.raises(TooMany):
        uploads.take("ada", LARGE)
    uploads.take("bob", LARGE)


def test_small_bodies_need_no_room() -> None:
    """A card without a photo can be sent while photos fill everything."""
    uploads = Uploads(most_bytes=0, most_bytes_of_one=0)
    uploads.take("ada", SMALL_BYTES)
    assert uploads.held_bytes == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4 * LARGE), st.integers(0, 5))))
def test_what_is_held_is_what_was_taken_and_not_given_back(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is taken and given back in whatever order, some of it twice, nothing is lost and nothing is negative."""
    uploads = Uploads(most_bytes=9 * LARGE, most_bytes_of_one=5 * LARGE)
    held = []
    for person, size, index in steps:
        try:
            held.append((uploads.take(person, size), size if size > SMALL_BYTES else 0))
        except (Overloaded, TooMany):
            give_back, _ = held.pop(index % len(held)) if held else (lambda: None, 0)
            give_back()
            give_back()
        assert uploads.held_bytes == sum(size for _, size in held) <= 9 * LARGE
    for give_back, _ in held:
        give_back()
    assert uploads.held_bytes == 0
