"""Where the requests of a run are kept: the first so many in memory, or all of them in a file as they come.

The file is a history (`lab.history.read_history`), whose lines are in the order in which the requests ended. Whoever
breaks the site meanwhile adds what was done with `disturbed`.
"""

import math
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from lab.history import Disturbance, History, Request, encode_disturbance, encode_request, write_history

KEPT_REQUESTS = 100_000


class Recording:
    """`history` holds what is kept in memory: at most `most` requests, none if there is a file.

    What is kept can be judged, cut or not: nothing is in it that may tell of a write which is not.
    """

    def __init__(
        self,
        *,
        mode: str = "",
        bound_seconds: float = 2.0,
        absolute_seconds: float = 28800.0,
        file: Path | None = None,
        most: int = KEPT_REQUESTS,
    ) -> None:
        self.history = History(mode, bound_seconds, absolute_seconds=absolute_seconds)
        self.kept = self.not_kept = 0
        self._most = 0 if file else most
        self._missing_since = math.inf
        self._file = file
        self._out: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self._file is not None:
            write_history(self.history, self._file)  # the head alone
            self._out = self._file.open("ab")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    def note(self, request: Request) -> None:
        """A request that has ended just now."""
        if self._out is not None:
            self._out.write(encode_request(request))
        elif self.not_kept or self.kept >= self._most:
            self.not_kept += 1
            self._cut(request)
            return
        else:
            self.history.requests.append(request)
        self.kept += 1

    def disturbed(self, disturbance: Disturbance) -> None:
        if self._out is not None:
            self._out.write(encode_disturbance(disturbance))
        else:
            self.history.disturbances.append(disturbance)

    def flush(self) -> None:
        """What was noted so far can be read from the file."""
        if self._out is not None:
            self._out.flush()

    def _cut(self, missing: Request) -> None:
        """Takes out what may tell of this one, which is not kept: reads and refusals that ended after it was sent.

        Requests come in the order in which they end, so those are among the last.
        """
        if missing.kind == "read" or missing.started >= self._missing_since:
            return
        self._missing_since = missing.started
        requests = self.history.requests
        place = len(requests)
        while place and requests[place - 1].ended > missing.started:
            place -= 1
        late = requests[place:]
        requests[place:] = [each for each in late if each.kind != "read" and each.outcome != "refused"]
        taken_out = len(late) - len(requests[place:])
        self.kept -= taken_out
        self.not_kept += taken_out
