"""What an answer says, as a request of the history: what became of it, who answered from which tier, what it showed.

An own card of somebody else's, or somebody else's profile where one's own was asked for, shows as its `owner`.
A card or a profile is shown to anybody. Shown to somebody whose session is over, it says nothing about what is theirs.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from lab.history import Kind, Outcome, Request
from lab.load.browser import Reply
from lab.workload import FOR_ANYBODY

NOTE_CHARACTERS: Final = 160
_DETAIL = re.compile(r'detail="([a-z]+)-([a-z]+)(?:-stale-(\w+))?"')
_REFUSED = range(400, 500)
THEME: Final = "theme"
"""The register that each session has for itself: the application keeps preferences with the session."""

THE_SESSION: Final = "session"
"""What evidence calls it: an answer that does not tell where it was found was given to nobody."""

_LOGIN_PAGE = "/login"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it is sent, and what of it the history needs to know."""

    kind: Kind
    method: str
    route: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    key: str = ""
    wrote: dict[str, int] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def carrying(self, body: bytes, headers: dict[str, str], key: str) -> "Sent":
        """The same with a body, under a key."""
        return replace(self, body=body, headers=headers, key=key)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends it: user, browser and session as the history names them. `marks` are the cards and likes they made."""

    user: str
    browser: str
    session: str
    marks: Collection[str] = ()


class _Author(msgspec.Struct):
    handle: str


class Card(msgspec.Struct):
    """A card, as far as it matters here."""

    id: str
    author: _Author
    liked: bool = False
    mine: bool = False


class _Board(msgspec.Struct):
    cards: list[Card]
    version: int


class _Me(msgspec.Struct):
    handle: str
    name: str
    cards: int
    version: int
    preferences: dict[str, str] = {}


class _Profile(msgspec.Struct):
    handle: str
    name: str
    cards: int


class _PersonSeen(msgspec.Struct):
    person: _Profile
    cards: list[Card]


class _Session(msgspec.Struct):
    id: str
    current: bool


class _Sessions(msgspec.Struct):
    sessions: list[_Session]


class Shown(msgspec.Struct):
    """What a body showed; the fields are those of `lab.history.Request`, `cards` are the ids of all cards in it."""

    owner: str = ""
    count: int | None = None
    version: int | None = None
    saw: dict[str, int] = {}
    shown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    current_session: str = ""


def was_turned_away(reply: Reply, sent: Sent) -> bool:
    """Whether the answer says that nobody is logged in: 401, or for a page the way to the log-in."""
    return reply.status == 401 or (reply.path != sent.path and reply.path.startswith(_LOGIN_PAGE))


def outcome_of(sent: Sent, reply: Reply) -> Outcome:
    """A 5xx says nothing sure about a write; a 4xx says that nothing was done."""
    if reply.status in _REFUSED or was_turned_away(reply, sent):
        return "refused"
    return "done" if 200 <= reply.status < 400 else "unknown"


def request_of(sent: Sent, reply: Reply, asker: Asker) -> tuple[Request, Shown]:
    """The request as it goes into the history, and what its answer showed."""
    outcome = outcome_of(sent, reply)
    note, shown = "", Shown()
    if outcome == "done":
        try:
            shown = shown_by(sent, reply.body, asker)
        except msgspec.DecodeError as error:  # ValidationError is one
            note = f"{sent.path}: the answer is not what the API describes: {error}"
    else:
        shown.missing = _gone(sent, reply, asker)
        said = reply.lost or reply.body[:NOTE_CHARACTERS].decode("utf-8", "replace")
        note = f"{sent.path}: {said}"
    tiers, stale = _tiers(reply.headers.get("cache-status", ""))
    if sent.route in FOR_ANYBODY and outcome == "done" and THE_SESSION not in tiers:
        shown = _to_nobody(shown)
    request = Request(
        started=reply.started,
        ended=reply.ended,
        user=asker.user,
        browser=asker.browser,
        session=asker.session,
        kind=sent.kind,
        method=sent.method,
        route=sent.route,
        outcome=outcome,
        status=reply.status,
        instance=reply.headers.get("x-instance", ""),
        key=sent.key,
        wrote=sent.wrote,
        saw=shown.saw,
        made=sent.made or shown.made,
        shown=shown.shown,
        missing=shown.missing,
        owner=shown.owner,
        count=shown.count,
        version=shown.version,
        ends=sent.ends,
        stale=stale,
        tiers=tiers,
        sent_bytes=reply.sent_bytes,
        received_bytes=len(reply.body),
        note=note,
    )
    return request, shown


def shown_by(sent: Sent, body: bytes, asker: Asker) -> Shown:  # noqa: PLR0911  # one line or two per route
    """What a good answer shows. Raises msgspec.DecodeError if it is not what the API describes."""
    decode = msgspec.json.decode
    match sent.route:
        case "me":
            me = decode(body, type=_Me)
            saw = {"name": number_in(me.name), THEME: number_in(me.preferences.get("theme"))}
            return Shown(owner=me.handle, count=me.cards, version=me.version, saw=saw)
        case "profile" | "preferences":
            me = decode(body, type=_Me)
            return Shown(owner=me.handle, version=me.version)
        case "signup" | "login":
            return Shown(owner=decode(body, type=_Me).handle)
        case "board":
            board = decode(body, type=_Board)
            return _of_cards(board.cards, asker, version=board.version)
        case "card":
            return _of_cards([decode(body, type=Card)], asker)
        case "cards":
            card = decode(body, type=Card)
            return Shown(made=(card.id,), cards=(card.id,))
        case "person":
            seen = decode(body, type=_PersonSeen)
            person, shown = seen.person, _of_cards(seen.cards, asker)
            if person.handle == asker.user:
                shown.owner, shown.count, shown.saw = person.handle, person.cards, {"name": number_in(person.name)}
            return shown
        case "sessions":
            listed = decode(body, type=_Sessions).sessions
            return Shown(current_session=next((each.id for each in listed if each.current), ""))
    return Shown()


def number_in(text: str | None) -> int:
    """The number a value ends with; 0 for what was never written."""
    digits = (text or "").rpartition(" ")[2]
    return int(digits) if digits.isdecimal() else 0


def like_of(card: str) -> str:
    """The id of somebody's like of a card, in the history."""
    return f"like:{card}"


