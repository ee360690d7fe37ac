"""The seed content as a whole: decided from a number, before anything is stored or drawn."""

from webapp.seeding.cards import plan_cards
from webapp.seeding.content import SeedPlan
from webapp.seeding.follows import plan_follows
from webapp.seeding.likes import plan_likes
from webapp.seeding.people import plan_people


def plan(seed: int, people: int = 300, cards: int = 4000, photos: int = 120) -> SeedPlan:
    """The same numbers give the same plan, byte for byte, everywhere. Takes about a second.

    The sizes are those asked for, except that there are no cards without people and no more photos than cards.
    Raises ValueError for a negative size.
    """
    if min(people, cards, photos) < 0:
        raise ValueError(f"sizes cannot be negative: people={people}, cards={cards}, photos={photos}")
    everybody = plan_people(seed, people)
    follows = plan_follows(seed, everybody)
    written = plan_cards(seed, everybody, follows, cards, photos)
    return SeedPlan(
        seed=seed, people=everybody, follows=follows, cards=written, likes=plan_likes(seed, everybody, follows, written)
    )
