"""Reading: several lookups on their way to Redis and back, in one round trip.

Owns the order of its commands, which the promises hang on: owners' versions first, so that the label of a copy never
promises more than its content holds; then, for each lookup, how long the key has to live, and its value last, so that
the value can be put in place by the reader the moment it comes, before anything behind it in the stream is read.

A key is watched by Redis from its first command on. A change between its two replies is told between them, so the time
to live may be of one value and the content of the next: such a pair is answered, not kept. Nor is what was asked for
before the last write of this process to that owner was answered: the writer has its answer over another connection, and
may ask again before this one tells of the change.

`tags` are owners of whom only the version is asked: what is held of them is then known to be as new as that.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from cache.connection import Command, Reply
from cache.errors import ErrorReply
from cache.generations import Generations
from cache.hot import Entry
from cache.link import Mismatch
from cache.lookup import ForeignReply, Lookup
from cache.shared import version_key

MOST_MISFITS: Final = 1024

Keep = Callable[[Lookup[Any], Entry], None]
Counted = Callable[[str, int], None]

WRONG_TYPE = "WRONGTYPE"


class Misfits:
    """Keys under which Redis holds what belongs elsewhere, whichever connection is asked: the newest thousand of them.

    A reply that does not fit its question may mean that the stream is out of step, so the connection is given up. If
    the next one says the same, that is what Redis holds, and no reason to give up another for it.
    """

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Asked for again over another connection, and still no fit."""
        if key not in self._keys and len(self._keys) >= MOST_MISFITS:
            del self._keys[next(iter(self._keys))]
        self._keys[key] = None

    def discard(self, key: str) -> None:
        """What it holds now fits."""
        self._keys.pop(key, None)


class Reading:
    """`found[n]` is what the reply to the n-th lookup holds, once `place` has been told every reply; `versions` what
    the owners' counters stood at before.

    `keep` is told each entry at its place in the stream, `counted` each owner and version with the last reply. With
    `guarded` nothing is found, kept or told beside a first lookup that found nothing.
    """

    def __init__(
        self,
        lookups: Sequence[Lookup[Any]],
        *,
        now: float,
        guarded: bool,
        changes: Generations,
        writes: Generations,
        misfits: Misfits,
        keep: Keep | None = None,
        counted: Counted | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        self.found: list[Entry | None] = [None] * len(lookups)
        self.error: ErrorReply | None = None
        self._lookups = lookups
        self._now = now
        self._guarded = guarded
        self._changes = changes
        self._writes = writes
        self._writes_before = [writes.of(lookup.tag) for lookup in lookups]
        self._misfits = misfits
        self._keep = keep
        self._counted = counted
        self._tags = list(dict.fromkeys([lookup.tag for lookup in lookups] + list(tags)))
        self._last = len(self._tags) + 2 * len(lookups) - 1
        self.versions: dict[str, int] = {}
        self._left_ms = -2
        self._change = 0
        self._again = False

    def commands(self) -> list[Command]:
        """What is to be asked, in order."""
        commands: list[Command] = [("GET", version_key(tag)) for tag in self._tags]
        for lookup in self._lookups:
            commands.append(("PTTL", lookup.key))
            commands.append(lookup.source.command(lookup.key))
        return commands

    def place(self, index: int, reply: Reply, again: bool) -> None:
        """Takes one reply; `again`: to what was asked before, over a connection that broke.

        Raises Mismatch if it cannot be the answer to its command.
        """
        if index == 0:
            self._again = again
            self.versions.clear()
            self.error = None
        if isinstance(reply, ErrorReply) and reply.code != WRONG_TYPE:
            self.error = reply
            reply = None if index < len(self._tags) or (index - len(self._tags)) % 2 else -2
        if index < len(self._tags):
            self.versions[self._tags[index]] = self._version(version_key(self._tags[index]), reply)
        else:
            place, is_value = divmod(index - len(self._tags), 2)
            if is_value:
                self._place_value(place, reply)
            else:
                self._place_left(self._lookups[place], reply)
        if index == self._last and self._counted is not None and self.error is None:
            self._tell()

    def _place_left(self, lookup: Lookup[Any], reply: Reply) -> None:
        if not isinstance(reply, int):
            raise Mismatch("a time to live that is no number")
        self._left_ms = reply
        self._change = self._changes.of(lookup.key)

    def _place_value(self, place: int, reply: Reply) -> None:
        lookup = self._lookups[place]
        self.found[place] = None
        if self._guarded and place and self.found[0] is None:
            return
        entry = self._entry(lookup, reply)
        self.found[place] = entry
        if entry is not None and self._keep is not None and not self._overtaken(place, lookup):
            self._keep(lookup, entry)

    def _overtaken(self, place: int, lookup: Lookup[Any]) -> bool:
        changed = self._changes.of(lookup.key) != self._change
        return changed or self._writes.of(lookup.tag) != self._writes_before[place]

    def _tell(self) -> None:
        if self._counted is not None and not (self._guarded and self.found[0] is None):
            for tag, version in self.versions.items():
                self._counted(tag, version)

    def _entry(self, lookup: Lookup[Any], reply: Reply) -> Entry | None:
        if isinstance(reply, int | float | str):
            raise Mismatch("a value of a kind that was not asked for")
        version = self.versions[lookup.tag]
        try:
            entry = lookup.source.entry(
                lookup.tag, lookup.key, reply, version=version, left_ms=self._left_ms, now=self._now
            )
        except ForeignReply:
            self._doubt(lookup.key, "a value that names another key")
            return None
        if entry is not None:
            self._misfits.discard(lookup.key)
        return entry

    def _version(self, key: str, reply: Reply) -> int:
        """A counter's reply. One that is no number is an error of its caller's alone, once it is no other's answer."""
        if reply is None or (isinstance(reply, bytes) and reply.isdigit()):
            self._misfits.discard(key)
            return int(reply or 0)
        self._doubt(key, "a version that is no number")
        self.error = self.error or ErrorReply("ERR", "the version of an owner is no number")
        return 0

    def _doubt(self, key: str, what: str) -> None:
        """Raises Mismatch, unless it is known by now that Redis, and not the stream, is to blame."""
        if self._again:
            self._misfits.add(key)
        elif key not in self._misfits:
            raise Mismatch(what)
