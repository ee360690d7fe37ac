"""Web processes that a test starts beside a stack, with the stack's own settings and stores."""

import http.client
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from deploy.local import free_ports
from deploy.local.readiness import http_status

Births = Callable[[], AbstractContextManager[str]]

START_SECONDS = 60.0


@dataclass(frozen=True)
class Newborn:
    """A web process; `url` is its own address, no proxy in between."""

    process: subprocess.Popen[bytes]
    url: str
    probe: str

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"the web process ended with {self.process.returncode}"
        try:
            return http_status(self.probe) == 200
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def newborn(environ: Mapping[str, str]) -> Iterator[Newborn]:
    """Starts a web process that can write no file, returns at once, and ends it by SIGKILL when done with."""
    port, admin_port = free_ports(2)
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "hotseat", "web"],
        env={**environ, "PORT": str(port), "ADMIN_PORT": str(admin_port), "INSTANCE_ID": "newborn"},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield Newborn(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}/readyz")
    finally:
        process.kill()
        process.wait()


@contextmanager
def generation(environ: Mapping[str, str], eventually: Callable[..., None], *, ahead: int = 2) -> Iterator[Births]:
    """`with births() as url:` is a web process that nobody has asked before; the next ones start meanwhile."""
    with ExitStack() as all_of_them:
        unborn: deque[tuple[ExitStack, Newborn]] = deque()

        def conceive() -> None:
            life = all_of_them.enter_context(ExitStack())
            unborn.append((life, life.enter_context(newborn(environ))))

        @contextmanager
        def births() -> Iterator[str]:
            conceive()
            life, born = unborn.popleft()
            with life:
                eventually(born.is_ready, START_SECONDS)
                yield born.url

        for _ in range(ahead):
            conceive()
        yield births
