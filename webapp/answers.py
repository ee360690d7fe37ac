"""What the API answers with, as structs: the bodies and the schemas of the OpenAPI document come from here."""

import msgspec

from webapp.model import Card, Person, PersonRef, Report, Suggestion


class Visits(msgspec.Struct, frozen=True):
    """The visitors counted so far, by all instances together."""

    visits: int


class Me(msgspec.Struct, frozen=True):
    """The person logged in.

    `version` counts their acknowledged writes that this reflects; `stale`: a store is away, this is from before.
    """

    id: str
    handle: str
    name: str
    bio: str
    avatar: str | None
    followers: int
    following: int
    cards: int
    joined: float
    preferences: dict[str, str]
    version: int
    stale: bool


class BoardPage(msgspec.Struct, frozen=True):
    """A page of the board as computed at `computed`. `next_cursor` goes on in the same snapshot while it lasts.

    `version` counts the owner's acknowledged writes that it reflects; `stale`: a store is away, this is from before.
    """

    cards: list[Card]
    suggestions: list[Suggestion]
    unread: int
    computed: float
    version: int
    stale: bool
    next_cursor: str | None


class PersonSeen(msgspec.Struct, frozen=True):
    """Somebody's profile with a page of their cards."""

    person: Person
    cards: list[Card]
    following: bool
    next_cursor: str | None


class Likes(msgspec.Struct, frozen=True):
    """A card's likes after a write."""

    likes: int
    liked: bool


class Following(msgspec.Struct, frozen=True):
    """Whether somebody is followed now."""

    following: bool


class Avatar(msgspec.Struct, frozen=True):
    """The key of the new picture."""

    avatar: str


class SessionSeen(msgspec.Struct, frozen=True):
    """One of a person's sessions. `place` is what its browser told of where it was, roughly; "" if it told nothing."""

    id: str
    device: str
    place: str
    created: float
    last_seen: float
    expires: float
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """A person's living sessions, the one last seen first."""

    sessions: list[SessionSeen]


class Ended(msgspec.Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


class ReportSeen(msgspec.Struct, frozen=True):
    """An export; `url` downloads it for a minute once it is done."""

    id: str
    state: str
    progress: int
    created: float
    url: str | None = None

    @classmethod
    def of(cls, report: Report, url: str | None) -> "ReportSeen":
        """The report with its link."""
        return cls(report.id, report.state, report.progress, report.created, url)


class FieldFault(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str
    type: str = "about:blank"
    errors: list[FieldFault] = []


__all__ = [
    "Avatar",
    "BoardPage",
    "Card",
    "Ended",
    "FieldFault",
    "Following",
    "Likes",
    "Me",
    "Person",
    "PersonRef",
    "PersonSeen",
    "Problem",
    "ReportSeen",
    "SessionList",
    "SessionSeen",
    "Visits",
]
