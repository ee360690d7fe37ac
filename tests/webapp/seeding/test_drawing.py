"""Drawn photos and avatars: the same every time, each different, and what they claim to be."""

import io
from statistics import pstdev

import pytest
from PIL import Image

from webapp.pictures import process, process_avatar
from webapp.seeding import AVATAR_EDGE, PHOTO_HEIGHT, PHOTO_WIDTH, draw_avatar, draw_photo
from webapp.seeding.scenes import SCENES, scene_of


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("index", range(len(SCENES)), ids=[scene_of(7, index) for index in range(len(SCENES))])
def test_a_photo_is_the_same_whenever_it_is_drawn(index: int) -> None:
    """Same seed, same index, same bytes: seeding twice stores nothing twice."""
    photo = draw_photo(7, index)
    assert photo == draw_photo(7, index)
    image = opened(photo)
    assert (image.format, image.size) == ("WEBP", (PHOTO_WIDTH, PHOTO_HEIGHT))
    assert len(photo) < 250_000


def test_ten_photos_in_a_row_show_every_scene() -> None:
    """However few photos are asked for, they are mixed."""
    for start in (0, 10, 500):
        assert {scene_of(7, index) for index in range(start, start + 10)} == set(SCENES)


def test_photos_differ_and_none_is_flat() -> None:
    """No two photos are the same, and each has light and dark."""
    photos = [draw_photo(8, index) for index in range(10)]
    assert len(set(photos)) == 10
    for photo in photos:
        tones = list(opened(photo).convert("L").resize((48, 32)).tobytes())
        assert pstdev(tones) > 12


def test_avatars_are_the_same_whenever_drawn_and_differ_from_each_other() -> None:
    """A face belongs to one person, for good."""
    avatars = [draw_avatar(7, index) for index in range(20)]
    assert avatars == [draw_avatar(7, index) for index in range(20)]
    assert len(set(avatars)) == 20
    assert {opened(avatar).size for avatar in avatars} == {(AVATAR_EDGE, AVATAR_EDGE)}


def test_drawn_pictures_pass_as_uploads() -> None:
    """What the seed stores is what the application itself would take from a person."""
    photo, avatar = process(draw_photo(7, 0)), process_avatar(draw_avatar(7, 0))
    assert (photo.width, photo.height) == (PHOTO_WIDTH, PHOTO_HEIGHT)
    assert (avatar.width, avatar.height) == (AVATAR_EDGE, AVATAR_EDGE)
