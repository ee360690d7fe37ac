"""The outage contract: what is answered while Redis, MongoDB or S3 is slow or gone, as data.

`ROWS` are kinds of requests, their cells what each gets while one backing service is away; `TROUBLES` is what concerns
all kinds alike. Every route is classified in `ROUTE_ROWS`. Handlers read from here what may be stale, how long is
waited, and what a refusal says; `docs/outages.md` shows the same table, and a test holds the two together.

Not decided here: what is in the caches at the time, hence the cells that are served from them, or refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from webapp.errors import Backend

BACKENDS: Final[tuple[Backend, ...]] = ("redis", "mongodb", "s3")
READS: Final = ("GET", "HEAD", "OPTIONS")

RETRY_SECONDS: Final = 2
MOST_IN_FLIGHT: Final = 512
COUNT_PATIENCE_SECONDS: Final = 0.25  # a page for everybody does not wait for the count of visits longer than this,
CARDS_PATIENCE_SECONDS: Final = 0.35  # and a little longer for cards: a copy held here is answered after 0.25 s
TOUCH_PATIENCE_SECONDS: Final = 0.25  # nor does a page that was read wait longer for the note that it was
STALE_BOARD_TIMES: Final = 10  # while MongoDB is gone, what is cached is shown for so many times its freshness

Outcome = Literal["served", "refused", "either"]
Cookie = Literal["kept", "cleared"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one kind of request gets. `either`: served if what it takes is cached, refused if not.

    `sentence` is what a refusal (503 with Retry-After) says; `note` is for whoever reads the table.
    """

    outcome: Outcome = "served"
    within_seconds: float = 1.0
    stale: bool = False
    cookie: Cookie = "kept"
    sentence: str = ""
    note: str = ""
    retry_seconds: int = RETRY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Row:
    """A kind of request, and its cells."""

    name: str
    redis: Cell = Cell()
    mongodb: Cell = Cell()
    s3: Cell = Cell()

    def cell(self, backend: Backend) -> Cell:
        cells: Mapping[Backend, Cell] = {"redis": self.redis, "mongodb": self.mongodb, "s3": self.s3}
        return cells[backend]


def _refused(sentence: str, note: str = "", *, outcome: Outcome = "refused", cookie: Cookie = "kept") -> Cell:
    return Cell(outcome=outcome, sentence=sentence, note=note, cookie=cookie)


_SESSION_AWAY = "We cannot look up your session just now. You are still logged in."
_CARDS_AWAY = "We cannot get at cards and people just now. Nothing is lost."
_NOT_WRITTEN = "Nothing can be changed just now, and nothing was. You are still logged in."
_PERHAPS_WRITTEN = "We cannot say whether this was done. Send the same form, or idempotency key, again: it counts once."
_DOOR_CLOSED = "Signing up and logging in is closed just now. Nobody was logged in or out."

ANONYMOUS: Final = Row(
    name="page without session cookie",
    redis=Cell(note="the count is shown as unknown; Redis is not waited for"),
    mongodb=_refused(_CARDS_AWAY, "what is cached", outcome="either"),
    s3=Cell(note="pictures are missing"),
)
HELD: Final = Row(
    name="page with session cookie, hot copy held",
    redis=Cell(within_seconds=0.5, stale=True, note="for `STALE_ON_OUTAGE_SECONDS`"),
    mongodb=Cell(outcome="either", stale=True, sentence=_CARDS_AWAY, note="what is cached"),
)
NOT_HELD: Final = Row(
    name="page with session cookie, no hot copy",
    redis=_refused(_SESSION_AWAY),
    mongodb=Cell(outcome="either", stale=True, sentence=_CARDS_AWAY, note="what Redis has of it"),
)
PRIVATE: Final = Row(
    name="settings, sessions, exports",
    redis=_refused(_SESSION_AWAY, "never from a copy"),
    mongodb=_refused(_CARDS_AWAY, "what Redis has of it", outcome="either"),
)
WRITE: Final = Row(
    name="like, follow, profile, preferences, export",
    redis=_refused(_NOT_WRITTEN),
    mongodb=_refused(_PERHAPS_WRITTEN, "what takes Redis alone", outcome="either"),
)
UPLOAD: Final = Row(
    name="card, photo, avatar",
    redis=_refused(_NOT_WRITTEN),
    mongodb=_refused(_PERHAPS_WRITTEN),
    s3=_refused(
        "Pictures cannot be stored just now, and nothing of this was kept. Send it again, or a card without a photo.",
        "a card without a photo; nothing is half-stored",
        outcome="either",
    ),
)
ACCOUNT: Final = Row(
    name="sign up, log in, change password",
    redis=_refused(_DOOR_CLOSED, "never guessed, nothing half-done"),
    mongodb=_refused(_DOOR_CLOSED),
)
REVOKE: Final = Row(
    name="revoke a session",
    redis=_refused("The session could not be ended, and is still there. You are still logged in."),
    mongodb=_refused(
        "The session could not be ended, and is still there.", "if the person is cached", outcome="either"
    ),
)
LOGOUT: Final = Row(
    name="log out",
    redis=_refused(
        "You are logged out in this browser. The session itself could not be ended and will expire by itself.",
        "the session ends by expiry at the latest",
        cookie="cleared",
    ),
    mongodb=Cell(cookie="cleared"),
    s3=Cell(cookie="cleared"),
)
PICTURE: Final = Row(name="a picture", s3=_refused("This picture cannot be fetched just now.", "what browsers keep"))
COUNT: Final = Row(name="the count of visits", redis=_refused("The visits cannot be counted just now."))
OWN: Final = Row(name="style sheets, scripts, the API's description, what does not exist")

