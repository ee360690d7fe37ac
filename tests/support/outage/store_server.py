"""A backing service that a test ends, stops and starts again, on the same port and with what it kept."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from deploy.local import Programs, readiness
from deploy.local.credentials import load_credentials
from deploy.local.places import RunDir
from deploy.local.ports import free_ports
from deploy.local.processes import plan_store
from deploy.local.programs import STORE_PROGRAMS
from deploy.local.waiting import wait_until

READY_SECONDS = 20.0
STOP_SECONDS = 5.0
PORTS = ("REDIS_PORT", "MONGODB_PORT", "S3_PORT")


class StoreServer:
    """redis, mongodb or s3. `variables` are those by which an application finds it, `url` the first of them."""

    def __init__(self, name: str, run_dir: Path, environ: Mapping[str, str]) -> None:
        folders = RunDir(run_dir.absolute())
        folders.create()
        (folders.data / name).mkdir(exist_ok=True)
        self._plan, self.variables = plan_store(
            name,
            run_dir=folders,
            ports={port: free_ports(1)[0] for port in PORTS},
            credentials=load_credentials(folders.secrets_file, environ),
            programs=Programs.of(environ).need(STORE_PROGRAMS[name]),
            environ=environ,
        )
        self.url = next(iter(self.variables.values()))
        self._log = folders.log_of(name)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._plan.command, env=self._plan.environ, stdout=log, stderr=log)
        assert wait_until(lambda: readiness.answers(self._plan), READY_SECONDS), self._log.read_text()[-2000:]

    def stop(self) -> None:
        """Ends it. Nothing happens if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def pause(self) -> None:
        """It answers nothing from now on; its connections stay, and new ones are taken."""
        assert self._process is not None
        pid = self._process.pid
        os.kill(pid, signal.SIGSTOP)
        assert wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, STOP_SECONDS)

    def resume(self) -> None:
        """It goes on, with what it was sent meanwhile."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def store_servers(folder: Path, environ: Mapping[str, str]) -> Iterator[dict[str, StoreServer]]:
    """One of each kind, running; ended on leaving."""
    servers = {name: StoreServer(name, folder / name, environ) for name in ("redis", "mongodb", "s3")}
    try:
        for server in servers.values():
            server.start()
        yield servers
    finally:
        for server in servers.values():
            server.stop()
