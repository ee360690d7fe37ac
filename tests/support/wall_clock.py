"""The time of day, for a test to set, by every way in which Python asks for it.

    wall = WallClock(time.time)
    wall.hang_up(monkeypatch)
    wall.step(900)

What was imported from `time` or `datetime` before keeps its meaning. Clocks that nobody can set go on as they are.
"""

import datetime
import time
from collections.abc import Callable
from typing import Any

import pytest

_REAL = {name: getattr(time, name) for name in ("clock_gettime", "localtime", "gmtime", "ctime", "strftime")}


class WallClock:
    """What `true` says, and the steps besides. `all_clocks`: those that nobody can set go along."""

    def __init__(self, true: Callable[[], float], *, all_clocks: bool = False) -> None:
        self._true = true
        self._all_clocks = all_clocks
        self._stepped = 0.0

    def __call__(self) -> float:
        return self._true() + self._stepped

    def step(self, seconds: float) -> None:
        """Sets it so much on, or back."""
        self._stepped += seconds

    def hang_up(self, patch: pytest.MonkeyPatch) -> None:
        """From now on it is what is asked."""
        patch.setattr(time, "time", self)
        patch.setattr(time, "time_ns", lambda: int(self() * 1e9))
        patch.setattr(time, "clock_gettime", self._gettime)
        patch.setattr(time, "clock_gettime_ns", lambda clock: int(self._gettime(clock) * 1e9))
        for name in ("localtime", "gmtime", "ctime"):
            patch.setattr(
                time, name, lambda seconds=None, told=_REAL[name]: told(self() if seconds is None else seconds)
            )
        patch.setattr(time, "strftime", lambda form, moment=None: _REAL["strftime"](form, moment or time.localtime()))
        patch.setattr(datetime, "datetime", self._dated(datetime.datetime))
        patch.setattr(datetime, "date", self._dated(datetime.date))

    def _gettime(self, clock: int) -> float:
        if clock == time.CLOCK_REALTIME:
            return self()
        return float(_REAL["clock_gettime"](clock)) + (self._stepped if self._all_clocks else 0.0)

    def _dated(self, kind: Any) -> Any:
        """A class of dates, to which now is what this clock says."""
        wall = self

        class Dated(kind):  # type: ignore[misc]  # which of the two does not matter
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> Any:
                return cls.fromtimestamp(wall(), tz)

            @classmethod
            def utcnow(cls) -> Any:
                return cls.fromtimestamp(wall(), datetime.UTC).replace(tzinfo=None)

            @classmethod
            def today(cls) -> Any:
                return cls.fromtimestamp(wall())

        return Dated
