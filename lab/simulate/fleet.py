"""The fleet, and what a request does there: as `webapp/handlers/visitor.py`, `boards.py` and `writing.py` have it.

A request looks for session and profile, the board's page for the board too: in no round trip to Redis if all is held
hot, fresh, and no older than what the browser has seen; in one otherwise. What Redis holds nothing fresh of is loaded:
two trips, a lease and the store, which reads back. A write has two trips, begin and commit; profile and board end for
all who hold them, and the writer's process drops all it holds of them. Looking at news, and being here after a tenth of
the idle time, marks the session: one trip, and its copies end. Each second every process hears how many people each
one holds, or 64 drawn by lot, and lets go by `affinity`'s rules.

Not modelled: time that anything takes, so no load is joined, no write overtakes a load, and nobody is refused; a second
device; sign-up, log-in and the end of a session; pages without a session; outages. What is held is `cache.hot.HotCache`
itself, driven by the simulation's clock, with entries that weigh what real values would.
"""

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Final

from lab.simulate.affinity import MOST_HEARD, Held, Letting
from lab.simulate.copies import TOUCH_SECONDS, Copies, Holder, Name
from lab.simulate.routing import NOWHERE, Routing
from lab.simulate.tally import BOARD, REGIONS
from lab.simulate.workload import BOARD as BOARD_PAGE
from lab.simulate.workload import CARD, PREFER, WRITE

MOST_NAMES: Final = 20_000  # cache.handover


class Process:
    """One web process: its copies and its people."""

    def __init__(self, holder: Holder, letting: Letting) -> None:
        self.holder = holder
        self.hot = holder.hot
        self.letting = letting
        self.held = Held()
        self.requests = 0
        self.draining = False


class Fleet:
    """Processes in slots. `last_slot` is where each person was answered last."""

    def __init__(
        self, copies: Copies, routing: Routing, slots: int, *, lots: random.Random, rebalance_per_minute: float
    ) -> None:
        self.copies = copies
        self.processes: dict[int, Process] = {}
        self.last_slot = [NOWHERE] * len(copies.keys)
        self._routing = routing
        self._lots = lots
        self._per_minute = rebalance_per_minute
        self.start(range(slots))

    # --- a request -----------------------------------------------------------------------------------------------

    def serve(self, at: float, user: int, kind: int) -> int:
        """One request; how many of its lookups were found hot."""
        copies = self.copies
        copies.now = at
        slot = self._routing.slot_of(user, at)
        process = self.processes[slot]
        process.requests += 1
        copies.count.requests += 1
        keys, floor = copies.keys[user], copies.shared.versions[user]
        get = process.hot.get
        missing: list[int] = []
        behind = False
        if kind == BOARD_PAGE:
            copies.count.boards += 1
        else:
            keys = keys[:BOARD]
        for region, key in enumerate(keys):
            entry = get(key, at)
            if entry is None or at >= entry.fresh_until:
                missing.append(region)
            elif entry.version < floor:
                behind = True
        if missing or behind:
            copies.ask(process.holder, user, missing)
        if kind in (WRITE, CARD):
            copies.write(process.holder, user)
        elif kind == PREFER:
            copies.prefer(user)
        elif (kind == BOARD_PAGE and copies.has_news[user]) or at - copies.touched_at[user] >= TOUCH_SECONDS:
            copies.touch(user)
        self._move(process, user, slot, at)
        return len(keys) - len(missing)

    # --- whom it is answered by next -----------------------------------------------------------------------------

    def _move(self, process: Process, user: int, slot: int, now: float) -> None:
        last = self.last_slot[user]
        self.last_slot[user] = slot
        if last not in (slot, NOWHERE):
            self.copies.count.moves += 1
        if not self._routing.binds:
            return
        process.held.seen(user, now)
        if process.draining:
            self._routing.send(user, NOWHERE, now)
        elif last == slot and (target := process.letting.target()) is not None:
            self._routing.send(user, target, now)
            process.held.let_go(user)
            self.copies.count.rebalanced += 1

    def pulse(self, now: float) -> None:
        """Each process hears how many people the others hold, or some of many others, and plans whom to let go."""
        if not (self._routing.binds and self._per_minute):
            return
        ready = {slot: process for slot, process in self.processes.items() if not process.draining}
        told = {slot: process.held.belonging(now) for slot, process in ready.items()}
        mean = sum(told.values()) / len(told)
        lacking = {slot: mean - held for slot, held in told.items() if held < mean}
        slots = list(told)
        for slot, process in ready.items():
            if len(slots) > MOST_HEARD and process.letting.may_let_go(told[slot], mean):
                heard = {each: told[each] for each in (slot, *self._lots.sample(slots, MOST_HEARD))}
                near = sum(heard.values()) / len(heard)
                those = {each: near - held for each, held in heard.items() if held < near and each != slot}
                process.letting.plan(told[slot], near, those, now)
            else:
                process.letting.plan(told[slot], mean, lacking, now)

    # --- what is done to it --------------------------------------------------------------------------------------

    def start(self, slots: Iterable[int], manifest_of: Callable[[int], Sequence[Name]] = lambda slot: ()) -> None:
        """New processes, which begin with what their manifests name."""
        for slot in slots:
            process = self.processes[slot] = self._born()
            self.copies.preload(process.holder, manifest_of(slot))
        self._tell_routing()

    def end(self, slots: Iterable[int]) -> None:
        """These processes are gone, and what they held."""
        for slot in slots:
            self.copies.closed(self.processes.pop(slot).holder)
        self._tell_routing()

    def drain(self, slots: Collection[int]) -> None:
        """They answer whom they have, send each of them elsewhere, and get nobody new."""
        for slot in slots:
            self.processes[slot].draining = True
        self._tell_routing()

    def replace(self, slots: Iterable[int], *, warm: bool) -> None:
        """Make before break: the successor preloads while its predecessor serves, and takes over its people."""
        for slot in slots:
            former, successor = self.processes[slot], self._born()
            self.copies.preload(successor.holder, self.manifest(slot) if warm else ())
            successor.held.expect(former.held.belonging(self.copies.now), self.copies.now)
            self.processes[slot] = successor
            self.copies.closed(former.holder)

    def manifest(self, slot: int) -> list[Name]:
        """The hottest copies of a slot's process, hottest first."""
        hottest = islice(self.processes[slot].hot.hottest(), MOST_NAMES)
        return [(REGIONS.index(entry.region), entry.stamp) for _, entry in hottest]

    def _born(self) -> Process:
        return Process(self.copies.opened(), Letting(self._per_minute, self.copies.now, self._lots))

    def _tell_routing(self) -> None:
        draining = [slot for slot, process in self.processes.items() if process.draining]
        usable = [slot for slot, process in self.processes.items() if not process.draining]
        self._routing.fleet_is(usable, draining)
