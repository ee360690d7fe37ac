"""One browser of a person, and what the load knows about it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from lab.load.browser import Browser, Reply

DOUBTFUL_CARDS: Final = 8
RETRY_SECONDS: Final = 1.0
MOST_RETRY_SECONDS: Final = 60.0


@dataclass
class Device:
    """`session` is its log-in as the history names it, "" for none; `session_id` that of the site, once it was seen.

    `visits` are the tabs open in it, `doubtful` cards whose answer was lost (key, body, content type): the newest few.
    Until `quiet_until` it does not try to log in: it was told to wait.
    """

    name: str
    browser: Browser
    session: str = ""
    session_id: str = ""
    log_ins: int = 0
    themes: int = 0
    theme_under_way: bool = False
    visits: int = 0
    quiet_until: float = 0.0
    doubtful: deque[tuple[str, bytes, str]] = field(default_factory=lambda: deque(maxlen=DOUBTFUL_CARDS))
    entrance: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin_session(self) -> None:
        self.session, self.session_id, self.themes = f"{self.name}#{self.log_ins}", "", 0

    def renew_session(self) -> None:
        """It goes on under a new id; what belonged to it does too."""
        self.log_ins += 1
        self.session, self.session_id = f"{self.name}#{self.log_ins}", ""


def retry_seconds(reply: Reply) -> float:
    """How long an answer asks to wait: a second if it does not say, a minute at most."""
    said = reply.headers.get("retry-after", "")
    return min(float(said), MOST_RETRY_SECONDS) if said.isdecimal() else RETRY_SECONDS
