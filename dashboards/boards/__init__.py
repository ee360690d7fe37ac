"""The four boards, each in a file of its own."""

from collections.abc import Sequence

from dashboards.board import Board
from dashboards.boards import failover, fleet, promises, sticky

__all__ = ["boards"]


def boards() -> Sequence[Board]:
    """All of them, in the order in which one would read them."""
    return (sticky.board(), failover.board(), fleet.board(), promises.board())
