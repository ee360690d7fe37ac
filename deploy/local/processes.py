"""What a stack runs: each process with its command, environment and addresses.

Every process carries the stack's name and its own in its environment (`STACK_MARKER`, `PROCESS_MARKER`); that, not a
pid file, is how a process is recognised later. The plan of a running stack is its `stack.json`: it holds secrets, so
mode 600. The plan is what should be: where a command was killed in the middle, the next one makes it so again.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.credentials import Credentials
from deploy.local.errors import StackError
from deploy.local.grafana import OWN_VARIABLES, Grafana, grafana_command
from deploy.local.places import HAPROXY_CFG, RunDir
from deploy.local.ports import free_ports
from deploy.local.prometheus import prometheus_command
from deploy.local.proxy import proxy_environ, slot_variables
from deploy.local.releases import Release
from deploy.local.settings import CHANGEABLE, EXTERNAL, MOST_SLOTS, StackSettings, drain_seconds

STACK_MARKER = "HOTSEAT_STACK"
PROCESS_MARKER = "HOTSEAT_PROCESS"
LOOPBACK = "127.0.0.1"
LANES = ("a", "b")
LATENESS_SECONDS = 5.0  # for a process that ends within DRAIN_SECONDS by its own clock
PROXY_STOP_SECONDS = 33.0  # haproxy.cfg: hard-stop-after 30s

# The kinds, in the order in which they are stopped: who sends requests goes before who answers them.
STOP_ORDER = (("proxy",), ("web", "worker", "dashboards", "metrics"), ("store",))

# With these boto3 would look for the embedded S3 server, or for its keys, somewhere else.
_ELSEWHERE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_SECRET_NAMES = ("SECRET_KEYS", "AFFINITY_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, slots=True)
class AppCommands:
    """The application's command lines, and the modules whose code each release keeps; tests put stand-ins here."""

    web: Sequence[str] = (sys.executable, "-m", "hotseat", "web")
    worker: Sequence[str] = (sys.executable, "-m", "hotseat", "worker")
    release: Sequence[str] = (sys.executable, "-m", "hotseat", "release")
    code: Sequence[str] = ("hotseat", "cache", "webapp")


