"""What every fault says of itself, and how a site is disturbed by one, whatever happens meanwhile."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from lab import faults
from lab.errors import NotTogether, Unknown
from lab.faults import ALL, Fault, at_once, disturb, named
from lab.faults.clock import ClockJump
from lab.faults.kill import Kill
from lab.faults.pause import Pause
from lab.history import Change, now
from lab.testbed.site import STORES, Site


class FakeSite:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, words: str) -> None:
        self.noted.append(words)


@dataclass(frozen=True, kw_only=True)
class Told(Fault):
    """A fault that only says what is done to it; `on` is called at each."""

    name: str = "told"
    part: str = "web-1"
    change: Any = "other"
    does: str = "Nothing."
    about: str = "P1."
    calls: list[str] = field(default_factory=list)
    on: Callable[[str], None] = lambda call: None

    def strike(self, site: Site) -> None:
        self._told("strike")

    def heal(self, site: Site) -> None:
        self._told("heal")

    def settled(self, site: Site) -> None:
        self._told("settled")

    def _told(self, call: str) -> None:
        self.calls.append(f"{self.name} {call}" if self.name != "told" else call)
        self.on(call)


def site() -> Site:
    return cast(Site, FakeSite())


def raising(at: str, error: type[BaseException], times: int = 1) -> Callable[[str], None]:
    left = [error()] * times

    def on(call: str) -> None:
        if call == at and left:
            raise left.pop()

    return on


@pytest.mark.parametrize("fault", ALL.values(), ids=list(ALL))
def test_a_fault_says_what_it_is(fault: Fault) -> None:
    """In whole sentences, with the promises by their numbers."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z]+)*(\+[a-z0-9]+(-[a-z]+)*)?", fault.name)
    assert fault.change in get_args(Change)
    assert re.match(r"P[1-9]", fault.about)
    for sentence in (fault.does, fault.about, fault.loses):
        assert not sentence or (sentence.endswith(".") and sentence[0].isupper())


def test_the_names_are_those_by_which_faults_are_found() -> None:
    """One fault for each, and the same one."""
    assert all(named(name) is fault and fault.name == name for name, fault in ALL.items())


def test_every_file_has_its_fault_among_all() -> None:
    """A new file that nobody lists would never be used."""
    folder = Path(faults.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "fault", "both"}
    assert {type(fault).__module__.rpartition(".")[2] for fault in ALL.values()} - {"both"} == files


def test_an_unknown_name_gets_a_sentence_with_the_known_ones() -> None:
    """So does an unknown half of two."""
    for name in ("killl", "kill+nothing", "", "+", "kill+redis-pause+stop"):
        with pytest.raises(Unknown, match=re.escape(repr(name))) as refused:
            named(name)
        assert set(ALL) == set(refused.value.known)
        assert "redis-black-hole" in str(refused.value)


def test_two_at_once_lose_what_either_loses() -> None:
    """The wilder of the two says what is promised meanwhile."""
    both = named("drain+redis-flush")
    assert (both.change, both.part) == ("other", "web-2+redis")
    assert both.loses == ALL["redis-flush"].loses
    assert both.lasts
    cut_off = named("stop+rolling-restart"), named("kill+redis-cut"), named("stop+redis-gone")
    assert [each.stale_parts() for each in cut_off] == [("web-2",), ("redis",), ("web-2", "redis")]
    assert not at_once(Kill(), Kill(part="web-1")).lasts


def test_two_about_the_same_part_are_refused() -> None:
    """The second would be undone with the first."""
    with pytest.raises(NotTogether, match="kill and stop are both about web-2"):
        at_once(Kill(), Pause())
    with pytest.raises(NotTogether, match="both about redis"):
        named("redis-cut+redis-latency")


@pytest.mark.parametrize("other", ["redis-half-open+redis-cut", "redis-latency+redis-half-open"])
def test_a_link_and_a_wire_of_it_are_the_same_part(other: str) -> None:
    """A line is one thing: who makes it plain makes all of it plain."""
    with pytest.raises(NotTogether, match="both about"):
        named(other)


def test_a_disturbance_has_its_times() -> None:
    """Struck, held as long as was asked, healed, settled: in this order, by the history's clock."""
    fault, before = Told(loses="Nothing much."), now()
    found = disturb(site(), fault, 0.2)
    assert fault.calls == ["strike", "heal", "settled"]
    assert before <= found.started <= found.ended - 0.2
    assert found.ended <= found.settled <= now()
    assert found.ended - found.started < 1.5
    assert (found.name, found.part, found.change, found.loses) == ("told", "web-1", "other", "Nothing much.")
    assert found.stales == ()
    assert disturb(site(), Told(stales=True), 0).stales == ("web-1",)


def test_what_is_over_at_once_is_not_waited_for() -> None:
    """A killed process is dead; there is nothing to hold."""

    class Over(Told):
        lasts = False

    assert disturb(site(), Over(), 60).ended - now() < 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_heals_whatever_ends_it(error: type[BaseException]) -> None:
    """An error in the strike, or Ctrl-C: the site is healed, and the error goes on."""
    fault = Told(on=raising("strike", error))
    with pytest.raises(error):
        disturb(site(), fault, 60)
    assert fault.calls == ["strike", "heal"]


def test_ctrl_c_while_it_heals_does_not_leave_it_broken() -> None:
    """It is healed once more, and then interrupted."""
    fault = Told(on=raising("heal", KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        disturb(site(), fault, 0)
    assert fault.calls == ["strike", "heal", "heal"]


def test_both_are_healed_even_if_one_cannot_be() -> None:
    """In the opposite order; the error is told."""
    calls: list[str] = []
    first = Told(name="first", calls=calls)
    second = replace(first, name="second", part="web-2", on=raising("heal", RuntimeError))
    with pytest.raises(RuntimeError):
        disturb(site(), at_once(first, second), 0)
    assert calls == ["first strike", "second strike", "second heal", "first heal"]


def test_what_was_injected_is_noted() -> None:
    """Whoever looks for a bug finds that it was none."""
    disturbed = FakeSite()
    disturb(cast(Site, disturbed), Told(), 0)
    assert disturbed.noted == ["told begins (web-1)", "told is over (web-1)"]


def test_links_are_named_by_their_stores() -> None:
    """The links that faults name are those that a site has."""
    process = re.compile(r"web-\d|worker-1|haproxy|web")
    links = {*STORES, "clients", *(f"web-2-{store}" for store in STORES)}
    singles = [fault for fault in ALL.values() if "+" not in fault.name]
    assert all(process.fullmatch(fault.part) or fault.part in links for fault in singles)
    assert isinstance(ALL["clock-on"], ClockJump)
