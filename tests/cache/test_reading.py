"""One round trip of lookups: what may be kept of it."""

import pytest
from cache_doubles import Board

from cache.generations import Generations
from cache.hot import Entry
from cache.lookup import Lookup
from cache.observer import NullObserver
from cache.options import RegionOptions
from cache.reading import Misfits, Reading
from cache.values import Values


@pytest.mark.parametrize(("overtaken_by", "kept"), [(None, 1), ("writes", 0), ("changes", 0)])
def test_what_was_overtaken_while_it_was_read_is_not_kept(overtaken_by: str | None, kept: int) -> None:
    """By a write of one's own, answered over another connection, or by a change that was told between its replies."""
    values = Values(Board, RegionOptions(name="board", ttl_seconds=30), prefix="", observer=NullObserver())
    key = values.key("ada")
    encoded = values.encode(key, Board("a"))
    assert encoded is not None
    changes, writes = Generations(), Generations()
    entries: list[Entry] = []
    reading = Reading(
        [Lookup(values, "ada", key, 0)],
        now=0.0,
        guarded=False,
        changes=changes,
        writes=writes,
        misfits=Misfits(),
        keep=lambda lookup, entry: entries.append(entry),
    )
    reading.place(0, b"1", False)
    reading.place(1, 1000, False)
    if overtaken_by == "writes":
        writes.bump("ada")
    if overtaken_by == "changes":
        changes.bump(key)
    reading.place(2, encoded[0], False)
    assert reading.found[0] is not None
    assert len(entries) == kept
