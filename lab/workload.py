"""What users do: how many there are, how often they come, what they ask for, and how unevenly.

A workload is a TOML file; `KEYS` says what it may hold. What is left out has its default. The named ones are in
`lab/presets`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.errors import BadWorkload

PRESETS: Final = Path(__file__).parent / "presets"

READS: Final = ("board", "page", "me", "card", "person", "front", "sessions")
WRITES: Final = ("theme", "name", "post", "like", "follow")
ACTIONS: Final = (*READS, *WRITES)
FOR_ANYBODY: Final = ("card", "person", "front")


@dataclass(frozen=True)
class Key:
    """A number that a workload may set: its limits, what it is without being set, and what it means."""

    least: float
    most: float
    default: float
    meaning: str
    whole: bool = False

    @property
    def allowed(self) -> str:
        """In words."""
        return f"{'a whole number' if self.whole else 'a number'} from {self.least:g} to {self.most:g}"

    def takes(self, given: object) -> bool:
        if isinstance(given, bool) or not isinstance(given, int | float):
            return False
        return self.least <= given <= self.most and (not self.whole or isinstance(given, int))


KEYS: Final[dict[str, dict[str, Key]]] = {
    "people": {
        "users": Key(2, 100_000, 200, "accounts that are made before anything is measured", whole=True),
        "activity_exponent": Key(0, 3, 0.7, "Zipf's exponent of how often each of them comes; 0: all alike"),
        "anonymous_share": Key(0, 1, 0.1, "visits of people who do not log in"),
        "follows": Key(0, 100, 5, "whom each follows, chosen by popularity", whole=True),
        "first_cards": Key(0, 100, 2, "cards each has written before anything is measured", whole=True),
    },
    "visits": {
        "requests_per_second": Key(0.1, 100_000, 50, "of all together; sets how often somebody comes"),
        "requests": Key(1, 1000, 12, "of one visit, in the mean (geometric)"),
        "think_seconds": Key(0, 600, 3, "between two requests of a visit, in the mean (exponential)"),
    },
    "devices": {
        "second_device_share": Key(0, 1, 0.15, "visits from a second browser"),
        "logout_share": Key(0, 1, 0.02, "visits that end with a log-out; the next one begins with a log-in"),
        "late_share": Key(0, 1, 0.5, "log-outs after which an old tab still asks with the old cookies"),
        "revoke_share": Key(0, 1, 0.01, "visits in which the session of the other device is ended"),
        "password_share": Key(0, 1, 0, "visits in which the password is changed, which ends every other session"),
        "wandering_share": Key(0, 1, 0, "browsers that lose or garble their affinity cookie now and then"),
    },
    "content": {
        "cards": Key(1, 1_000_000, 2000, "cards that are known and looked at; older ones are forgotten", whole=True),
        "popularity_exponent": Key(0, 3, 0.9, "Zipf's exponent of which card or person is looked at; 0: all alike"),
        "characters": Key(1, 500, 140, "of a card, in the mean", whole=True),
        "photo_share": Key(0, 1, 0, "new cards that carry a photo"),
        "photo_kilobytes": Key(4, 8000, 100, "of a photo, about", whole=True),
    },
    "mix": {action: Key(0, 1_000_000, 0, "how often, in proportion to the others") for action in ACTIONS},
}


@dataclass(frozen=True)
class Workload:
    """A checked description. The fields are the keys of the file's tables; `mix` is its table of that name."""

    name: str
    users: int
    activity_exponent: float
    anonymous_share: float
    follows: int
    first_cards: int
    requests_per_second: float
    requests: float
    think_seconds: float
    second_device_share: float
    logout_share: float
    late_share: float
    revoke_share: float
    password_share: float
    wandering_share: float
    cards: int
    popularity_exponent: float
    characters: int
    photo_share: float
    photo_kilobytes: int
    mix: Mapping[str, float]

    @property
    def write_share(self) -> float:
        """Of the requests that a person logged in sends, by the mix alone."""
        return sum(self.mix[action] for action in WRITES) / sum(self.mix.values())


def preset_names() -> list[str]:
    return sorted(file.stem for file in PRESETS.glob("*.toml"))


def load_workload(name_or_path: str) -> Workload:
    """A preset by its name, or a file by its path (what holds a slash or ends with `.toml`). Raises BadWorkload."""
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    if not is_path and name_or_path not in preset_names():
        names = ", ".join(preset_names())
        raise BadWorkload(name_or_path, [f"There is no preset of this name; there are {names}, or give a .toml file."])
    file = Path(name_or_path) if is_path else PRESETS / f"{name_or_path}.toml"
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadWorkload(name_or_path, [f"It cannot be read: {error.strerror or error}."]) from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise BadWorkload(name_or_path, [f"It is not TOML: {error}."]) from error
    return workload_of(file.stem, given)


def workload_of(name: str, given: Mapping[str, Any]) -> Workload:
    """A workload from a file's content. Raises BadWorkload with a sentence for each faulty key."""
    faults = [_no_such(section, KEYS) for section in given if section not in KEYS]
    found: dict[str, dict[str, Any]] = {}
    for section, keys in KEYS.items():
        table = given.get(section, {})
        if not isinstance(table, Mapping):
            faults.append(f"{section} is {table!r}; a table [{section}] is allowed.")
            continue
        faults += [_no_such(f"{section}.{key}", keys) for key in table if key not in keys]
        found[section] = {key: table.get(key, each.default) for key, each in keys.items()}
        faults += [
            f"{section}.{key} is {value!r}; allowed is {keys[key].allowed}."
            for key, value in found[section].items()
            if not keys[key].takes(value)
        ]
    if not faults and not any(found["mix"].values()):
        faults.append(f"mix has nothing above 0; allowed are {', '.join(ACTIONS)}, at least one of them above 0.")
    if faults:
        raise BadWorkload(name, faults)
    mix = found.pop("mix")
    return Workload(name=name, mix=mix, **{key: value for keys in found.values() for key, value in keys.items()})


def _no_such(key: str, known: Mapping[str, object]) -> str:
    return f"{key} is not known; allowed are {', '.join(known)}."
