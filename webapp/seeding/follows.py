"""Who follows whom: circles of friends, and a few people whom everybody knows."""

from random import Random

from webapp.seeding.chance import stream, zipf
from webapp.seeding.content import SeedFollow, SeedPerson

FEWEST, MOST = 5, 60
DEMO_FOLLOWS = 40

_PEOPLE_PER_CIRCLE = 25
_SHARE_WITHIN_CIRCLE = 0.6
_POPULARITY_EXPONENT = 0.8
_TYPICAL = 18


def plan_follows(seed: int, people: tuple[SeedPerson, ...]) -> tuple[SeedFollow, ...]:
    """Everybody follows 5 to 60 others (fewer where there are not enough people); the first person follows 40."""
    random = stream(seed, "follows")
    handles = [person.handle for person in people]
    by_popularity = handles[:]
    random.shuffle(by_popularity)
    circles = _circles(random, handles)
    follows = []
    for person in handles:
        wanted = DEMO_FOLLOWS if person == handles[0] else _how_many(random)
        wanted = min(wanted, len(handles) - 1)
        follows += [
            SeedFollow(person, other) for other in _choose(random, person, wanted, circles[person], by_popularity)
        ]
    return tuple(follows)


def _circles(random: Random, handles: list[str]) -> dict[str, list[str]]:
    """Each person's circle, its most popular member first."""
    shuffled = handles[:]
    random.shuffle(shuffled)
    circles = [shuffled[at : at + _PEOPLE_PER_CIRCLE] for at in range(0, len(shuffled), _PEOPLE_PER_CIRCLE)]
    return {member: circle for circle in circles for member in circle}


def _how_many(random: Random) -> int:
    return max(FEWEST, min(MOST, round(random.lognormvariate(0.0, 0.6) * _TYPICAL)))


def _choose(random: Random, person: str, wanted: int, circle: list[str], by_popularity: list[str]) -> list[str]:
    chosen: dict[str, None] = {}
    near, far = zipf(len(circle), _POPULARITY_EXPONENT), zipf(len(by_popularity), _POPULARITY_EXPONENT)
    for _ in range(20 * wanted):
        if len(chosen) >= wanted:
            break
        if random.random() < _SHARE_WITHIN_CIRCLE:
            other = random.choices(circle, cum_weights=near)[0]
        else:
            other = random.choices(by_popularity, cum_weights=far)[0]
        if other != person:
            chosen[other] = None
    rest = (other for other in by_popularity if other != person and other not in chosen)
    return [*chosen, *(other for _, other in zip(range(wanted - len(chosen)), rest, strict=False))]
