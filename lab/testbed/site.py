"""A site: the local stack with a wire on every way between its parts that matters, for the lab to measure and break.

with open_site(folder, "sticky", os.environ) as site:
    site.url                                    # browsers come in here, through a wire
    site.bend("redis", Line.both(Way(latency_seconds=0.25e-3)))
    site.stack.kill("web-2")
    site.settle()

Links: `clients` is between browsers and HAProxy; `redis`, `mongodb` and `s3` between all processes of the application
and that store; `web-2-redis` that of a single one. Between HAProxy and the web processes there is none.
Whatever ends the block ends all that it started.
"""

import contextlib
import datetime
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local import AppCommands, ProcessStatus, Stack, free_ports
from lab.errors import Unknown, Unsettled
from lab.testbed import launcher, settling
from lab.testbed.clocks import Clocks
from lab.testbed.line import PLAIN, Counts, Line
from lab.testbed.standby import Standby
from lab.testbed.wires import Wires, open_wires

SETTLE_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.2
LOOKS = 2  # one may come before anybody has noticed what happened
STORES = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
_PORTS = {"redis": "REDIS_PORT", "mongodb": "MONGODB_PORT", "s3": "S3_PORT"}
_MODES = {"sticky": "on", "stateless": "off"}
_HOST = "127.0.0.1"


class Site:
    """A running stack, its wires and its clocks. `mode` is the one it was started in.

    `standby` is a second Redis, while a fault needs one.
    """

    def __init__(self, folder: Path, mode: str, *, stack: Stack, wires: Wires, clocks: Clocks, url: str) -> None:
        self.folder = folder
        self.mode = mode
        self.stack = stack
        self.wires = wires
        self.clocks = clocks
        self.url = url
        self.standby: Standby | None = None

    # What is there

    def web_names(self) -> list[str]:
        """`web-1`, `web-2`, ..., whether they run or not."""
        return [name for name in self.stack.names() if name.startswith("web-")]

    def status(self) -> list[ProcessStatus]:
        """Each process, with what those that serve pages tell about themselves."""
        return self.stack.status(ask=True)

    def missing(self) -> list[str]:
        """What it lacks just now to serve everybody as it should; nothing: it is well."""
        return settling.missing(self.stack)

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Returns once nothing is missing. Raises Unsettled."""
        deadline, looks = time.monotonic() + seconds, 0
        while looks < LOOKS:
            missing = self.missing()
            looks = 0 if missing else looks + 1
            if missing and time.monotonic() > deadline:
                raise Unsettled(seconds, missing)
            if looks < LOOKS:
                time.sleep(LOOK_EVERY_SECONDS)

    # Its links

    def links(self) -> list[str]:
        """The names of all links."""
        stores = [store for store in STORES if any(name.endswith(f"-{store}") for name in self.wires.names)]
        return [*stores, *self.wires.names]

    def wires_of(self, link: str) -> list[str]:
        """Raises Unknown."""
        found = [name for name in self.wires.names if name == link or (link in STORES and name.endswith(f"-{link}"))]
        if not found:
            raise Unknown("link", link, self.links())
        return found

    def bend(self, link: str, line: Line) -> None:
        """The link is so from now on, until it is made `PLAIN`."""
        self.wires.change(self.wires_of(link), line)

    def mend(self, link: str) -> None:
        """Nothing but wires again."""
        self.bend(link, PLAIN)

    def cut(self, link: str) -> int:
        """Resets all connections of the link; how many. New ones are taken, unless it refuses."""
        cut = self.wires.cut(self.wires_of(link))
        self.note(f"{cut} connections of {link} reset")
        return cut

    def counts(self) -> dict[str, Counts]:
        """What each wire has passed on, swallowed and reset."""
        return self.wires.counts()

    # What was done to it

    @property
    def notes(self) -> Path:
        """Every fault that was injected, one line each: who finds a dead process or a reset looks here first."""
        return self.folder / "injected.log"

    def note(self, words: str) -> None:
        """Written down as injected, with the time. Raises OSError."""
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with self.notes.open("a") as file:
            file.write(f"{moment} injected by the lab: {words}\n")


@contextlib.contextmanager
def open_site(
    folder: Path,
    mode: str,
    environ: Mapping[str, str],
    *,
    wired: bool = True,
    clocked: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Site]:
    """A site of its own in `folder`, ready. `mode` is `sticky` or `stateless`; `environ` sets all else, as for `up`.

    `clocked`: clocks can be put off, which costs each process a little whenever it asks for the time. Without `wired`
    there is the link `clients` only. Raises StackError if it does not start.
    """
    if mode not in _MODES:
        raise Unknown("mode", mode, _MODES)
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    ports = dict(zip(("HTTP_PORT", *_PORTS.values()), map(str, free_ports(1 + len(_PORTS))), strict=True))
    environ = {**environ, **ports, "STICKY_MODE": _MODES[mode]}
    names = [f"web-{slot}" for slot in range(1, int(environ.get("WEB_INSTANCES") or 3) + 1)] + ["worker-1"]
    clocks = Clocks(folder / "clocks")
    with open_wires() as wires:
        front = wires.open("clients", _HOST, int(ports["HTTP_PORT"]))
        told = {
            name: {
                "ports": _wired(wires, name, environ) if wired else {},
                "clock": str(clocks.file(name)) if clocked else "",
            }
            for name in names
        }
        (folder / launcher.FILE).write_text(json.dumps(told))
        stack = Stack(folder / "stack", environ, app=_launched(folder), say=say)
        try:
            stack.up()
            site = Site(folder, mode, stack=stack, wires=wires, clocks=clocks, url=f"http://{_HOST}:{front}")
            try:
                yield site
            finally:
                if site.standby is not None:
                    site.standby.stop()
        finally:
            stack.down()


def _wired(wires: Wires, name: str, environ: Mapping[str, str]) -> dict[str, int]:
    """A wire from this process to each store that has one plain address; the ports by the variables they are for."""
    found = {}
    for store, variable in STORES.items():
        address = _plain_address(environ.get(variable) or f"any://{_HOST}:{environ[_PORTS[store]]}")
        if address is not None:
            found[variable] = wires.open(f"{name}-{store}", *address)
    return found


def _plain_address(url: str) -> tuple[str, int] | None:
    """None where a wire cannot stand in between: several addresses, names that servers tell, or TLS."""
    parts = urlsplit(url)
    if parts.scheme not in ("any", "redis", "mongodb", "http") or "," in parts.netloc or not parts.hostname:
        return None
    return parts.hostname, parts.port or {"redis": 6379, "mongodb": 27017}.get(parts.scheme, 80)


def _launched(folder: Path) -> AppCommands:
    plain = AppCommands()

    def inside(command: Sequence[str]) -> list[str]:
        python, _, _, *arguments = command
        return [python, "-m", "lab.testbed.launcher", str(folder), *arguments]

    return AppCommands(inside(plain.web), inside(plain.worker), inside(plain.release), plain.code)
