"""supervisord for one stack: its configuration, its start, and its XML-RPC interface over a unix socket.

supervisord outlives whoever started it. Each call opens a connection and has a deadline, so that a supervisord that was
stopped or killed is noticed (`SupervisorGone`) instead of waited for.
"""

import http.client
import os
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError
from deploy.local.places import RunDir
from deploy.local.waiting import wait_until

CALL_SECONDS = 3.0
START_SECONDS = 10.0
_SOCKET_NAME = "supervisor.sock"

_HEAD = """\
; Written by `hotseat up`.
[supervisord]
logfile=%(here)s/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile=%(here)s/supervisord.pid
{user}
[unix_http_server]
file=%(ENV_HOTSEAT_SUPERVISOR_SOCKET)s
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:slots]
supervisor.rpcinterface_factory=deploy.local.slots:make_slots
state_file=%(ENV_HOTSEAT_STACK)s/stack.json
"""

# The command is filled in by deploy.local.slots. Both lanes of a process write into its one log. A process that dies
# is always started again; `startsecs` is how long it has to live for its crashes to be forgotten.
_PROGRAM = """
[program:{unit}]
command=/bin/false
directory=%(here)s
autostart=false
autorestart=true
startsecs=5
startretries=1000000000
killasgroup=true
redirect_stderr=true
stdout_logfile=%(here)s/logs/{log}.log
stdout_events_enabled=true
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
"""


class SupervisorRefused(StackError):
    """supervisord answered with a fault, for instance that it has no such process."""


class SupervisorGone(StackError):
    """supervisord does not answer: not started, stopped, paused or killed."""


@dataclass(frozen=True, slots=True)
class SupervisedState:
    """`state` is supervisord's own word: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED or FATAL."""

    pid: int
    state: str


class Supervisor:
    """supervisord of the stack in `run_dir`, running or not."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir

    @property
    def socket_file(self) -> Path:
        return self._run_dir.sockets / _SOCKET_NAME

    def start(self, units: Mapping[str, str], environ: dict[str, str]) -> None:
        """Start supervisord with these units, each with the name of its log, none of them started yet.

        Raises StackError with its own words.
        """
        user = "user=root\n" if os.getuid() == 0 else ""
        programs = "".join(_PROGRAM.format(unit=unit, log=log) for unit, log in units.items())
        self._run_dir.supervisor_config.write_text(_HEAD.format(user=user) + programs)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._run_dir.supervisor_config)]
        # It puts itself into the background, into a session of its own: Ctrl-C in the terminal is for `hotseat up`,
        # which then stops the stack in order.
        started = subprocess.run(
            command,
            env={**environ, "HOTSEAT_SUPERVISOR_SOCKET": str(self.socket_file)},
            cwd=self._run_dir.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if started.returncode or not wait_until(self.answers, START_SECONDS):
            raise StackError(f"supervisord did not start: {started.stderr.strip()[-500:]}")

    def answers(self) -> bool:
        try:
            self._call("supervisor.getPID")
        except SupervisorGone:
            return False
        return True

    def dress(self) -> None:
        """Take commands and environments anew from `stack.json`; they hold from each process's next start on."""
        self._call("slots.dress")

    def states(self) -> dict[str, SupervisedState]:
        return {
            info["name"]: SupervisedState(pid=info["pid"], state=info["statename"])
            for info in self._call("supervisor.getAllProcessInfo")
        }

    def start_process(self, name: str) -> None:
        """Returns at once; a process that runs already is left alone."""
        try:
            self._call("supervisor.startProcess", name, False)
        except SupervisorRefused as refused:
            if "ALREADY_STARTED" not in str(refused):
                raise

    def stop_process(self, name: str, signal_name: str, seconds: float) -> None:
        """Returns at once. After `seconds` it is killed."""
        self._call("slots.stop", name, signal_name, float(seconds))

    def kill_process(self, name: str) -> int:
        """SIGKILL to the process, which comes back; the pid that was killed, or 0."""
        killed: int = self._call("slots.kill", name)
        return killed

    def shut_down(self) -> None:
        """Returns at once; supervisord stops what still runs, and ends."""
        self._call("supervisor.shutdown")

    def last_exit(self, name: str) -> int:
        """The exit code of its last end, negative for a signal; 0 if there was none."""
        code: int = self._call("slots.last_exit", name)
        return code

    def last_words(self, name: str) -> list[str]:
        """The last lines that its current or last process wrote."""
        lines: list[str] = self._call("slots.last_words", name)
        return lines

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = _UnixTransport(self.socket_file)
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise SupervisorRefused(f"supervisord says to {method}{arguments}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise SupervisorGone(f"The stack in {self._run_dir.path} is not running.") from error


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, socket_file: Path) -> None:
        super().__init__()
        self._socket_file = socket_file

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._socket_file)
        self._connection = host, connection  # closed by the base class
        return connection


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, socket_file: Path) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._socket_file = socket_file

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)  # closed by the base class, connected or not
        self.sock.settimeout(CALL_SECONDS)
        self.sock.connect(os.fspath(self._socket_file))
