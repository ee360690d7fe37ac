"""Bringing a stack up: stores first, then the release step, the web processes and the worker, and HAProxy last.

Each is waited for until it answers; one that dies on the way ends the wait at once, with its last words.
"""

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from deploy.local import readiness
from deploy.local.credentials import load_credentials
from deploy.local.errors import Misuse, StartFailed
from deploy.local.grafana import Grafana, find_grafana, write_grafana_files
from deploy.local.logs import last_lines
from deploy.local.places import RunDir
from deploy.local.ports import free_port_from, holder, is_free
from deploy.local.processes import (
    STACK_MARKER,
    AppCommands,
    Plan,
    PlannedProcess,
    all_units,
    choose_ports,
    make_plan,
    released,
)
from deploy.local.programs import STORE_PROGRAMS, Programs
from deploy.local.prometheus import write_prometheus_files
from deploy.local.releases import Releases
from deploy.local.settings import StackSettings, changeable
from deploy.local.supervision import Supervisor
from deploy.local.waiting import wait_until

READY_SECONDS = 30.0
GRAFANA_SECONDS = 15.0  # a first start makes its database
_ANY_PROGRAM = ("haproxy", "prometheus")
# HAProxy is last because a server that does not answer its first check gets no requests until the second.
_ORDER = (("store", "metrics"), ("web", "worker"), ("proxy",))


def need_programs(settings: StackSettings, environ: Mapping[str, str], say: Callable[[str], None]) -> dict[str, Path]:
    """The programs that a stack with these settings runs, fetched if they are missing."""
    stores = [program for store, program in STORE_PROGRAMS.items() if store not in settings.external]
    return Programs.of(environ, say).need(*_ANY_PROGRAM, *stores)


def usable_grafana(settings: StackSettings, environ: Mapping[str, str]) -> tuple[Grafana | None, str]:
    """Grafana, if it is here and wanted; else the sentence that says why not."""
    if not settings.grafana:
        return None, "Grafana is switched off (GRAFANA=off)"
    try:
        return find_grafana(settings.grafana_home, Programs.of(environ).search_path), ""
    except Misuse as missing:
        return None, str(missing)


def start_stack(
    settings: StackSettings,
    *,
    run_dir: RunDir,
    supervisor: Supervisor,
    programs: Mapping[str, Path],
    environ: Mapping[str, str],
    app: AppCommands,
    say: Callable[[str], None],
) -> None:
    """Returns with everything ready. Raises Misuse or StartFailed, leaving what was started to the caller."""
    grafana, _ = usable_grafana(settings, environ)
    ports = choose_ports(settings)
    if grafana is None:
        del ports["GRAFANA_PORT"]
    _check_ports(settings, ports)
    plan = make_plan(
        settings,
        run_dir=run_dir,
        ports=ports,
        credentials=load_credentials(run_dir.secrets_file, environ),
        programs=programs,
        environ=environ,
        app=app,
        grafana=grafana,
    )
    plan = _released(plan, settings, run_dir, environ, app)
    own = plan.own()
    _write_files(run_dir, plan, own, settings.scrape_seconds)
    base = {name: value for name in ("PATH", "HOME", "LANG", "TMPDIR") if (value := environ.get(name))}
    supervisor.start(all_units(plan), {**base, STACK_MARKER: str(run_dir.path)})
    dashboards = [process for process in own if process.kind == "dashboards"]
    for process in dashboards:  # it takes its time, and nothing waits for it meanwhile
        supervisor.start_process(process.unit)
    for kinds in _ORDER:
        if "web" in kinds:
            say("preparing the database and the bucket")
            prepare_stores(app, run_dir, plan.of_kind("web")[0])
        start_processes(supervisor, [process for process in own if process.kind in kinds], say)
    for process in dashboards:
        say(f"waiting for {process.name}")
        wait_until(partial(readiness.answers, process), GRAFANA_SECONDS)


