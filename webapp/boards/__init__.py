"""The board's ranking: pure functions over plain data, no I/O and no clock of its own."""

from webapp.boards.cards import Candidate, Viewer
from webapp.boards.ranking import MAX_CANDIDATES, MAX_CARDS, Ranking, rank, unread_count
from webapp.boards.scoring import score
from webapp.boards.suggestions import Suggestion, suggest

__all__ = [
    "MAX_CANDIDATES",
    "MAX_CARDS",
    "Candidate",
    "Ranking",
    "Suggestion",
    "Viewer",
    "rank",
    "score",
    "suggest",
    "unread_count",
]
