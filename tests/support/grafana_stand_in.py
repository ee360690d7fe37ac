"""A stand-in for Grafana's server, which cannot be had here: it reads what the real one reads, and is stricter.

Run as `grafana-server` or as `grafana server`, with `--homepath` and `--config`. A setting that Grafana does not have,
a field that its provisioning does not know, a dashboard it could not load: it says so and ends with 1, where the real
one would often pass them over. It then answers at its address as the real one does: `/api/health`, and to whoever may
look without a login `/api/search` and `/api/datasources`. It cannot show that the real one likes our dashboards.
"""

import argparse
import configparser
import http.server
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

# conf/defaults.ini of Grafana 11, as far as it is used here; "Configure Grafana" in its manual.
SETTINGS = {
    "paths": {"data", "logs", "plugins", "provisioning"},
    "server": {"protocol", "http_addr", "http_port", "domain", "root_url"},
    "auth": {"disable_login_form", "disable_signout_menu"},
    "auth.basic": {"enabled"},
    "auth.anonymous": {"enabled", "org_name", "org_role", "hide_version"},
    "users": {"allow_sign_up", "default_theme"},
    "security": {"disable_initial_admin_creation", "disable_gravatar", "admin_password", "secret_key"},
    "dashboards": {"default_home_dashboard_path", "min_refresh_interval"},
    "unified_alerting": {"enabled"},
    "analytics": {"reporting_enabled", "check_for_updates", "check_for_plugin_updates", "feedback_links_enabled"},
    "plugins": {"preinstall_disabled", "plugin_admin_enabled"},
    "news": {"news_feed_enabled"},
    "snapshots": {"external_enabled"},
    "log": {"mode", "level"},
    "log.console": {"level", "format"},
}
# pkg/services/provisioning: the keys of its types.
SOURCE = {"orgId", "name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData", "version"}
PROVIDER = {"name", "orgId", "folder", "folderUid", "type", "disableDeletion", "editable", "options"}
PROVIDER |= {"allowUiUpdates", "updateIntervalSeconds"}


def main(program: str, arguments: list[str]) -> None:
    """Ends with 1 for what the real one would not find or not understand."""
    if program == "grafana":
        check(arguments[:1] == ["server"], "grafana is asked to serve")
        arguments = arguments[1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("--homepath", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    given = parser.parse_args(arguments)
    check((given.homepath / "conf" / "defaults.ini").is_file(), "homepath holds conf/defaults.ini")
    check(not [name for name in os.environ if name.startswith("GF_")], "no setting comes from the environment")
    settings = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;", " #"))
    settings.read_string(given.config.read_text())
    for section in settings.sections():
        unknown = set(settings[section]) - SETTINGS.get(section, set())
        check(not unknown, f"[{section}] has no {unknown}")
    paths = {name: Path(value) for name, value in settings["paths"].items()}
    check(all(path.is_absolute() for path in paths.values()), "paths are not looked for in homepath")
    paths["data"].mkdir(parents=True, exist_ok=True)
    (paths["data"] / "grafana.db").touch()
    Handler.sources = sources_in(paths["provisioning"])
    Handler.dashboards = dashboards_in(paths["provisioning"])
    anonymous = settings["auth.anonymous"]
    Handler.open_to_all = anonymous.getboolean("enabled") and anonymous["org_role"] == "Viewer"
    home = settings["dashboards"].get("default_home_dashboard_path")
    check(home is None or json.loads(Path(home).read_text())["title"], "the home dashboard is one")
    server = http.server.ThreadingHTTPServer(
        (settings["server"]["http_addr"], int(settings["server"]["http_port"])), Handler
    )
    if not (given.homepath / "mute").exists():
        server.serve_forever()
    signal.pause()


def sources_in(provisioning: Path) -> list[dict[str, Any]]:
    """What is written in `datasources/*.yaml`."""
    found = []
    for file in (provisioning / "datasources").glob("*.y*ml"):
        content = expanded(yaml.safe_load(file.read_text()))
        check(content.pop("apiVersion") == 1, "apiVersion is 1")
        check(set(content) <= {"datasources", "deleteDatasources", "prune"}, f"{set(content)}")
        for source in content["datasources"]:
            check(set(source) <= SOURCE, f"a data source has no {set(source) - SOURCE}")
            check(source["type"] == "prometheus" and source["access"] == "proxy", "a data source is a Prometheus")
            check(isinstance(source["isDefault"], bool), "isDefault is true or false")
            check(re.fullmatch(r"\d+(ms|s|m)", source["jsonData"]["timeInterval"]) is not None, "timeInterval")
            found.append(source)
    return found


def dashboards_in(provisioning: Path) -> list[dict[str, Any]]:
    """Of all folders that are named in `dashboards/*.yaml`."""
    found = []
    for file in (provisioning / "dashboards").glob("*.y*ml"):
        content = expanded(yaml.safe_load(file.read_text()))
        check(content.pop("apiVersion") == 1, "apiVersion is 1")
        for provider in content["providers"]:
            check(set(provider) <= PROVIDER, f"a provider has no {set(provider) - PROVIDER}")
            check(provider["type"] == "file", "dashboards come from files")
            for dashboard in sorted(Path(provider["options"]["path"]).rglob("*.json")):
                read = json.loads(dashboard.read_text())
                check(bool(read["title"] and read["uid"]), "a dashboard has a title and a uid")
                found.append({**read, "folderTitle": provider["folder"]})
    uids = [each["uid"] for each in found]
    check(len(uids) == len(set(uids)), "each uid is there once")
    return found


def expanded(value: Any) -> Any:
    """With the environment in the place of `$NAME`; `$$` is a dollar."""
    if isinstance(value, dict):
        return {key: expanded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if isinstance(value, str):
        return re.sub(r"\$(?:(\$)|\{?(\w+)\}?)", lambda found: found[1] or os.environ.get(found[2], ""), value)
    return value


def check(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"Grafana's stand-in does not find that {what}")


class Handler(http.server.BaseHTTPRequestHandler):
    sources: list[dict[str, Any]]
    dashboards: list[dict[str, Any]]
    open_to_all: bool

    def do_GET(self) -> None:
        if self.path == "/api/health":
            return self.say(200, {"database": "ok", "version": "11.6.0"})
        if not self.open_to_all:
            return self.say(401, {"message": "Unauthorized"})
        if self.path.startswith("/api/search"):
            shown = ("uid", "title", "folderTitle")
            return self.say(200, [{name: each[name] for name in shown} for each in self.dashboards])
        if self.path == "/api/datasources":
            return self.say(200, self.sources)
        return self.say(404, {"message": "Not found"})

    def say(self, status: int, content: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """At its level `warn` it says nothing of requests."""
