"""How many cards a user is shown, for P1, P2, P5 and P7: at least those acknowledged, at most one for each key.

How many there were before the history is narrowed down by each read; none of a user who signed up within it. What was
blamed once is taken as given from then on, so each card that is lost or doubled counts once.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from lab.checker.disturbed import Disturbed, epochs
from lab.checker.tally import Card, Tally, cards_of
from lab.checker.verdict import MOST_KEPT, MOST_STEPS, Finding, Step
from lab.history import Request

Read = tuple[int, Request]
LOOKED_BACK = 50


def check_counts(
    requests: Sequence[Request], findings: Mapping[str, Finding], disturbed: Disturbed, bound_seconds: float
) -> None:
    """The requests of one user, as they began."""
    told = counts_of(requests)
    if told:
        is_new = any(each.kind == "login" and "signup" in each.route for each in requests)
        _Counting(told, cards_of(requests), findings, disturbed, bound_seconds, is_new=is_new).run()


def counts_of(requests: Iterable[Request]) -> list[Read]:
    """How many cards of their own the answers to a user said that there are."""
    return [(each.count, each) for each in requests if each.count is not None and each.owner in ("", each.user)]


class _Counting:
    """`_least` and `_most` enclose how many cards there were at first."""

    def __init__(
        self,
        reads: Sequence[Read],
        cards: Sequence[Card],
        findings: Mapping[str, Finding],
        disturbed: Disturbed,
        bound_seconds: float,
        *,
        is_new: bool,
    ) -> None:
        self._reads, self._cards, self._findings, self._disturbed = reads, cards, findings, disturbed
        self._bound_seconds = bound_seconds
        self._least: float = 0
        self._most: float = 0 if is_new else math.inf
        self._peak: Read | None = None
        self._highest_later = _highest_later(reads)

    def run(self) -> None:
        """One pass over the reads, by what may have been lost when they ended."""
        losses = self._disturbed.losses("cards")
        for reads, binds in epochs(self._reads, losses):
            if not binds(-math.inf, -math.inf):  # all there ever was may be gone
                self._least = 0
            tally = Tally(self._cards, binds)
            for count, request in reads:
                self._check_most(tally, count, request)
                if not self._disturbed.excuses_staleness(request):
                    self._check_least(tally, count, request)
                    before = count - tally.due(request.browser, request.started, self._bound_seconds)
                    if before >= self._least:  # or it was too few, and says nothing
                        self._most = min(self._most, before)
                    if self._peak is None or count >= self._peak[0]:
                        self._peak = count, request
                self._least = max(self._least, count - tally.most(request.ended))

    def _check_most(self, tally: Tally, count: int, request: Request) -> None:
        finding = self._findings["P7"]
        finding.bear(request)
        possible = tally.most(request.ended)
        if count <= self._most + possible:
            return
        extra = count - self._most - possible
        why = f"That is {extra:g} more than there were keys, or requests without one: something was applied twice."
        finding.blame(self._too_many(tally, count, request), why)
        self._most += extra

    def _check_least(self, tally: Tally, count: int, request: Request) -> None:
        own = tally.own(request.browser, request.started)
        due = tally.due(request.browser, request.started, self._bound_seconds)
        old = tally.acknowledged(request.started - self._bound_seconds)
        for promise, bears in (("P1", old), ("P2", own), ("P5", due - own)):
            if bears:
                self._findings[promise].bear(request)
        if own and count < self._least + own:
            why = f"This browser had the answers to {own} of them, and {self._least:g} were there before."
            self._findings["P2"].blame(self._too_few("P2", count, request, request.browser), why)
        elif due > own and count < self._least + due:
            why = f"{due + self._least:g} had been acknowledged, those of other browsers more than B before."
            self._findings["P5"].blame(self._too_few("P5", count, request), why)
        need = self._least + old
        if old and count < need and self._is_gone(need, request):
            why = f"{need:g} had been acknowledged, and nobody was shown as many any more."
            self._findings["P1"].blame(self._too_few("P1", count, request), why)
            self._least -= need - count

    def _is_gone(self, need: float, request: Request) -> bool:
        """Nobody sees them later, and who had seen them before did so before something was done to the site."""
        if self._highest_later[id(request)] >= need:
            return False
        peak = self._peak
        return peak is None or peak[0] < need or self._disturbed.began_within(peak[1].started, request.ended)

    def _too_many(self, tally: Tally, count: int, request: Request) -> list[Step]:
        """The last read that was right, all that was written since, and the one that is not."""
        for before, earlier in self._looking_back("P7", request):
            due = tally.due(earlier.browser, earlier.started, self._bound_seconds)
            since = [
                card
                for card in self._cards
                if card.begun < request.ended and (card.acked is None or card.acked.ended >= earlier.started)
            ]
            if count > before + len(since) and before - due + tally.most(request.ended) < count:
                attempts = [_wrote(each) for card in since for each in card.attempts]
                return [_saw(before, earlier), *attempts[-MOST_STEPS + 2 :], _saw(count, request)]
        attempts = [_wrote(each) for card in self._cards for each in card.attempts if each.started < request.ended]
        return [*attempts[-MOST_STEPS + 1 :], _saw(count, request)]

    def _too_few(self, promise: str, count: int, request: Request, browser: str = "") -> list[Step]:
        """The last read that was right, what was acknowledged since, and the one that is not."""
        until = request.started if browser else request.started - self._bound_seconds
        acked = [card for card in self._cards if card.acked is not None and card.acked.ended < until]
        acked = [card for card in acked if not browser or (card.acked is not None and card.acked.browser == browser)]
        for before, earlier in self._looking_back(promise, request):
            if earlier.ended >= until or (browser and earlier.browser != browser):
                continue
            since = [card.acked for card in acked if card.acked is not None and card.begun > earlier.ended]
            if count < before + len(since):
                return [_saw(before, earlier), *map(_wrote, since[-MOST_STEPS + 2 :]), _saw(count, request)]
        answers = [card.acked for card in acked if card.acked is not None]
        return [*map(_wrote, answers[-MOST_STEPS + 1 :]), _saw(count, request)]

    def _looking_back(self, promise: str, request: Request) -> list[Read]:
        """The last few reads before, newest first; none once enough is told of this promise."""
        if len(self._findings[promise].violations) >= MOST_KEPT:
            return []
        earlier = [each for each in self._reads if each[1].ended < request.started]
        return earlier[: -LOOKED_BACK - 1 : -1]


def _highest_later(reads: Sequence[Read]) -> dict[int, int]:
    """For each read the most any later one shows; -1 for the last."""
    found, highest = {}, -1
    for count, request in reversed(reads):
        found[id(request)] = highest
        highest = max(highest, count)
    return found


def _wrote(request: Request) -> Step:
    key = f" with key {request.key}" if request.key else ""
    return Step(request, f"wrote {', '.join(request.made) or 'a card'}{key}")


def _saw(count: int, request: Request) -> Step:
    return Step(request, f"saw {count} card{'' if count == 1 else 's'}")
