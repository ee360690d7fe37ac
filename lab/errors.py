"""What can go wrong in the lab, each with a sentence for whoever runs it.

LabError
├── Misuse             a file, name or option that cannot be used; nothing was begun
│   ├── BadWorkload    a description of a workload that cannot be used
│   ├── Unknown        a name that means nothing here; the sentence says which ones there are
│   └── NotTogether    two faults that cannot be had at once
├── SiteTrouble        the site does not do what a site of ours does; what was measured before is kept
│   ├── NoSuchSite     nothing answers at the address
│   ├── NotPostcards   something answers there, and it is not this application
│   ├── SiteGone       it stopped answering before anything was measured
│   └── Unsettled      it did not get back what it needs; carries what is missing
├── GeneratorGone      the process that makes the load ended by itself
└── WiresGone          the process in which the wires run has ended
"""

from collections.abc import Iterable, Sequence


class LabError(Exception):
    """The message is a sentence for whoever runs the lab.

    `parts` are what it was made of, so that another process can raise the same.
    """

    def __init__(self, sentence: str, parts: tuple[str, ...] | None = None) -> None:
        super().__init__(sentence)
        self.parts = (sentence,) if parts is None else parts


class Misuse(LabError):
    """Nothing was begun: what is asked for cannot be done."""


class BadWorkload(Misuse):
    """`faults`: a sentence for each faulty key, which names it, what was given, and what is allowed."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        super().__init__("\n".join([f"The workload {name} cannot be used:", *(f"  {fault}" for fault in faults)]))
        self.faults = list(faults)


class Unknown(Misuse):
    """`given` is none of `known`."""

    def __init__(self, what: str, given: str, known: Iterable[str]) -> None:
        self.given = given
        self.known = sorted(known)
        super().__init__(f"There is no {what} {given!r}; there are: {', '.join(self.known)}.")


class NotTogether(Misuse):
    """Both faults are about `part`."""

    def __init__(self, first: str, second: str, part: str) -> None:
        super().__init__(f"{first} and {second} are both about {part}; give two that are about different parts.")


class SiteTrouble(LabError):
    """The site does not do what a site of ours does; what was measured before is kept."""


class NoSuchSite(SiteTrouble):
    """`why`: what became of the attempt, in words."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"Nothing answers at {url}: {why}.", (url, why))
        self.url, self.why = url, why


class NotPostcards(SiteTrouble):
    """`found`: what was answered instead, in words."""

    def __init__(self, url: str, found: str) -> None:
        super().__init__(f"What answers at {url} is not Postcards: {found}.", (url, found))
        self.url, self.found = url, found


class SiteGone(SiteTrouble):
    """`doing`: what the site was asked to do when it was lost."""

    def __init__(self, url: str, doing: str, why: str) -> None:
        super().__init__(f"{url} could not be used while {doing}: {why}.", (url, doing, why))
        self.url, self.doing, self.why = url, doing, why


class Unsettled(SiteTrouble):
    """After `seconds` these are `missing` still, each told in a few words that begin with the part's name."""

    def __init__(self, seconds: float, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(f"After {seconds:g} s the site has not settled: {'; '.join(self.missing)}.")


class GeneratorGone(LabError):
    """`exit_code` of the process; None if it runs and does not answer."""

    def __init__(self, exit_code: int | None) -> None:
        ended = "does not answer" if exit_code is None else f"ended by itself with exit code {exit_code}"
        super().__init__(f"The process that makes the load {ended}.")
        self.exit_code = exit_code


class WiresGone(LabError):
    """Nothing passes between the parts of the site any more."""

    def __init__(self, words: str = "") -> None:
        super().__init__(f"The process in which the wires run has ended{f': {words}' if words else '.'}")
