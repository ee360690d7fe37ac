"""The templates' environment: Jinja2 with autoescape and strict names, and the few words templates may use."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from zlib import crc32

from jinja2 import Environment, PackageLoader, StrictUndefined

from webapp.album import small_key
from webapp.pictures import SMALL_WIDTH

HUES = 12
SPANS = ((60, "minute"), (3600, "hour"), (86400, "day"))


def open_templates(static_url: Callable[[str], str], media_base_url: str | None) -> Environment:
    """The environment every page is rendered with."""
    environment = Environment(
        loader=PackageLoader("webapp"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    base = media_base_url or "/media"
    environment.globals["static_url"] = static_url
    environment.globals["media_url"] = lambda key: f"{base}/{key}"
    environment.globals["small_url"] = lambda key: f"{base}/{small_key(key)}"
    environment.globals["small_width"] = SMALL_WIDTH
    environment.filters.update(ago=ago, iso=iso, day=day, hue=hue)
    for name in environment.list_templates():
        environment.get_template(name)  # compiled now rather than for the first visitor
    return environment


def ago(then: float) -> str:
    """Epoch seconds as "3 minutes ago"."""
    seconds = max(0.0, time.time() - then)
    if seconds < 60:
        return "just now"
    size, name = next((span for span in reversed(SPANS) if seconds >= span[0]), SPANS[0])
    count = int(seconds // size)
    return f"{count} {name}{'s' if count != 1 else ''} ago" if count < 30 or name != "day" else day(then)


def iso(then: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(then, UTC).isoformat(timespec="seconds")


def day(then: float) -> str:
    """Epoch seconds as "21 Nov 2026"."""
    moment = datetime.fromtimestamp(then, UTC)
    return f"{moment.day} {moment:%b %Y}"


def hue(text: str) -> int:
    """One of twelve colours for a name, the same everywhere."""
    return crc32(text.encode()) % HUES


class Fingerprints:
    """Versioned addresses of static files: the content's hash as a query, read once per file."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._known: dict[str, str] = {}

    def url(self, path: str) -> str:
        """The address of a file that is there."""
        if path not in self._known:
            self._known[path] = sha256(self._read(path)).hexdigest()[:12]
        return f"/static/{path}?v={self._known[path]}"
