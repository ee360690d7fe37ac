"""A plug-in of supervisord: it runs inside that process, and makes it quick, patient and reachable for us.

supervisord reads it from its configuration as an RPC interface (manual, "XML-RPC API, Extending"). It
- gives each unit the command and environment of `stack.json`, which no quoting of the configuration can hold, at its
  own start and whenever it is told that they changed (`slots.dress`);
- looks at its processes ten times a second instead of once, so that a killed one is back at once;
- lets a process that crashes again and again wait 0.1 s, then twice as long each time up to 5 s, and never gives up; a
  death by SIGKILL is somebody's doing and no crash;
- remembers what each unit's last process wrote at the end, apart from the log that a slot's two lanes share;
- offers `slots.stop` (any signal, with a deadline), `slots.kill`, `slots.last_exit` and `slots.last_words`.
"""

import json
import os
import shlex
import signal
import time
from pathlib import Path
from typing import Any

from supervisor import events
from supervisor.states import ProcessStates
from supervisor.xmlrpc import Faults, RPCError

LOOK_EVERY_SECONDS = 0.1
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
MOST_LINES = 15
MOST_BYTES = 4096


def make_slots(supervisord: Any, state_file: str) -> "Slots":
    slots = Slots(supervisord, Path(state_file))
    slots.dress()
    options = supervisord.options
    poll, waitpid = options.poller.poll, options.waitpid
    options.poller.poll = lambda timeout: poll(min(timeout, LOOK_EVERY_SECONDS))
    options.waitpid = lambda: slots.note_end(*waitpid())
    events.subscribe(events.ProcessStateBackoffEvent, slots.delay_restart)
    events.subscribe(events.ProcessStateStartingEvent, slots.forget_words)
    events.subscribe(events.ProcessLogStdoutEvent, slots.note_words)
    return slots


class Slots:
    """The public methods with plain arguments are what XML-RPC offers as `slots.*`."""

    def __init__(self, supervisord: Any, state_file: Path) -> None:
        self._supervisord = supervisord
        self._state_file = state_file
        self._exit_codes: dict[str, int] = {}
        self._words: dict[str, bytes] = {}

    def stop(self, name: str, signal_name: str, seconds: float) -> bool:
        """Send the signal, then SIGKILL after `seconds`; returns at once. False if it was not running."""
        process = self._process(name)
        if process.get_state() in (ProcessStates.STOPPED, ProcessStates.FATAL, ProcessStates.UNKNOWN):
            return False
        if process.get_state() == ProcessStates.EXITED:
            process.change_state(ProcessStates.STOPPED)
            return False
        process.administrative_stop = True
        if process.pid:
            os.kill(process.pid, signal.SIGCONT)  # a paused process would not hear the other one
        if process.get_state() == ProcessStates.STOPPING:
            os.kill(process.pid, getattr(signal, f"SIG{signal_name}"))
        else:
            process.kill(getattr(signal, f"SIG{signal_name}"))
        process.delay = time.time() + seconds
        return True

    def kill(self, name: str) -> int:
        """SIGKILL; supervisord starts it anew. Returns the pid that was killed, 0 if it was not running."""
        process = self._process(name)
        pid: int = process.pid
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def last_exit(self, name: str) -> int:
        """The exit code of its last end, negative for a signal; 0 if there was none."""
        return self._exit_codes.get(self._process(name).config.name, 0)

    def last_words(self, name: str) -> list[str]:
        """The last lines of its current or last process."""
        words = self._words.get(self._process(name).config.name, b"").decode(errors="replace")
        # XML has no characters for what a terminal would be controlled with.
        return ["".join(c for c in line if c.isprintable()) for line in words.splitlines()[-MOST_LINES:]]

    def dress(self) -> bool:
        """Take commands and environments from the state file; whatever runs is left as it is."""
        plan = json.loads(self._state_file.read_text())
        for planned in (*plan["processes"], *plan["aside"]):
            if not planned["external"]:
                config = self._process(planned["unit"]).config
                config.command = shlex.join(planned["command"])
                config.environment = dict(planned["environ"])
        return True

    def note_end(self, pid: int, status: int) -> tuple[int, int]:
        process = self._supervisord.options.pidhistory.get(pid)
        if process is not None:
            self._exit_codes[process.config.name] = os.waitstatus_to_exitcode(status)
        return pid, status

    def forget_words(self, event: Any) -> None:
        if event.from_state == ProcessStates.STOPPED:  # a start that was asked for, not one after a crash
            self._words.pop(event.process.config.name, None)

    def note_words(self, event: Any) -> None:
        name = event.process.config.name
        self._words[name] = (self._words.get(name, b"") + event.data)[-MOST_BYTES:]

    def delay_restart(self, event: Any) -> None:
        process = event.process
        if self._exit_codes.get(process.config.name) == -signal.SIGKILL:
            process.backoff = 1
        delay = FIRST_DELAY_SECONDS * 2 ** min(process.backoff - 1, 10)
        process.delay = time.time() + min(delay, LONGEST_DELAY_SECONDS)

    def _process(self, name: str) -> Any:
        group = self._supervisord.process_groups.get(name)
        if group is None:
            raise RPCError(Faults.BAD_NAME, name)
        return group.processes[name]
