"""Re-ranking so that no author fills the board.

Greedy maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998): each place goes to the card with the best score
minus a penalty for resembling what stands just above it; resembling means "by the same author, within the window".
On top of that a hard rule: no author has more than `MOST_PER_WINDOW` cards in any `WINDOW` places while a card of
someone else who may stand there is left.

Only authors seen in the window are ever penalised, so all others wait in one heap: a place costs a few comparisons
and O(log authors), not a pass over all candidates.
"""

import heapq
from collections import deque
from collections.abc import Iterable

from webapp.boards.cards import Candidate

WINDOW = 5
MOST_PER_WINDOW = 2
PENALTY_POINTS = 1.0  # per card of the same author in the window: as if it were one half-life older

Scored = tuple[float, Candidate]


def diversify(ranked: Iterable[Scored], limit: int) -> list[Candidate]:
    """At most `limit` cards out of `ranked` (best first, without duplicates), spread over their authors.

    The result depends on the order of `ranked` alone, and keeps the order of each author's own cards.
    """
    waiting: dict[str, deque[tuple[int, float, Candidate]]] = {}
    for rank, (points, card) in enumerate(ranked):
        waiting.setdefault(card.author, deque()).append((rank, points, card))
    # A head is an author's best card left: (-points, rank, author). Rank is unique and settles every tie.
    rested = [_head(author, cards) for author, cards in waiting.items()]
    heapq.heapify(rested)
    window: deque[str] = deque()
    chosen: list[Candidate] = []
    while len(chosen) < limit:
        author = _next_author(rested, window, waiting)
        if author is None:
            break
        if author not in window:
            heapq.heappop(rested)
        chosen.append(waiting[author].popleft()[2])
        window.append(author)
        if len(window) == WINDOW:
            leaving = window.popleft()
            if leaving not in window and waiting[leaving]:
                heapq.heappush(rested, _head(leaving, waiting[leaving]))
    return chosen


def _head(author: str, cards: deque[tuple[int, float, Candidate]]) -> tuple[float, int, str]:
    rank, points, _ = cards[0]
    return (-points, rank, author)


def _next_author(
    rested: list[tuple[float, int, str]],
    window: deque[str],
    waiting: dict[str, deque[tuple[int, float, Candidate]]],
) -> str | None:
    """Whose card comes next; None when no card is left. Authors at their bound come only when nobody else is left."""
    best: tuple[bool, float, int, str] | None = (False, *rested[0]) if rested else None
    for author in set(window):
        if not waiting[author]:
            continue
        seen = window.count(author)
        cost, rank, _ = _head(author, waiting[author])
        option = (seen >= MOST_PER_WINDOW, cost + PENALTY_POINTS * seen, rank, author)
        if best is None or option < best:
            best = option
    return None if best is None else best[3]