def _of_cards(cards: list[Card], asker: Asker, version: int | None = None) -> Shown:
    """Of the likes that are not there, only those are told that were made once: most cards are never liked."""
    owner = next((card.author.handle for card in cards if card.mine), "")
    shown = [card.id for card in cards if card.mine] + [like_of(card.id) for card in cards if card.liked]
    unliked = [like_of(card.id) for card in cards if not card.liked] if asker.marks else []
    return Shown(
        owner=owner,
        version=version,
        shown=tuple(shown),
        missing=tuple([each for each in unliked if each in asker.marks]),
        cards=tuple([card.id for card in cards]),
    )


def _to_nobody(shown: Shown) -> Shown:
    """What an answer showed that does not know who asks. What it says is theirs all the same, it does say."""
    owner = shown.owner if shown.shown else ""
    return Shown(owner=owner, shown=shown.shown, cards=shown.cards)


def _gone(sent: Sent, reply: Reply, asker: Asker) -> tuple[str, ...]:
    """An own card that is not there."""
    card = sent.path.rpartition("/")[2]
    return (card,) if sent.route == "card" and reply.status == 404 and card in asker.marks else ()


def _tiers(cache_status: str) -> tuple[dict[str, str], str]:
    """Which tier answered for what, and why it was stale: `outage` before any other reason."""
    found = _DETAIL.findall(cache_status)
    reasons = [reason for _, _, reason in found if reason]
    stale = "outage" if "outage" in reasons else next(iter(reasons), "")
    return {what: tier for what, tier, _ in found}, stale
