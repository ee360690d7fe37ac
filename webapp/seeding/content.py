"""What the seed content consists of: flat records that refer to each other by handle and number."""

import msgspec


class SeedPerson(msgspec.Struct, frozen=True, gc=False):
    """`avatar` is an index for `draw_avatar`, or None for a person who shows initials."""

    handle: str
    name: str
    bio: str
    avatar: int | None
    joined_seconds_ago: int


class SeedFollow(msgspec.Struct, frozen=True, gc=False):
    """Handles of two different people."""

    follower: str
    followee: str


class SeedCard(msgspec.Struct, frozen=True, gc=False):
    """`number` is the card's place in the plan, from 0; `photo` an index for `draw_photo`, used by this card only."""

    number: int
    author: str
    text: str
    created_seconds_ago: int
    photo: int | None


class SeedLike(msgspec.Struct, frozen=True, gc=False):
    """A person's handle and the number of a card that somebody else wrote."""

    person: str
    card: int


class SeedPlan(msgspec.Struct, frozen=True):
    """Everything, in an order in which it can be stored front to back; all lengths are known for a progress bar.

    People come before what refers to them, cards oldest first, likes by card.
    """

    seed: int
    people: tuple[SeedPerson, ...]
    follows: tuple[SeedFollow, ...]
    cards: tuple[SeedCard, ...]
    likes: tuple[SeedLike, ...]
