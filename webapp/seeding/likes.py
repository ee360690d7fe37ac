"""Who likes which card: a few cards are loved by many, most by a handful, some by nobody yet."""

from webapp.seeding.chance import stream
from webapp.seeding.content import SeedCard, SeedFollow, SeedLike, SeedPerson

_SHARE_OF_AUDIENCE = 0.55  # of an author's followers who like the author's luckiest card
_EXPONENT = 0.7
_LUCKY_CARDS = 150
_PHOTO_FACTOR = 2.2
_YOUNG_SECONDS = 6 * 3600


def plan_likes(
    seed: int, people: tuple[SeedPerson, ...], follows: tuple[SeedFollow, ...], cards: tuple[SeedCard, ...]
) -> tuple[SeedLike, ...]:
    """Likes by followers of the author, with a few passers-by; numbers follow Zipf's law over shuffled cards."""
    random = stream(seed, "likes")
    followers: dict[str, list[str]] = {person.handle: [] for person in people}
    for follow in follows:
        followers[follow.followee].append(follow.follower)
    handles = [person.handle for person in people]
    luck = list(range(len(cards)))
    random.shuffle(luck)
    likes = []
    for card, rank in zip(cards, luck, strict=True):
        audience = {*followers[card.author], *random.sample(handles, min(6, len(handles)))} - {card.author}
        wanted = _SHARE_OF_AUDIENCE * len(audience) * (1 + rank / _LUCKY_CARDS) ** -_EXPONENT * random.uniform(0.6, 1.6)
        wanted *= _PHOTO_FACTOR if card.photo is not None else 1.0
        wanted *= min(1.0, card.created_seconds_ago / _YOUNG_SECONDS)
        fans = random.sample(sorted(audience), min(len(audience), round(wanted)))
        likes += [SeedLike(person, card.number) for person in fans]
    return tuple(likes)
