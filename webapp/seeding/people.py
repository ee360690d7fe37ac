"""The people of the seed content. The first is always the demo account."""

import unicodedata

from webapp.seeding.chance import stream
from webapp.seeding.content import SeedPerson
from webapp.seeding.names import combinations
from webapp.seeding.places import places
from webapp.seeding.texts import biography

DEMO_HANDLE = "ada"
DEMO_NAME = "Ada Lindqvist"
DEMO_BIO = "Tea, trains and tall trees. Sends more cards than letters."

_WITHOUT_ACCENT = str.maketrans(
    {"ø": "o", "\u0131": "i", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "ð": "d", "þ": "th"}
)
_SHARE_WITH_AVATAR = 0.88
_DAY_SECONDS = 86_400


def plan_people(seed: int, count: int) -> tuple[SeedPerson, ...]:
    """`count` people with unique handles; names repeat only where the supply runs out."""
    random = stream(seed, "people")
    supply = combinations()
    random.shuffle(supply)
    everywhere = places()
    taken = {DEMO_HANDLE}
    found = [SeedPerson(DEMO_HANDLE, DEMO_NAME, DEMO_BIO, 0, 400 * _DAY_SECONDS)] if count > 0 else []
    while len(found) < count:
        given, family = supply[len(found) % len(supply)]
        found.append(
            SeedPerson(
                handle=_free_handle(given, family, taken),
                name=f"{given} {family}",
                bio=biography(random, random.choice(everywhere)),
                avatar=len(found) if random.random() < _SHARE_WITH_AVATAR else None,
                joined_seconds_ago=random.randrange(35 * _DAY_SECONDS, 700 * _DAY_SECONDS),
            )
        )
    return tuple(found)


def _free_handle(given: str, family: str, taken: set[str]) -> str:
    """The given name alone for whoever came first, then with the family name, then with a number."""
    first, last = _plain(given), _plain(family)
    handle = next((wish for wish in (first, f"{first}_{last}") if wish not in taken), None)
    number = 2
    while handle is None:
        handle = f"{first}_{last}{number}" if f"{first}_{last}{number}" not in taken else None
        number += 1
    taken.add(handle)
    return handle


def _plain(name: str) -> str:
    """Lower-case ASCII letters only."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(_WITHOUT_ACCENT))
    return "".join(letter for letter in decomposed if "a" <= letter <= "z")
