"""A history written down request by request, for a test of one rule."""

from typing import Any

import msgspec

from lab.checker import Verdict, check
from lab.history import Change, Disturbance, History, Kind, Outcome, Request

B_SECONDS = 2.0


class MadeUp:
    """Requests are told by when they began; an answer comes 10 ms later if nothing else is said. All is alice's."""

    def __init__(self, **head: Any) -> None:
        self.history = History("sticky", B_SECONDS, **head)
        self.ask("login", "POST signup", 0.0, browser="laptop", session="signing up")

    def check(self) -> Verdict:
        """What the checker says of it."""
        return check(self.history)

    def ask(
        self,
        kind: Kind,
        sent: str,
        started: float,
        ended: float | None = None,
        *,
        user: str = "alice",
        browser: str = "laptop",
        outcome: Outcome = "done",
        **more: Any,
    ) -> Request:
        """One request; `sent` is `GET me`."""
        method, route = sent.split(" ")
        request = Request(
            started=started,
            ended=started + 0.01 if ended is None else ended,
            user=user,
            browser=browser,
            session=more.pop("session", f"{browser} session"),
            kind=kind,
            method=method,
            route=route,
            outcome=outcome,
            status=more.pop("status", {"done": 200, "refused": 409, "unknown": 0}[outcome]),
            instance=more.pop("instance", "web-1"),
            **more,
        )
        self.history.requests.append(request)
        return request

    def write(self, number: int, started: float, ended: float | None = None, **more: Any) -> Request:
        """A name."""
        return self.ask("write", "PUT me", started, ended, wrote={"name": number}, **more)

    def read(self, number: int, started: float, ended: float | None = None, **more: Any) -> Request:
        """A name."""
        return self.ask("read", "GET me", started, ended, saw={"name": number}, **more)

    def card(self, key: str, started: float, ended: float | None = None, **more: Any) -> Request:
        """One is written."""
        return self.ask("write", "POST cards", started, ended, key=key, **more)

    def count(self, count: int, started: float, ended: float | None = None, **more: Any) -> Request:
        """How many cards there are is read."""
        return self.ask("read", "GET me", started, ended, count=count, **more)

    def disturb(self, change: Change, started: float, settled: float, **more: Any) -> Disturbance:
        """Something is done to `web-1`."""
        made = Disturbance(started, settled, settled, change, more.pop("name", change), "web-1")
        made = msgspec.structs.replace(made, **more)
        self.history.disturbances.append(made)
        return made
