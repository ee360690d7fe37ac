"""Grafana: where it is, its command and its files. It is used where it is installed, and never fetched.

It listens on loopback and lets everybody look without a login, with the stack's Prometheus and our dashboards in it.
Formats: "Configure Grafana" and "Provision Grafana" in its manual. Provisioning files are YAML; ours are JSON, which is
YAML too and needs no rules about quotes. Grafana puts variables of its environment in the place of `$NAME` in them.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local.errors import Misuse
from deploy.local.places import DASHBOARDS, RunDir

FIRST_SEEN: Final = DASHBOARDS / "hotseat-sticky.json"
SOURCE_UID: Final = "prometheus"
OWN_VARIABLES: Final = "GF_"  # a setting of Grafana in the environment would win over its files

# Where packages of Debian, Fedora and Homebrew put what it needs beside its program.
_HOMES: Final = ("/usr/share/grafana", "/usr/local/share/grafana", "/opt/homebrew/opt/grafana/share/grafana")
_DEFAULTS: Final = Path("conf", "defaults.ini")


@dataclass(frozen=True, slots=True)
class Grafana:
    """`command` starts it, given its options; `home` holds what it comes with."""

    command: tuple[str, ...]
    home: Path


def find_grafana(given: str | None, search_path: str) -> Grafana:
    """The one in GRAFANA_HOME, if that is given, else the one on PATH. Raises Misuse that says where there is none."""
    if given:
        home = Path(given).absolute()
        command = _program_in(home / "bin")
        if command is None or not (home / _DEFAULTS).is_file():
            raise Misuse(f"GRAFANA_HOME={given} holds no Grafana (bin/grafana and {_DEFAULTS})")
        return Grafana(command, home)
    for name in ("grafana-server", "grafana"):
        if found := shutil.which(name, path=search_path):
            home_of = next((home for home in _homes(Path(found)) if (home / _DEFAULTS).is_file()), None)
            if home_of is None:
                raise Misuse(f"{found} is there, and not what Grafana needs beside it; set GRAFANA_HOME")
            # The `grafana-server` of packages is a script that puts the system's own configuration first.
            return Grafana(_program_in(home_of / "bin") or _command(Path(found)), home_of)
    raise Misuse("There is no grafana-server on the PATH, and GRAFANA_HOME is not set")


def grafana_command(grafana: Grafana, run_dir: RunDir) -> list[str]:
    return [*grafana.command, f"--homepath={grafana.home}", f"--config={_folder(run_dir) / 'grafana.ini'}"]


def write_grafana_files(run_dir: RunDir, *, address: str, prometheus_url: str, scrape_seconds: int) -> None:
    """Its settings, its data source and where its dashboards are."""
    folder = _folder(run_dir)
    for part in ("datasources", "dashboards", "plugins", "alerting"):
        (folder / "provisioning" / part).mkdir(parents=True, exist_ok=True)
    (folder / "grafana.ini").write_text(_ini(run_dir, address))
    _write(folder / "provisioning" / "datasources" / "prometheus.yaml", _sources(prometheus_url, scrape_seconds))
    _write(folder / "provisioning" / "dashboards" / "hotseat.yaml", _dashboards())


def _ini(run_dir: RunDir, address: str) -> str:
    host, _, port = address.rpartition(":")
    data = run_dir.data / "grafana"
    sections: dict[str, dict[str, object]] = {
        "paths": {
            "data": data,
            "logs": data / "log",
            "plugins": data / "plugins",
            "provisioning": _folder(run_dir) / "provisioning",
        },
        "server": {"protocol": "http", "http_addr": host, "http_port": port, "domain": host},
        "auth": {"disable_login_form": True, "disable_signout_menu": True},
        "auth.basic": {"enabled": False},
        "auth.anonymous": {"enabled": True, "org_role": "Viewer"},
        "users": {"allow_sign_up": False},
        "security": {"disable_initial_admin_creation": True, "disable_gravatar": True},
        "dashboards": {"default_home_dashboard_path": FIRST_SEEN} if FIRST_SEEN.is_file() else {},
        # Alerts are rules of Prometheus.
        "unified_alerting": {"enabled": False},
        # Nothing is asked of, or told to, anybody outside.
        "analytics": {
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "feedback_links_enabled": False,
        },
        "plugins": {"preinstall_disabled": True},
        "news": {"news_feed_enabled": False},
        "snapshots": {"external_enabled": False},
        "log": {"mode": "console", "level": "warn"},
        "log.console": {"format": "text"},
    }
    lines = ["; Written by `hotseat up`."]
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{name} = {_ini_value(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _ini_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sources(url: str, scrape_seconds: int) -> dict[str, Any]:
    source = {
        "name": "Prometheus",
        "uid": SOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": True,
        "editable": False,
        "jsonData": {"httpMethod": "POST", "timeInterval": f"{scrape_seconds}s", "prometheusType": "Prometheus"},
    }
    return {"apiVersion": 1, "datasources": [source]}


def _dashboards() -> dict[str, Any]:
    provider = {
        "name": "hotseat",
        "orgId": 1,
        "folder": "Hotseat",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": str(DASHBOARDS).replace("$", "$$")},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(f"# Written by `hotseat up`.\n{json.dumps(content, indent=2)}\n")


def _homes(program: Path) -> Iterator[Path]:
    beside = program.resolve().parent.parent
    yield beside
    yield beside / "share" / "grafana"
    yield from map(Path, _HOMES)


def _program_in(folder: Path) -> tuple[str, ...] | None:
    there: Sequence[Path] = [folder / name for name in ("grafana", "grafana-server")]
    return next((_command(file) for file in there if file.is_file() and os.access(file, os.X_OK)), None)


def _command(program: Path) -> tuple[str, ...]:
    return (str(program), "server") if program.name == "grafana" else (str(program),)


def _folder(run_dir: RunDir) -> Path:
    return run_dir.path / "grafana"
