"""Short, believable postcard texts and biographies, spoken from the grammar in `phrases`."""

import re
from collections.abc import Mapping
from random import Random

from webapp.seeding.phrases import PHOTO_SHAPES, SCENE_SENTENCES, SENTENCES, SHAPES
from webapp.seeding.places import Place
from webapp.seeding.scenes import Scene
from webapp.seeding.vocabulary import BIOS, bio_gaps, gaps

_GAP = re.compile(r"\{(\w+)\}")
_SENTENCE_START = re.compile(r"(^|[.!?] )([a-zà-ÿ])")


def card_text(random: Random, place: Place, scene: Scene | None) -> str:
    """What somebody writes from `place`; with a `scene`, what they write beside a photo of it."""
    fillings = {**gaps(), "at": (place.at,), "where": (place.where,), "spot": place.spots, "food": place.foods}
    shape = random.choice(PHOTO_SHAPES if scene else SHAPES)
    seen: Scene = scene if scene is not None else random.choice(_scenes(place))
    kinds = {**SENTENCES, "scene": SCENE_SENTENCES[seen]}
    return _tidy(" ".join(_fill(random, random.choice(kinds[kind]), fillings) for kind in shape.split()))


def biography(random: Random, place: Place) -> str:
    """Who somebody says they are."""
    return _tidy(_fill(random, random.choice(BIOS), {**bio_gaps(), "at": (place.at,)}))


def _scenes(place: Place) -> list[Scene]:
    return [scene for scene in SCENE_SENTENCES if scene in place.scenes.split()]


def _fill(random: Random, sentence: str, fillings: Mapping[str, tuple[str, ...]]) -> str:
    """The sentence with its gaps filled; a gap that occurs twice is filled alike."""
    chosen = {gap: random.choice(fillings[gap]) for gap in dict.fromkeys(_GAP.findall(sentence))}
    return sentence.format_map(chosen)


def _tidy(text: str) -> str:
    return _SENTENCE_START.sub(lambda start: start[1] + start[2].upper(), text)