@dataclass(frozen=True, slots=True)
class PlannedProcess:
    """One process. `external` ones are used, not run: they have an address and nothing else.

    `unit` is the name under which it is supervised: web slots and HAProxy have two of them, their lanes, so that a
    successor can run beside the process it replaces. A `drained` web process was told to leave and gets nobody.
    """

    name: str
    kind: str
    address: str
    unit: str
    admin_address: str | None = None
    mode: str = "embedded"
    command: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    stop_seconds: float = 5
    external: bool = False
    drained: bool = False

    @property
    def slot(self) -> int:
        """The number of a web process."""
        return int(self.name.rpartition("-")[2])

    @property
    def other_unit(self) -> str:
        base, _, lane = self.unit.rpartition(".")
        return f"{base}.{LANES[1 - LANES.index(lane)]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All processes of a stack, in the order in which they start, and the address to browse.

    `aside` are those that run beside them for a while: successors on trial, and the ones that were replaced. `releases`
    are the ids of the releases, the current one last; the one before it is what a rollback brings back.
    """

    url: str
    processes: list[PlannedProcess]
    aside: list[PlannedProcess] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)

    def own(self) -> list[PlannedProcess]:
        return [process for process in self.processes if not process.external]

    def of_kind(self, *kinds: str) -> list[PlannedProcess]:
        return [process for process in self.processes if process.kind in kinds]

    def with_processes(self, *changed: PlannedProcess) -> "Plan":
        """With these in the places of those of the same name; of HAProxy's variables the slots' follow."""
        by_name = {process.name: process for process in changed}
        processes = [by_name.get(process.name, process) for process in self.processes]
        return replace(self, processes=_told_to_proxy(processes))

    def without(self, *names: str) -> "Plan":
        return replace(self, processes=_told_to_proxy([one for one in self.processes if one.name not in names]))

    def with_more(self, *more: PlannedProcess) -> "Plan":
        """With more web processes, behind the last one."""
        processes = list(self.processes)
        place = max(index for index, one in enumerate(processes) if one.kind == "web") + 1
        processes[place:place] = more
        return replace(self, processes=_told_to_proxy(processes))

    def with_aside(self, *more: PlannedProcess) -> "Plan":
        return replace(self, aside=[*self.aside, *more])

    def without_aside(self, *units: str) -> "Plan":
        return replace(self, aside=[process for process in self.aside if process.unit not in units])

    def write(self, file: Path) -> None:
        partial = file.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with open(partial, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
            json.dump(asdict(self), target, indent=1)
        partial.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Plan | None":
        """The plan in `file`; None if there is none. Raises StackError for one of another version."""
        try:
            content = json.loads(file.read_text())
            processes, aside = ([PlannedProcess(**one) for one in content[part]] for part in ("processes", "aside"))
            return cls(content["url"], processes, aside, content["releases"])
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise StackError(f"{file} was written by another version of this command; run: hotseat down") from error


def all_units(plan: Plan) -> dict[str, str]:
    """Every unit that this stack may ever use, and the process it is for: all slots, whether they run or not."""
    laned = [f"web-{slot}" for slot in range(1, MOST_SLOTS + 1)]
    laned += [process.name for process in plan.of_kind("proxy")]
    lanes = {f"{name}.{lane}": name for name in laned for lane in LANES}
    return {process.unit: process.name for process in plan.own()} | lanes


def ports_of(processes: Iterable[PlannedProcess]) -> frozenset[int]:
    addresses = (address for process in processes for address in (process.address, process.admin_address))
    return frozenset(int(address.rpartition(":")[2]) for address in addresses if address)


def released(process: PlannedProcess, release: Release) -> PlannedProcess:
    """One of the application's processes as it is in `release`; what is its own, ports and name, stays."""
    kept = {name: value for name, value in process.environ.items() if name not in (*CHANGEABLE, "PYTHONPATH")}
    environ = kept | release.variables(process.environ.get("PYTHONPATH"))
    return replace(
        process,
        environ=environ,
        mode="sticky" if environ["STICKY_MODE"] == "on" else "stateless",
        stop_seconds=drain_seconds(environ) + LATENESS_SECONDS,
    )


def in_slot(process: PlannedProcess, slot: int) -> PlannedProcess:
    """A web process like this one, for another slot."""
    name = f"web-{slot}"
    environ = {**process.environ, "INSTANCE_ID": name, PROCESS_MARKER: name}
    return replace(process, name=name, unit=f"{name}.{LANES[0]}", environ=environ, drained=False)


def _told_to_proxy(processes: Sequence[PlannedProcess]) -> list[PlannedProcess]:
    """HAProxy's environment says where the slots are: one that has to be started again finds them there."""
    open_slots = {one.slot: one.address for one in processes if one.kind == "web" and not one.drained}
    return [
        replace(one, environ={**one.environ, **slot_variables(open_slots)}) if one.kind == "proxy" else one
        for one in processes
    ]


def choose_ports(settings: StackSettings, avoid: frozenset[int] = frozenset()) -> dict[str, int]:
    """Each port by the name of its variable; of the bases, `WEB_PORT_1`, `WEB_ADMIN_PORT_1` and so on."""
    slots = range(1, settings.web_instances + 1)
    ports = {name: port for name, port in settings.ports.items() if not name.endswith("_BASE")}
    for prefix in ("WEB_PORT", "WEB_ADMIN_PORT"):
        base = settings.ports[f"{prefix}_BASE"]
        ports |= {f"{prefix}_{slot}": base + slot - 1 if base else 0 for slot in slots}
    unset = [name for name, port in ports.items() if port == 0]
    taken = avoid | frozenset(port for port in ports.values() if port)
    return ports | dict(zip(unset, free_ports(len(unset), avoid=taken), strict=True))


