"""The truth in MongoDB: people, follows, cards, likes, reports, departures, the schedule.

An effect is unique where it lives: the `_id` of a follow, a like and a keyed card derives from what it is about, so
doing it again changes nothing. Counters beside the facts are counted afresh with each change (`counters.py`).
"""

import time
from collections.abc import Callable, Sequence

from webapp.documents.boards import Boards
from webapp.documents.cards import Cards, card_document, card_seen
from webapp.documents.departures import Departure, Departures
from webapp.documents.follows import MOST_FOLLOWED, Follows, follow_document
from webapp.documents.likes import Likes, like_document
from webapp.documents.people import People, person_document
from webapp.documents.pictures import Pictures
from webapp.documents.reports import Claimant, Reports
from webapp.documents.schedule import Schedule
from webapp.documents.store import Document, Order, Store

INDEXES: Sequence[tuple[str, Sequence[Order], bool]] = (
    # collection, the index's keys in order, whether they are unique
    ("people", [("handle", 1)], True),
    ("people", [("followers", -1)], False),
    ("follows", [("follower", 1)], False),
    ("follows", [("followee", 1)], False),
    ("cards", [("author", 1), ("created", -1)], False),
    ("cards", [("created", -1)], False),
    ("cards", [("photo", 1)], False),
    ("likes", [("user", 1), ("at", -1)], False),
    ("likes", [("card", 1)], False),
    ("boards", [("read", -1)], False),
    ("reports", [("user", 1), ("created", -1)], False),
    ("reports", [("state", 1)], False),
    ("departures", [("due", 1)], False),
    ("reports", [("created", 1)], False),
)


class Documents:
    """All collections over one connection. `patient`: for whom nobody waits, as in a job."""

    def __init__(
        self,
        url: str,
        *,
        patient: bool = False,
        called: Callable[[str, str, float], None] = lambda *fact: None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(url, patient=patient, called=called)
        self.people = People(self.store)
        self.follows = Follows(self.store, self.people)
        self.cards = Cards(self.store, self.people)
        self.likes = Likes(self.store, self.cards)
        self.reports = Reports(self.store)
        self.boards = Boards(self.store)
        self.departures = Departures(self.store, wall_clock)
        self.schedule = Schedule(self.store)
        self.pictures = Pictures(self.store)

    async def prepare(self) -> None:
        """Creates the indexes that are missing; safe to repeat. Raises BackendUnavailable."""
        for collection, keys, unique in INDEXES:
            await self.store.create_index(collection, keys, unique=unique)

    async def answers(self) -> None:
        """Returns if MongoDB is there. Raises BackendUnavailable."""
        await self.store.ping()

    async def close(self) -> None:
        """Closes the connection."""
        await self.store.close()


__all__ = [
    "MOST_FOLLOWED",
    "Claimant",
    "Departure",
    "Document",
    "Documents",
    "Pictures",
    "card_document",
    "card_seen",
    "follow_document",
    "like_document",
    "person_document",
]
