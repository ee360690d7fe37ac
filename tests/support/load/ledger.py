"""What was acknowledged to one browser, and so what it must be shown from then on (promises P1, P2, P3 and P6).

Values are numbers that go up, so that an older one is known when it is seen. What was written without an answer is in
doubt: it may have been done, or may be done yet, and is never held against anybody.
"""

from typing import Any

import msgspec


class Register(msgspec.Struct):
    """One value: the last number sent, the last one acknowledged, and those in doubt."""

    sent: int = 0
    acknowledged: int = 0
    doubtful: set[int] = msgspec.field(default_factory=set)

    def next(self) -> int:
        self.sent += 1
        return self.sent

    def settle(self, number: int, done: bool | None) -> None:
        """`done` is None where nobody knows."""
        if done:
            self.acknowledged = max(self.acknowledged, number)
        elif done is None:
            self.doubtful.add(number)

    def allows(self, number: int, at_least: int) -> bool:
        return at_least <= number <= self.sent or number in self.doubtful


class Before(msgspec.Struct, frozen=True):
    """What had been acknowledged or seen when a request was sent."""

    theme: int
    name: int
    version: int
    liked: frozenset[str]


class Ledger(msgspec.Struct):
    """One browser's own. `cards` are ids of its cards, `pending` the key of a card whose answer was lost."""

    handle: str
    theme: Register = msgspec.field(default_factory=Register)
    name: Register = msgspec.field(default_factory=Register)
    version: int = 0
    keys: int = 0
    cards: list[str] = msgspec.field(default_factory=list)
    acknowledged_cards: int = 0
    pending: str = ""
    liked: set[str] = msgspec.field(default_factory=set)

    def before(self) -> Before:
        return Before(self.theme.acknowledged, self.name.acknowledged, self.version, frozenset(self.liked))

    def saw_version(self, version: int) -> None:
        self.version = max(self.version, version)

    def acknowledge_card(self, card_id: str) -> None:
        self.pending = ""
        self.acknowledged_cards += 1
        self.cards = [*self.cards[-19:], card_id]

    def faults_of_me(self, me: dict[str, Any], before: Before) -> list[tuple[str, str]]:
        """Promise and sentence for each thing that is wrong in an answer about the person logged in."""
        if me["handle"] != self.handle:
            return [("P6", f"shown {me['handle']}, who is somebody else")]
        found = self.faults_of_version(me, before)
        for what, register, shown, least in (
            ("theme", self.theme, number_in(me["preferences"].get("theme", "")), before.theme),
            ("name", self.name, number_in(me["name"]), before.name),
        ):
            if not register.allows(shown, least):
                found.append(("P2", f"{what} {shown} after {least} was acknowledged ({register.sent} was sent last)"))
        return found

    def faults_of_version(self, answer: dict[str, Any], before: Before) -> list[tuple[str, str]]:
        if answer["version"] < before.version:
            return [("P3", f"version {answer['version']} after {before.version}")]
        return []

    def faults_of_card(self, card: dict[str, Any], before: Before) -> list[tuple[str, str]]:
        if card["id"] in before.liked and not card["liked"]:
            return [("P2", f"the like of {card['id']} is not shown")]
        return []

    def faults_of_count(self, cards: int) -> list[tuple[str, str]]:
        """`cards` is how many there are in the end."""
        if cards < self.acknowledged_cards:
            return [("P1", f"{cards} cards of {self.acknowledged_cards} that were acknowledged")]
        if cards > self.acknowledged_cards + bool(self.pending):
            return [("P7", f"{cards} cards, {self.acknowledged_cards} keys: one was applied twice")]
        return []


def number_in(text: str) -> int:
    """The number a value ends with; 0 for what was never written."""
    digits = text.rpartition(" ")[2]
    return int(digits) if digits.isdigit() else 0