def start_processes(
    supervisor: Supervisor,
    processes: list[PlannedProcess],
    say: Callable[[str], None],
    is_ready: Callable[[PlannedProcess], bool] = readiness.answers,
) -> None:
    """Start these together and wait until all are ready. Raises StartFailed."""
    for process in processes:
        supervisor.start_process(process.unit)
    states = supervisor.states()
    born = {process.unit: states[process.unit].pid for process in processes}
    for process in processes:
        say(f"waiting for {process.name}")
        _wait_started(supervisor, process, born, is_ready)


def did_not_start(run_dir: RunDir, name: str, what: str, exit_code: int = 0) -> StartFailed:
    return start_failed(name, what, last_lines(run_dir.log_of(name)), exit_code)


def start_failed(name: str, what: str, words: list[str], exit_code: int = 0) -> StartFailed:
    return StartFailed(
        f"{name} {what}{f' (exit code {exit_code})' if exit_code else ''}.",
        process=name,
        last_lines=words,
        exit_code=2 if exit_code == 2 else 1,
    )


def _wait_started(
    supervisor: Supervisor,
    process: PlannedProcess,
    born: Mapping[str, int],
    is_ready: Callable[[PlannedProcess], bool],
) -> None:
    dead: list[str] = []

    def decided() -> bool:
        states = supervisor.states()
        dead.extend(unit for unit, pid in born.items() if states[unit].pid != pid)
        return bool(dead) or is_ready(process)

    if not wait_until(decided, READY_SECONDS):
        raise _did_not_start(supervisor, process.unit, "did not become ready in time")
    if dead:
        raise _did_not_start(supervisor, dead[0], "ended while it was starting", supervisor.last_exit(dead[0]))


def _did_not_start(supervisor: Supervisor, unit: str, what: str, exit_code: int = 0) -> StartFailed:
    name = unit.partition(".")[0]
    return start_failed(name, what, supervisor.last_words(unit), exit_code)


def _released(
    plan: Plan, settings: StackSettings, run_dir: RunDir, environ: Mapping[str, str], app: AppCommands
) -> Plan:
    sticky = {"STICKY_MODE": "on" if settings.sticky else "off"}
    releases = Releases(run_dir.releases)
    release = releases.from_modules(app.code, changeable(environ) | sticky)
    releases.forget_all_but([release.id])
    changed = [released(process, release) for process in plan.of_kind("web", "worker")]
    return replace(plan.with_processes(*changed), releases=[release.id])


def prepare_stores(app: AppCommands, run_dir: RunDir, like: PlannedProcess) -> None:
    """The release step, with the environment of a web process. Raises StartFailed."""
    environ = {**like.environ, "INSTANCE_ID": "release"}
    with run_dir.log_of("release").open("wb") as log:
        done = subprocess.run(list(app.release), env=environ, cwd=run_dir.path, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise did_not_start(run_dir, "release", "failed", done.returncode)


def _check_ports(settings: StackSettings, ports: Mapping[str, int]) -> None:
    for name, port in ports.items():
        if is_free(port, settings.http_bind if name == "HTTP_PORT" else "127.0.0.1"):
            continue
        by = holder(port)
        raise Misuse(
            f"Port {port} ({name}) is taken{f' by {by}' if by else ''}; stop that, or choose another one:"
            f" {name}={free_port_from(port + 1)} hotseat up"
        )


def _write_files(run_dir: RunDir, plan: Plan, own: Iterable[PlannedProcess], scrape_seconds: int) -> None:
    for process in own:
        if process.kind in ("store", "metrics", "dashboards"):
            (run_dir.data / process.name).mkdir(exist_ok=True)
    write_prometheus_files(run_dir, own, scrape_seconds=scrape_seconds)
    [prometheus] = plan.of_kind("metrics")
    for process in plan.of_kind("dashboards"):
        address = process.address.removeprefix("http://")
        write_grafana_files(run_dir, address=address, prometheus_url=prometheus.address, scrape_seconds=scrape_seconds)
    run_dir.haproxy_state_file.write_text("1\n")  # the format's version and no server: all as configured
    plan.write(run_dir.state_file)
