"""How many bytes went to a backing service and came from it."""

import threading


class Traffic:
    """Bytes so far. Safe from any thread."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self.sent = 0
        self.received = 0

    def went(self, *, sent: int = 0, received: int = 0) -> None:
        """So many more."""
        with self._counting:
            self.sent += sent
            self.received += received
