"""HAProxy's runtime socket: where each slot is and whether it may be used (Management Guide, 9.3).

Each command opens a connection, has a deadline, and its answer is checked: HAProxy says what went wrong in words and
never by a status. All errors are StackErrors. What is changed here is gone when HAProxy ends, unless its environment
or its server-state file says the same.
"""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

BACKEND = "web"
CALL_SECONDS = 3.0
MOST_BYTES = 1 << 20
_FORCED_MAINTENANCE = 0x01
_FORCED_DRAIN = 0x08


@dataclass(frozen=True, slots=True)
class SlotState:
    """A server as HAProxy has it. `admin` is ready, drain or maint, as set by an operator or by the configuration."""

    address: str
    admin: str


class Runtime:
    """The HAProxy that listens on `socket_file`, if any does."""

    def __init__(self, socket_file: Path) -> None:
        self._socket_file = socket_file

    def point(self, slot: str, address: str) -> None:
        """Requests of this slot go to `address` from now on; idle connections to the former one are closed."""
        host, _, port = address.rpartition(":")
        answer = self._ask(f"set server {BACKEND}/{slot} addr {host} port {port}")
        if slot not in (slots := self.slots()) or slots[slot].address != address:
            raise StackError(f"HAProxy did not point {slot} to {address}: {_sentence(answer)}")

    def set_state(self, slot: str, admin: str) -> None:
        """ready, drain or maint."""
        answer = self._ask(f"set server {BACKEND}/{slot} state {admin}")
        if answer.strip():
            raise StackError(f"HAProxy did not set {slot} to {admin}: {_sentence(answer)}")

    def slots(self) -> dict[str, SlotState]:
        """All slots by name."""
        _, head, *rows = self.servers_state(BACKEND).splitlines()
        names = head.removeprefix("# ").split()
        found = (dict(zip(names, row.split(), strict=False)) for row in rows if row)
        try:
            return {
                row["srv_name"]: SlotState(f"{row['srv_addr']}:{row['srv_port']}", _admin(int(row["srv_admin_state"])))
                for row in found
            }
        except (KeyError, ValueError) as error:
            raise StackError(f"HAProxy's list of servers cannot be read: {head!r}") from error

    def servers_state(self, backend: str = "") -> str:
        """What its server-state file may contain; of all backends, unless one is named."""
        answer = self._ask(f"show servers state {backend}".rstrip())
        if not answer.startswith("1\n# be_id "):
            raise StackError(f"HAProxy does not tell the state of its servers: {_sentence(answer)}")
        return answer

    def statistics(self, slot: str) -> dict[str, str]:
        """The row of `show stat`: `status`, `scur` (requests in flight), `qcur` (waiting), and many more."""
        head, *rows = self._ask(f"show stat {BACKEND} 4 -1").splitlines()
        names = head.removeprefix("# ").split(",")
        for row in rows:
            found = dict(zip(names, row.split(","), strict=False))
            if found.get("svname") == slot:
                return found
        raise StackError(f"HAProxy has no server {slot}.")

    def pid(self) -> int:
        """The pid of the process that answers."""
        for line in self._ask("show info").splitlines():
            if line.startswith("Pid: "):
                return int(line.removeprefix("Pid: "))
        raise StackError("HAProxy does not tell its pid.")

    def _ask(self, command: str) -> str:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                end = time.monotonic() + CALL_SECONDS
                connection.settimeout(CALL_SECONDS)
                connection.connect(os.fspath(self._socket_file))
                connection.sendall(f"{command}\n".encode())
                answer = b""
                while part := connection.recv(65_536):
                    answer += part
                    if time.monotonic() > end:
                        raise TimeoutError
                    if len(answer) > MOST_BYTES:
                        raise StackError("HAProxy's runtime socket does not stop answering.")
        except OSError as error:
            what = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise StackError(f"HAProxy's runtime socket {self._socket_file} does not answer ({what}).") from error
        return answer.decode(errors="replace")


def _admin(flags: int) -> str:
    return "maint" if flags & _FORCED_MAINTENANCE else "drain" if flags & _FORCED_DRAIN else "ready"


def _sentence(answer: str) -> str:
    return " ".join(answer.split())[:200] or "it says nothing"
