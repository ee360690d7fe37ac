"""Who wrote which card when, and which cards carry a photo."""

from math import exp2
from random import Random

from webapp.seeding.chance import stream, zipf
from webapp.seeding.content import SeedCard, SeedFollow, SeedPerson
from webapp.seeding.places import Place, places
from webapp.seeding.scenes import Scene, scene_of
from webapp.seeding.texts import card_text

SPAN_SECONDS = 30 * 86_400

_YOUNGEST_SECONDS = 120
_ACTIVITY_EXPONENT = 0.5
_DEMO_SHARE = 150  # one card in so many is the demo account's
_DEMO_PHOTOS = 4
_PHOTO_DECAY_SECONDS = 4 * 86_400
_FRIENDS_PHOTO_WEIGHT = 4.0
_TRIP_SECONDS = 9 * 86_400
_ATTEMPTS_AT_A_NEW_TEXT = 30


def plan_cards(
    seed: int, people: tuple[SeedPerson, ...], follows: tuple[SeedFollow, ...], count: int, photos: int
) -> tuple[SeedCard, ...]:
    """`count` cards of the last 30 days, oldest first; each photo is on one card, as far as there are cards."""
    if not people:
        return ()
    random = stream(seed, "cards")
    authors = _authors(random, [person.handle for person in people], count)
    ages = sorted((_age(random) for _ in range(count)), reverse=True)
    demo = people[0].handle
    friends = {follow.followee for follow in follows if follow.follower == demo}
    pictured = dict(
        zip(_pictured(random, authors, ages, demo=demo, friends=friends, photos=photos), range(photos), strict=False)
    )
    voice = _Voice(seed)
    return tuple(
        SeedCard(
            number=number,
            author=author,
            text=voice.say(author, age, scene_of(seed, pictured[number]) if number in pictured else None),
            created_seconds_ago=age,
            photo=pictured.get(number),
        )
        for number, (author, age) in enumerate(zip(authors, ages, strict=True))
    )


def _authors(random: Random, handles: list[str], count: int) -> list[str]:
    demo, *others = handles
    shares = zipf(len(others), _ACTIVITY_EXPONENT)
    random.shuffle(others)
    return [
        demo
        if not others or number % _DEMO_SHARE == _DEMO_SHARE // 2
        else random.choices(others, cum_weights=shares)[0]
        for number in range(count)
    ]


def _age(random: Random) -> int:
    return _YOUNGEST_SECONDS + int(random.random() ** 1.25 * (SPAN_SECONDS - _YOUNGEST_SECONDS))


def _pictured(
    random: Random, authors: list[str], ages: list[int], *, demo: str, friends: set[str], photos: int
) -> list[int]:
    """The numbers of the cards with a photo: newer ones, and those on the demo account's board, more likely.

    Weighted sampling without replacement by exponential keys (Efraimidis & Spirakis, 2006).
    """

    def key(number: int) -> float:
        weight = 0.08 + exp2(-ages[number] / _PHOTO_DECAY_SECONDS)
        if authors[number] in friends:
            weight *= _FRIENDS_PHOTO_WEIGHT
        return random.expovariate(1.0) / weight

    keys = [key(number) for number in range(len(authors))]
    own = [number for number in reversed(range(len(authors))) if authors[number] == demo][:_DEMO_PHOTOS]
    for number in own:
        keys[number] = 0.0
    chosen = sorted(range(len(authors)), key=lambda number: (keys[number], number))[:photos]
    random.shuffle(chosen)
    return chosen


class _Voice:
    """Writes the texts: each author travels from place to place, and no text is used twice while words last."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = stream(seed, "texts")
        self._places = places()
        self._said: set[str] = set()

    def say(self, author: str, age: int, scene: Scene | None) -> str:
        place = self._place(author, age, scene)
        text = card_text(self._random, place, scene)
        for _ in range(_ATTEMPTS_AT_A_NEW_TEXT):
            if text not in self._said:
                break
            text = card_text(self._random, place, scene)
        self._said.add(text)
        return text

    def _place(self, author: str, age: int, scene: Scene | None) -> Place:
        """Where the author is then; for a photo, the first place in the author's plans that can look like it."""
        wishes = list(self._places)
        stream(self._seed, "trip", author, age // _TRIP_SECONDS).shuffle(wishes)
        return next(place for place in wishes if scene is None or scene in place.scenes.split())
