"""The hot copies, and the link on which they live and die."""

from dashboards.board import Panel, Query, Row, Word
from dashboards.boards.empty import NO_COPIES, NO_PROCESS
from dashboards.queries import link, tiers


def copies() -> Row:
    """How many there are, and why they go."""
    return Row(
        "What do the hot copies do?",
        (
            Panel(
                "How full is memory?",
                "Bytes of hot copies by instance, and what each may hold (HOT_CACHE_BYTES).",
                "lines",
                "bytes",
                (Query(tiers.held_bytes(), "{{instance}}"), Query(tiers.room(), "room")),
                NO_PROCESS,
                width=8,
                colours=(("room", "red"),),
            ),
            Panel(
                "What is held?",
                "Hot copies of all instances, by region.",
                "stacked",
                "short",
                (Query(tiers.held_entries(), "{{region}}"),),
                NO_PROCESS,
                width=8,
            ),
            Panel(
                "Why do copies go?",
                "Copies per second. capacity, expired, too_large: the cache gave them up. push: Redis said that they "
                "changed; own_write: this process changed them; flush, reconnect: they could have changed.",
                "stacked",
                "cps",
                (Query(tiers.given_up(), "{{reason}}"), Query(tiers.dropped(), "{{reason}}")),
                NO_PROCESS,
                width=8,
            ),
        ),
    )


def trust() -> Row:
    """Whether copies may be trusted."""
    return Row(
        "Can hot copies be trusted?",
        (
            Panel(
                "Which links are trusted?",
                "trusted: copies are answered. suspect: a heartbeat is overdue, Redis is asked. lost: the connection "
                "is gone. off: this Redis cannot be tracked; `hotseat status` says why.",
                "states",
                "none",
                (Query(link.states(), "{{instance}}"),),
                NO_COPIES,
                width=6,
                words=(
                    Word(1, "trusted", "green"),
                    Word(2, "suspect", "yellow"),
                    Word(3, "lost", "red"),
                    Word(4, "off", "text"),
                ),
                least=None,
            ),
            Panel(
                "How long is the lease still good?",
                "Seconds for which an instance may go on trusting its copies if no heartbeat is answered any more, at "
                "worst; B is the most. At 0 it asks Redis.",
                "lines",
                "s",
                (Query(link.lease(), "{{instance}}"), Query(link.bound(), "B")),
                NO_COPIES,
                width=6,
                colours=(("B", "red"),),
            ),
            Panel(
                "How soon are heartbeats answered?",
                "p99 of the time from a heartbeat to its answer.",
                "lines",
                "s",
                (Query(link.round_trip(0.99), "p99"),),
                NO_COPIES,
                width=6,
            ),
            Panel(
                "Does word of changes arrive?",
                "Canaries per second: keys written through the other connection, by whether the tracked one was told "
                "of them. One that was missed ends the link.",
                "lines",
                "cps",
                (Query(link.canaries(), "{{result}}"),),
                NO_COPIES,
                width=6,
                colours=(("landed", "green"), ("missed", "red")),
            ),
        ),
    )
