"""Secrets of a stack: made once, kept in one file that only its owner can read, and used again by every later `up`.

What the environment sets wins and is not written down.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEYS": lambda: secrets.token_urlsafe(32),
    "AFFINITY_KEY": lambda: secrets.token_urlsafe(32),
    "AWS_ACCESS_KEY_ID": lambda: f"hotseat{secrets.token_hex(6)}",
    "AWS_SECRET_ACCESS_KEY": lambda: secrets.token_urlsafe(30),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The values, by the name of their variable."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}=***' for name in self.values)})"


def load_credentials(file: Path, environ: Mapping[str, str]) -> Credentials:
    """Read `file`, make what is missing, write it back. Idempotent."""
    kept = _read(file)
    missing = {name: make() for name, make in _MAKERS.items() if name not in kept}
    if missing:
        kept |= missing
        _write(file, kept)
    return Credentials({name: environ.get(name) or kept[name] for name in _MAKERS})


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    pairs = (line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def _write(file: Path, values: Mapping[str, str]) -> None:
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    text = "# Made by `hotseat up`. Without it the data of this stack cannot be read by its sessions again.\n"
    text += "".join(f"{name}={value}\n" for name, value in values.items())
    with open(partial, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
        target.write(text)
    partial.replace(file)