ROWS: Final = (ANONYMOUS, HELD, NOT_HELD, PRIVATE, WRITE, UPLOAD, ACCOUNT, REVOKE, LOGOUT, PICTURE, COUNT, OWN)

UNFORESEEN: Final = "A part of Postcards is not answering just now."
BUSY: Final = "Too many people are here at once. Nothing of what you sent was done."


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What all kinds of requests get alike."""

    name: str
    reads: str
    writes: str


TROUBLES: Final = (
    Trouble(name="Redis is full", reads="served", writes="503"),
    Trouble(name="started during an outage", reads="as above", writes="as above"),
    Trouble(name="too much at once", reads="503 at once", writes="503 at once, nothing done"),
)

Rows = tuple[Row, ...]
"""What a request may turn out to be, the one that promises least last."""

_PAGE: Final[Rows] = (ANONYMOUS, HELD, NOT_HELD)
_MINE: Final[Rows] = (HELD, NOT_HELD)
_PRIVATE: Final[Rows] = (PRIVATE,)
_WRITE: Final[Rows] = (WRITE,)
_UPLOAD: Final[Rows] = (UPLOAD,)
_ACCOUNT: Final[Rows] = (ACCOUNT,)
_REVOKE: Final[Rows] = (REVOKE,)
_LOGOUT: Final[Rows] = (LOGOUT,)
_COUNT: Final[Rows] = (COUNT,)
_OWN: Final[Rows] = (OWN,)

ROUTE_ROWS: Final[Mapping[str, tuple[Rows, Rows]]] = {
    # a route's name: what its reads are, what its writes are
    "front": (_PAGE, _OWN),
    "signup": (_PAGE, _ACCOUNT),
    "login": (_PAGE, _ACCOUNT),
    "logout": (_OWN, _LOGOUT),
    "board": (_MINE, _OWN),
    "cards": (_OWN, _UPLOAD),
    "card": (_PAGE, _OWN),
    "like": (_OWN, _WRITE),
    "people": (_PAGE, _OWN),
    "person": (_PAGE, _OWN),
    "follow": (_OWN, _WRITE),
    "settings": (_PRIVATE, _OWN),
    "settings_profile": (_PRIVATE, _WRITE),
    "settings_password": (_PRIVATE, _ACCOUNT),
    "settings_leave": (_PRIVATE, _ACCOUNT),
    "settings_avatar": (_PRIVATE, _UPLOAD),
    "settings_revoke": (_PRIVATE, _REVOKE),
    "settings_reports": (_OWN, _WRITE),
    "media": ((PICTURE,), _OWN),
    "static": (_OWN, _OWN),
    "api_openapi": (_OWN, _OWN),
    "api_signup": (_OWN, _ACCOUNT),
    "api_login": (_OWN, _ACCOUNT),
    "api_logout": (_OWN, _LOGOUT),
    "api_me": (_MINE, _WRITE),
    "api_preferences": (_OWN, _WRITE),
    "api_password": (_OWN, _ACCOUNT),
    "api_avatar": (_OWN, _UPLOAD),
    "api_visits": (_COUNT, _COUNT),
    "api_board": (_MINE, _OWN),
    "api_cards": (_OWN, _UPLOAD),
    "api_card": (_PAGE, _OWN),
    "api_like": (_OWN, _WRITE),
    "api_person": (_PAGE, _OWN),
    "api_follow": (_OWN, _WRITE),
    "api_sessions": (_PRIVATE, _REVOKE),
    "api_session": (_OWN, _REVOKE),
    "api_reports": (_OWN, _WRITE),
    "api_report": (_PRIVATE, _OWN),
    "api_report_events": (_PRIVATE, _OWN),
    "api_unknown": (_OWN, _OWN),
    "unknown": (_OWN, _OWN),
}


def rows_of(route: str, method: str | None) -> Rows:
    """What a request of this route and method may turn out to be."""
    reads, writes = ROUTE_ROWS[route]
    return reads if method in READS else writes


def may_be_stale(route: str, method: str | None) -> bool:
    """Whether it may be answered from what this process holds while Redis is away."""
    return any(row.redis.stale for row in rows_of(route, method))


def refusal(route: str, method: str | None, backend: Backend) -> Cell:
    """How it is refused while this backing service is away."""
    cell = rows_of(route, method)[-1].cell(backend)
    return cell if cell.sentence else replace(cell, sentence=UNFORESEEN)