def make_plan(
    settings: StackSettings,
    *,
    run_dir: RunDir,
    ports: Mapping[str, int],
    credentials: Credentials,
    programs: Mapping[str, Path],
    environ: Mapping[str, str],
    app: AppCommands,
    grafana: Grafana | None = None,
) -> Plan:
    builder = _Builder(settings, run_dir, ports, credentials, programs, environ, app, grafana)
    return Plan(url=builder.url, processes=builder.processes())


def plan_store(
    name: str,
    *,
    run_dir: RunDir,
    ports: Mapping[str, int],
    credentials: Credentials,
    programs: Mapping[str, Path],
    environ: Mapping[str, str],
) -> tuple[PlannedProcess, dict[str, str]]:
    """One of redis, mongodb and s3 by itself, and the variables by which an application finds it."""
    settings = StackSettings.from_environ(environ)
    builder = _Builder(settings, run_dir, ports, credentials, programs, environ, AppCommands())
    return builder.stores()[name](), builder.store_variables()[name]


@dataclass(frozen=True, slots=True)
class _Builder:
    settings: StackSettings
    run_dir: RunDir
    ports: Mapping[str, int]
    credentials: Credentials
    programs: Mapping[str, Path]
    environ: Mapping[str, str]
    app: AppCommands
    grafana: Grafana | None = None

    @property
    def url(self) -> str:
        host = {"0.0.0.0": LOOPBACK, "::": "[::1]", "*": LOOPBACK}.get(self.settings.http_bind, self.settings.http_bind)  # noqa: S104 - read, not bound
        return f"http://{host}:{self.ports['HTTP_PORT']}"

    @property
    def mode(self) -> str:
        return "sticky" if self.settings.sticky else "stateless"

    def processes(self) -> list[PlannedProcess]:
        stores = [self._external(name) or make() for name, make in self.stores().items()]
        slots = range(1, self.settings.web_instances + 1)
        web = [self._web(slot) for slot in slots]
        grafana = [self._grafana(self.grafana)] if self.grafana else []
        return [*stores, *web, self._worker(), self._haproxy(), self._prometheus(), *grafana]

    def stores(self) -> dict[str, Callable[[], PlannedProcess]]:
        return {"redis": self._redis, "mongodb": self._mongodb, "s3": self._s3}

    def _external(self, name: str) -> PlannedProcess | None:
        url = self.settings.external.get(name)
        if url is None:
            return None
        address = without_password(url)
        return PlannedProcess(name=name, unit="", kind="store", address=address, mode="external", external=True)

    def _redis(self) -> PlannedProcess:
        folder, port = self._data("redis"), self.ports["REDIS_PORT"]
        options = {
            "bind": [LOOPBACK],
            "port": [str(port)],
            "dir": [str(folder)],
            "appendonly": ["yes"],
            "appendfsync": ["everysec"],
            "save": [""],  # the append-only file is the copy on disk; no second one
            "set-proc-title": ["no"],  # the title would overwrite the environment, and with it our marker
            "maxmemory": ["1gb"],
            # Sessions are data: full means that writes fail, not that people are logged out.
            "maxmemory-policy": ["noeviction"],
            # A reader that does not read (a paused process) is cut off instead of filling Redis's memory.
            "client-output-buffer-limit": ["normal", "64mb", "16mb", "30"],
        }
        arguments = [part for name, values in options.items() for part in (f"--{name}", *values)]
        return PlannedProcess(
            name="redis",
            unit="redis",
            kind="store",
            address=f"{LOOPBACK}:{port}",
            command=[str(self.programs["redis-server"]), *arguments],
            environ=self._plain_environ("redis"),
        )

    def _mongodb(self) -> PlannedProcess:
        """A MongoDB wire server over SQLite. Its log and pid file have fixed places unless they are told others."""
        folder, port = self._data("mongodb"), self.ports["MONGODB_PORT"]
        pid_file = str(self.run_dir.mongodb_pid_file)
        server = [str(self.programs["nx-27017"]), "--data-dir", str(folder), "-p", str(port)]
        server += ["--log-file", os.devnull, "--pid-file", pid_file]  # it logs to stderr as well
        return PlannedProcess(
            name="mongodb",
            unit="mongodb",
            kind="store",
            address=f"{LOOPBACK}:{port}",
            # It refuses to start while its pid file names any living process, its own or not.
            command=["/bin/sh", "-c", 'rm -f "$1"; shift; exec "$@"', "sh", pid_file, *server],
            environ=self._plain_environ("mongodb"),
        )

    def _s3(self) -> PlannedProcess:
        """rclone as S3 server: unlike moto's it keeps its objects, as plain files, when it stops."""
        folder, port = self._data("s3"), self.ports["S3_PORT"]
        key = f'"{self.credentials["AWS_ACCESS_KEY_ID"]},{self.credentials["AWS_SECRET_ACCESS_KEY"]}"'
        command = [str(self.programs["rclone"]), "serve", "s3", "--addr", f"{LOOPBACK}:{port}"]
        command += ["--vfs-cache-mode", "off", "--dir-cache-time", "1s", "--config", os.devnull, str(folder)]
        return PlannedProcess(
            name="s3",
            unit="s3",
            kind="store",
            address=f"http://{LOOPBACK}:{port}",
            command=command,
            environ=self._plain_environ("s3", RCLONE_AUTH_KEY=key, RCLONE_CACHE_DIR=str(self.run_dir.data / "rclone")),
        )

    def _web(self, slot: int) -> PlannedProcess:
        name, port, admin_port = f"web-{slot}", self.ports[f"WEB_PORT_{slot}"], self.ports[f"WEB_ADMIN_PORT_{slot}"]
        command = list(self.app.web)
        if not self.settings.web_may_write:
            command = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command]
        return PlannedProcess(
            name=name,
            unit=f"{name}.{LANES[0]}",
            kind="web",
            address=f"{LOOPBACK}:{port}",
            admin_address=f"{LOOPBACK}:{admin_port}",
            mode=self.mode,
            command=command,
            environ=self._app_environ(name, PORT=str(port), ADMIN_PORT=str(admin_port)),
            stop_seconds=self.settings.drain_seconds + LATENESS_SECONDS,
        )

    def _worker(self) -> PlannedProcess:
        admin_port = self.ports["WORKER_ADMIN_PORT"]
        return PlannedProcess(
            name="worker-1",
            unit="worker-1",
            kind="worker",
            address=f"{LOOPBACK}:{admin_port}",
            admin_address=f"{LOOPBACK}:{admin_port}",
            mode=self.mode,
            command=list(self.app.worker),
            environ=self._app_environ("worker-1", ADMIN_PORT=str(admin_port)),
            stop_seconds=self.settings.drain_seconds + LATENESS_SECONDS,
        )

    def _haproxy(self) -> PlannedProcess:
        admin_port = self.ports["HAPROXY_ADMIN_PORT"]
        addresses = {
            slot: f"{LOOPBACK}:{self.ports[f'WEB_PORT_{slot}']}" for slot in range(1, self.settings.web_instances + 1)
        }
        environ = proxy_environ(
            addresses,
            sticky=self.settings.sticky,
            affinity_key=self.credentials["AFFINITY_KEY"],
            secure=(self.settings.public_origin or "").startswith("https://"),
        )
        environ |= {
            "HTTP_BIND": self.settings.http_bind,
            "HTTP_PORT": str(self.ports["HTTP_PORT"]),
            "HAPROXY_ADMIN_PORT": str(admin_port),
            "HAPROXY_SOCKET": str(self.run_dir.sockets / "haproxy.sock"),
            "HAPROXY_STATE_FILE": str(self.run_dir.haproxy_state_file),
        }
        return PlannedProcess(
            name="haproxy",
            unit=f"haproxy.{LANES[0]}",
            kind="proxy",
            address=self.url,
            admin_address=f"{LOOPBACK}:{admin_port}",
            mode=self.mode,
            command=[str(self.programs["haproxy"]), "-db", "-f", str(HAPROXY_CFG)],
            environ=self._plain_environ("haproxy", **environ),
            stop_seconds=PROXY_STOP_SECONDS,
        )

    def _prometheus(self) -> PlannedProcess:
        address = f"{LOOPBACK}:{self.ports['PROMETHEUS_PORT']}"
        return PlannedProcess(
            name="prometheus",
            unit="prometheus",
            kind="metrics",
            address=f"http://{address}",
            admin_address=address,
            command=prometheus_command(self.programs["prometheus"], self.run_dir, address),
            environ=self._plain_environ("prometheus"),
        )

    def _grafana(self, grafana: Grafana) -> PlannedProcess:
        environ = {name: value for name, value in self.environ.items() if not name.startswith(OWN_VARIABLES)}
        return PlannedProcess(
            name="grafana",
            unit="grafana",
            kind="dashboards",
            address=f"http://{LOOPBACK}:{self.ports['GRAFANA_PORT']}",
            command=grafana_command(grafana, self.run_dir),
            environ=replace(self, environ=environ)._plain_environ("grafana"),
        )

    def _data(self, name: str) -> Path:
        return self.run_dir.data / name

    def _plain_environ(self, name: str, **own: str) -> dict[str, str]:
        """For programs that are not ours: nothing secret, save what they need."""
        passed = {key: value for key, value in self.environ.items() if key not in (*_SECRET_NAMES, *EXTERNAL.values())}
        return {**passed, **own, STACK_MARKER: str(self.run_dir.path), PROCESS_MARKER: name}

    def store_variables(self) -> dict[str, dict[str, str]]:
        return {
            "redis": {"REDIS_URL": f"redis://{LOOPBACK}:{self.ports['REDIS_PORT']}/0"},
            "mongodb": {"MONGODB_URL": f"mongodb://{LOOPBACK}:{self.ports['MONGODB_PORT']}/hotseat"},
            "s3": {
                "S3_ENDPOINT_URL": f"http://{LOOPBACK}:{self.ports['S3_PORT']}",
                "AWS_ACCESS_KEY_ID": self.credentials["AWS_ACCESS_KEY_ID"],
                "AWS_SECRET_ACCESS_KEY": self.credentials["AWS_SECRET_ACCESS_KEY"],
                "AWS_DEFAULT_REGION": self.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            },
        }

    def _app_environ(self, name: str, **own: str) -> dict[str, str]:
        foreign = () if "s3" in self.settings.external else _ELSEWHERE
        environ = {name: value for name, value in self.environ.items() if name not in foreign}
        environ |= {"S3_BUCKET": self.environ.get("S3_BUCKET") or "hotseat"}
        for store, variables in self.store_variables().items():
            if store not in self.settings.external:
                environ |= variables
        environ |= {
            "SECRET_KEYS": self.credentials["SECRET_KEYS"],
            "AFFINITY_KEY": self.credentials["AFFINITY_KEY"],
            "STICKY_MODE": "on" if self.settings.sticky else "off",
            "WEB_SLOTS": str(self.settings.web_slots),
            "INSTANCE_ID": name,
        }
        return {**environ, **own, STACK_MARKER: str(self.run_dir.path), PROCESS_MARKER: name}


def without_password(url: str) -> str:
    """`url` with its passwords starred, those among its options too, to be shown."""
    password = urlsplit(url).password
    url = url.replace(f":{password}@", ":***@") if password else url
    return re.sub(r"([?&]\w*password=)[^&#]*", r"\1***", url)
