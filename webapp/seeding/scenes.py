"""Which scene a photo shows: known without drawing it, so that the words on a card can fit its picture."""

from typing import Literal, get_args

from webapp.seeding.chance import stream

Scene = Literal["sea", "mountains", "lake", "city", "canal", "forest", "desert", "hills", "stars", "aurora"]

SCENES: tuple[Scene, ...] = get_args(Scene)


def scene_of(seed: int, index: int) -> Scene:
    """The scene of photo `index`: every run of ten photos shows each scene once, in an order of its own."""
    round_, place = divmod(index, len(SCENES))
    order = list(SCENES)
    stream(seed, "scenes", round_).shuffle(order)
    return order[place]
