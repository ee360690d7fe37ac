"""What all simulated people share: cards that were seen, everybody's handles, how popular they are, photos to send."""

from collections.abc import Iterable
from random import Random
from typing import Final

from lab.load.photos import photo
from lab.load.popularity import Zipf
from lab.load.wandering import Wandering
from lab.workload import Workload

PHOTOS: Final = 4
_TEXT: Final = "greetings from the sea where it rains and we had cake on a boat by the old lighthouse at noon"


class Town:
    """Of one run. `name` makes handles and keys of this run unlike those of any other on the same site."""

    def __init__(self, workload: Workload, name: str, seed: int) -> None:
        self.workload = workload
        self.name = name
        self._seed = seed
        self._popular_cards = Zipf(workload.cards, workload.popularity_exponent)
        self._popular_people = Zipf(workload.users, workload.popularity_exponent)
        self._cards: list[str] = []
        self._known: set[str] = set()
        self._photos = [
            photo(workload.photo_kilobytes, seed * PHOTOS + n) for n in range(PHOTOS if workload.photo_share else 0)
        ]

    def handle(self, person: int) -> str:
        return f"{self.name}_{person}"

    def wandering(self, browser: str) -> Wandering | None:
        """How the browser of this name strays, if it is one that does; the same for the same seed."""
        if not self.workload.wandering_share:
            return None
        chance = Random(f"wandering {self._seed} {browser.removeprefix(self.name)}")  # noqa: S311  # no secret
        return Wandering(chance) if chance.random() < self.workload.wandering_share else None

    @property
    def handle_pattern(self) -> str:
        """All of its handles, and nobody else's."""
        return f"{self.name}_*"

    def learn(self, cards: Iterable[str]) -> None:
        """Cards that an answer named, the newest last; the oldest are forgotten."""
        for card in cards:
            if card not in self._known:
                self._known.add(card)
                self._cards.append(card)
        if len(self._cards) > 2 * self.workload.cards:
            del self._cards[: -self.workload.cards]
            self._known = set(self._cards)

    def card(self, chance: float) -> str:
        """A card by popularity, the newest being the most popular; "" while none is known."""
        return self._cards[-1 - self._popular_cards.place(chance, len(self._cards))] if self._cards else ""

    def person(self, chance: float) -> int:
        """Somebody by popularity."""
        return self._popular_people.place(chance)

    def text(self, mark: str, chance: Random) -> str:
        """A card's text that begins with `mark`, of about the workload's length."""
        length = min(500, max(len(mark), round(chance.expovariate(1 / self.workload.characters))))
        words = chance.choices(_TEXT.split(), k=length // 4 + 1)
        return " ".join([mark, *words])[:length].strip()

    def photo(self, chance: Random) -> bytes | None:
        """The photo a new card carries, if it does."""
        return chance.choice(self._photos) if chance.random() < self.workload.photo_share else None
