"""Fleet: what each route and each process does, and what it is short of; a file for each kind of thing."""

from dashboards.board import Board
from dashboards.boards.events import EVENTS
from dashboards.boards.fleet import answer, copies, processes, requests, stores, work

__all__ = ["board"]


def board() -> Board:
    """The board of everyday."""
    return Board(
        uid="hotseat-fleet",
        title="3 Fleet",
        description="Is everything well, and if not, where? Rate, errors and duration by route; use, saturation and "
        "errors of processes, memory, link and stores; sessions and jobs.",
        rows=(
            answer.answer(),
            requests.by_route(),
            processes.by_process(),
            copies.copies(),
            copies.trust(),
            requests.balance(),
            requests.slots(),
            stores.calls(),
            stores.redis(),
            work.people_and_worker(),
            processes.what_runs(),
        ),
        events=EVENTS,
    )
