"""How many cards of a user were there, at a moment, for certain and at most.

Cards are written by `POST .../cards`, and are never taken away. All requests with one key are one card.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.checker.disturbed import Binds
from lab.history import Request


@dataclass(slots=True)
class Card:
    """`begun`: not written before this. `acked` is the first answer that says it was written."""

    begun: float
    attempts: list[Request] = field(default_factory=list)
    acked: Request | None = None


class Tally:
    """Cards, of which those answers count whose moment `binds`: others may have been lost since."""

    def __init__(self, cards: Iterable[Card], binds: Binds) -> None:
        self._begun: list[float] = []
        self._all: list[float] = []
        self._of: dict[str, list[float]] = {}
        for card in cards:
            self._begun.append(card.begun)
            if card.acked is not None and binds(card.begun, card.acked.ended):
                self._all.append(card.acked.ended)
                self._of.setdefault(card.acked.browser, []).append(card.acked.ended)
        for each in (self._begun, self._all, *self._of.values()):
            each.sort()

    def most(self, moment: float) -> int:
        """No more than these can have been written."""
        return bisect_left(self._begun, moment)

    def acknowledged(self, moment: float) -> int:
        """Those any browser had an answer to."""
        return bisect_left(self._all, moment)

    def own(self, browser: str, moment: float) -> int:
        """Those this browser had an answer to."""
        return bisect_left(self._of.get(browser, ()), moment)

    def due(self, browser: str, moment: float, bound_seconds: float) -> int:
        """Those a browser has to be shown: its own, and those of others after B."""
        earlier = moment - bound_seconds
        return self.own(browser, moment) + self.acknowledged(earlier) - self.own(browser, earlier)


def cards_of(requests: Iterable[Request]) -> list[Card]:
    """The cards of one user, from their requests in the order they began; none of those that were refused."""
    keyed: dict[str, Card] = {}
    cards: list[Card] = []
    for request in requests:
        if not is_card(request) or request.outcome == "refused":
            continue
        card = keyed.get(request.key) if request.key else None
        if card is None:
            card = Card(request.started)
            cards.append(card)
            if request.key:
                keyed[request.key] = card
        card.attempts.append(request)
        if request.outcome == "done" and (card.acked is None or request.ended < card.acked.ended):
            card.acked = request
    return cards


def is_card(request: Request) -> bool:
    """Whether this request writes a card."""
    return request.method == "POST" and request.kind == "write" and request.route.rstrip("/").endswith("cards")
