"""A second Redis beside the stack's own, which has what that one has: for a failover.

It keeps nothing on disk. Whoever started it stops it; it does not outlive its site.
"""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local import Programs, Stack, free_ports
from lab.errors import Unsettled
from lab.testbed.redis_call import Address, RedisRefused, call, info

HOST = "127.0.0.1"
READY_SECONDS = 15.0
STOP_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.02


class Standby:
    """A running redis-server. `address` is where it is found; it `leads` once it has been promoted.

    One that does not has perhaps not got everything yet, and is nobody to follow.
    """

    def __init__(self, stack: Stack, folder: Path) -> None:
        program = Programs.of(stack.environ_of("redis")).need("redis-server")["redis-server"]
        self.leads = False
        self.address: Address = (HOST, free_ports(1)[0])
        options = {"bind": HOST, "port": str(self.address[1]), "dir": str(folder), "save": "", "appendonly": "no"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(program), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _wait("the second Redis does not answer", lambda: call(self.address, "PING") == "PONG")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Idempotent."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def follow(replica: Address, master: Address) -> None:
    """Returns once the replica has what the master had when it was called. Raises Unsettled."""
    call(replica, "REPLICAOF", master[0], str(master[1]))
    _wait("the replica has no link to its master", lambda: info(replica, "replication")["master_link_status"] == "up")
    catch_up(replica, master)


def catch_up(replica: Address, master: Address) -> None:
    """Returns once everything that the master has taken so far has arrived. Raises Unsettled."""
    taken = int(info(master, "replication")["master_repl_offset"])
    _wait("the replica lags behind", lambda: int(info(replica, "replication")["slave_repl_offset"]) >= taken)


def promote(replica: Address) -> None:
    """It takes writes from now on."""
    call(replica, "REPLICAOF", "NO", "ONE")


def _wait(else_missing: str, asked: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _says_yes(asked):
        if time.monotonic() > deadline:
            raise Unsettled(READY_SECONDS, [else_missing])
        time.sleep(LOOK_EVERY_SECONDS)


def _says_yes(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except (OSError, RedisRefused, KeyError):  # not yet
        return False
