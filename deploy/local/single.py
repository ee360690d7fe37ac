"""One backing store by itself, started as the stack starts it, without a supervisor: for tests and experiments."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import readiness
from deploy.local.credentials import load_credentials
from deploy.local.errors import StartFailed
from deploy.local.logs import last_lines
from deploy.local.places import RunDir
from deploy.local.ports import free_ports
from deploy.local.processes import plan_store
from deploy.local.programs import STORE_PROGRAMS, Programs
from deploy.local.waiting import wait_until

START_SECONDS = 20.0
STOP_SECONDS = 5.0
_PORTS = {"redis": "REDIS_PORT", "mongodb": "MONGODB_PORT", "s3": "S3_PORT"}


@dataclass(frozen=True, slots=True)
class RunningStore:
    """`url` as clients want it; `variables` are those by which the application finds it, keys included."""

    url: str
    variables: dict[str, str]
    pid: int


@contextmanager
def single_store(name: str, run_dir: Path, environ: Mapping[str, str]) -> Iterator[RunningStore]:
    """redis, mongodb or s3 on a free port, with its data under `run_dir`; ended on leaving. Raises StartFailed."""
    folders = RunDir(run_dir.absolute())
    folders.create()
    (folders.data / name).mkdir(exist_ok=True)
    process, variables = plan_store(
        name,
        run_dir=folders,
        ports={port_name: free_ports(1)[0] for port_name in _PORTS.values()},
        credentials=load_credentials(folders.secrets_file, environ),
        programs=Programs.of(environ).need(STORE_PROGRAMS[name]),
        environ=environ,
    )
    log = folders.log_of(name)
    with log.open("wb") as output:
        started = subprocess.Popen(process.command, env=process.environ, stdout=output, stderr=output)
    try:
        if not wait_until(lambda: readiness.answers(process) or started.poll() is not None, START_SECONDS):
            raise StartFailed(f"{name} did not become ready in time.", process=name, last_lines=last_lines(log))
        if started.poll() is not None:
            raise StartFailed(f"{name} ended while it was starting.", process=name, last_lines=last_lines(log))
        yield RunningStore(url=next(iter(variables.values())), variables=variables, pid=started.pid)
    finally:
        started.terminate()
        try:
            started.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
