"""The nouns of Postcards as frozen structs: what is cached, shown on pages, and answered as JSON.

All of them are flat and immutable, so a copy can be shared between requests. Times are epoch seconds (UTC).
"""

import msgspec


class PersonRef(msgspec.Struct, frozen=True, gc=False):
    """Enough of a person to sign a card with. `avatar` is a picture's key."""

    handle: str
    name: str
    avatar: str | None = None


class Person(msgspec.Struct, frozen=True, gc=False):
    """A profile."""

    id: str
    handle: str
    name: str
    bio: str
    avatar: str | None
    followers: int
    following: int
    cards: int
    joined: float

    @property
    def ref(self) -> PersonRef:
        """The person as an author."""
        return PersonRef(self.handle, self.name, self.avatar)


class PersonRow(Person, frozen=True, gc=False):
    """A profile in a list, with whether the one who looks follows it."""

    followed: bool = False


class Card(msgspec.Struct, frozen=True, gc=False):
    """A card as one person sees it. `photo` is a picture's key; `mine` and `liked` are that person's."""

    id: str
    author: PersonRef
    text: str
    photo: str | None
    photo_width: int
    photo_height: int
    likes: int
    created: float
    liked: bool = False
    mine: bool = False
    fresh: bool = False


class Suggestion(msgspec.Struct, frozen=True, gc=False):
    """Somebody the viewer may know: followed by `mutual` people they follow, at most two of them named."""

    person: PersonRef
    mutual: int
    via: tuple[str, ...]


class Board(msgspec.Struct, frozen=True):
    """A ranked feed as it was computed at one moment for one person."""

    cards: tuple[Card, ...]
    suggestions: tuple[Suggestion, ...]
    computed: float


class Account(msgspec.Struct, frozen=True, gc=False):
    """What log-in needs to know. `tag` is the random hash tag of all that is kept about this person in Redis."""

    id: str
    tag: str
    handle: str
    password_hash: str


class Report(msgspec.Struct, frozen=True, gc=False):
    """An export. `key` names the archive in S3 once it is done; `attempts` is how often it was begun."""

    id: str
    state: str
    progress: int
    created: float
    key: str | None = None
    attempts: int = 0


class FrontCards(msgspec.Struct, frozen=True):
    """The newest cards of everybody, as a visitor sees them."""

    cards: tuple[Card, ...]
