"""Changes to a history that was right, each of which breaks a promise for certain."""

import random
from collections.abc import Callable, Iterator
from itertools import product

import msgspec

from lab.history import History, Request

Mutation = Callable[[History, random.Random], History | None]
change = msgspec.structs.replace


def drop_a_write(history: History, chance: random.Random) -> History | None:
    """Nobody ever sees an acknowledged write, though somebody looks more than B later."""
    late = history.bound_seconds
    pairs = [
        (write, read)
        for write, read in product(_written(history), _read(history))
        if write.user == read.user and read.started > write.ended + late
    ]
    if not pairs:
        return None
    write, _ = chance.choice(pairs)
    user = [each for each in _read(history) if each.user == write.user]
    return _with(history, {id(each): change(each, saw={**each.saw, "name": 0}) for each in user})


def forget_an_own_write(history: History, chance: random.Random) -> History | None:
    """A browser reads what was there before its own write."""
    pairs = (
        (_older(history, write), read)
        for write, read in product(_written(history), _read(history))
        if write.browser == read.browser and write.ended < read.started
    )
    return _shows(history, pairs, chance)


def go_back(history: History, chance: random.Random) -> History | None:
    """A browser reads something older than what it had read."""
    writes = {(each.user, each.wrote["name"]): each for each in history.requests if "name" in each.wrote}
    pairs = (
        (_older(history, writes[first.user, first.saw["name"]]), then)
        for first, then in product(_read(history), repeat=2)
        if first.browser == then.browser and first.ended < then.started and first.saw["name"]
    )
    return _shows(history, pairs, chance)


def stay_behind(history: History, chance: random.Random) -> History | None:
    """Another browser reads what was there before, more than B after the write."""
    late = history.bound_seconds
    pairs = (
        (_older(history, write), read)
        for write, read in product(_written(history), _read(history))
        if write.user == read.user and write.browser != read.browser and write.ended + late < read.started
    )
    return _shows(history, pairs, chance)


def swap_owners(history: History, chance: random.Random) -> History | None:
    """A whole answer goes to somebody else."""
    pairs = [(one, two) for one, two in product(_read(history), repeat=2) if one.user != two.user]
    if not pairs:
        return None
    one, two = chance.choice(pairs)
    return _with(history, {id(one): change(one, owner=two.owner), id(two): change(two, owner=one.owner)})


def show_anothers_card(history: History, chance: random.Random) -> History | None:
    """A card is shown as one's own."""
    made = [each for each in history.requests if each.made]
    pairs = [(one, two) for one, two in product(made, _read(history)) if one.user != two.user]
    if not pairs:
        return None
    one, two = chance.choice(pairs)
    return _with(history, {id(two): change(two, shown=(*two.shown, *one.made))})


def let_the_dead_write(history: History, chance: random.Random) -> History | None:
    """A write of an ended session is accepted."""
    return _after_the_end(history, chance, "write", 0.0, lambda each: change(each, outcome="done", status=200))


def let_the_dead_read(history: History, chance: random.Random) -> History | None:
    """A read of an ended session is answered, more than B later."""

    def answered(each: Request) -> Request:
        return change(each, outcome="done", status=200, owner=each.user)

    return _after_the_end(history, chance, "read", history.bound_seconds, answered)


def apply_twice(history: History, chance: random.Random) -> History | None:
    """One card more than can have been written."""
    reads = [each for each in _read(history) if each.count is not None]
    signed_up = {each.user for each in history.requests if each.route == "signup"}
    reads = [each for each in reads if each.user in signed_up]
    if not reads:
        return None
    read = chance.choice(reads)
    keys = {each.key for each in history.requests if each.user == read.user and each.key and each.started < read.ended}
    return _with(history, {id(read): change(read, count=len(keys) + 1)})


def make_another(history: History, chance: random.Random) -> History | None:
    """A key that is sent again makes something else."""
    made = [each for each in history.requests if each.made and each.key]
    if not made:
        return None
    one = chance.choice(made)
    again = change(one, started=one.ended + 0.01, ended=one.ended + 0.02, made=("another",))
    return change(history, requests=[*history.requests, again])


MUTATIONS: dict[str, tuple[str, Mutation]] = {
    "drop a write": ("P1", drop_a_write),
    "forget an own write": ("P2", forget_an_own_write),
    "go back": ("P3", go_back),
    "let the dead write": ("P4", let_the_dead_write),
    "let the dead read": ("P4", let_the_dead_read),
    "stay behind": ("P5", stay_behind),
    "swap owners": ("P6", swap_owners),
    "show another's card": ("P6", show_anothers_card),
    "apply twice": ("P7", apply_twice),
    "make another": ("P7", make_another),
}


def _written(history: History) -> list[Request]:
    return [each for each in history.requests if "name" in each.wrote and each.outcome == "done"]


def _read(history: History) -> list[Request]:
    return [each for each in history.requests if "name" in each.saw]


def _older(history: History, write: Request) -> int:
    """The number of the last write whose answer was there before this one was sent, or what was there at first."""
    before = [each for each in _written(history) if each.user == write.user and each.ended < write.started]
    return max(before, key=lambda each: each.ended).wrote["name"] if before else 0


def _shows(history: History, pairs: Iterator[tuple[int, Request]], chance: random.Random) -> History | None:
    found = list(pairs)
    if not found:
        return None
    number, read = chance.choice(found)
    return _with(history, {id(read): change(read, saw={**read.saw, "name": number})})


def _after_the_end(
    history: History, chance: random.Random, kind: str, late: float, mutate: Callable[[Request], Request]
) -> History | None:
    ends = {session: each for each in history.requests for session in each.ends}
    found = [
        each
        for each in history.requests
        if each.kind == kind and each.session in ends and each.started > ends[each.session].ended + late
    ]
    if not found:
        return None
    one = chance.choice(found)
    return _with(history, {id(one): mutate(one)})


def _with(history: History, changed: dict[int, Request]) -> History:
    return change(history, requests=[changed.get(id(each), each) for each in history.requests])
