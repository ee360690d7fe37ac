"""The programs that the stack runs and that are not Python packages: found on PATH, else fetched, else asked for.

`python -m deploy.local NAME...` fetches what is missing and prints where each program is. What is installed on the
machine is always used as it is.
"""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import Misuse, StackError
from deploy.local.packages import Say, Unpacker
from deploy.local.places import TOOLS

# program: the Debian package that has it
PACKAGES = {
    "chromium": "chromium",
    "haproxy": "haproxy",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "redis-cli": "redis-server",
    "redis-server": "redis-server",
}
# nx-27017 and rclone are Python packages: they lie beside this Python.
STORE_PROGRAMS = {"redis": "redis-server", "mongodb": "nx-27017", "s3": "rclone"}
_NAMES_ELSEWHERE = {
    "brew": {"redis-server": "redis"},
    "dnf": {"redis-server": "redis", "prometheus": "golang-github-prometheus"},
    "pacman": {"redis-server": "redis"},
}
# Other names of the same program.
_ALIASES = {"chromium": ("google-chrome-stable", "google-chrome")}
_OTHER_WAYS = {"chromium": "; or let Playwright fetch one: .venv/bin/playwright install --with-deps chromium"}
_PLAYWRIGHTS_BROWSERS = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
_INSTALL = {"brew": "brew install", "dnf": "sudo dnf install", "pacman": "sudo pacman -S"}
# Where Debian and Fedora put servers; an ordinary user's PATH leaves these out.
_SERVER_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/bin")


class Programs:
    """Finds programs; fetches what is missing. `search_path` is a PATH, `tools` the folder of what was fetched."""

    def __init__(self, search_path: str, *, tools: Path = TOOLS, say: Say = print) -> None:
        self._search_path = os.pathsep.join([search_path, *_SERVER_FOLDERS])
        self._unpacker = Unpacker(tools, say)
        self._say = say

    @classmethod
    def of(cls, environ: Mapping[str, str], say: Say = print) -> "Programs":
        tools = environ.get("HOTSEAT_TOOLS_DIR")
        return cls(environ.get("PATH", os.defpath), tools=Path(tools).absolute() if tools else TOOLS, say=say)

    @property
    def search_path(self) -> str:
        """The PATH, and where servers are beside it."""
        return self._search_path

    def find(self, name: str) -> Path | None:
        """Where `name` is now, or None."""
        # The virtual environment's own programs (rclone, nx-27017) lie beside its Python, activated or not.
        beside = Path(sys.executable).with_name(name)
        if beside.is_file():
            return beside
        for known_as in (name, *_ALIASES.get(name, ())):
            if installed := shutil.which(known_as, path=self._search_path):
                return Path(installed)
        if name == "chromium" and (fetched := _browser_of_playwright()):
            return fetched
        return self._unpacker.program(PACKAGES[name], name) if name in PACKAGES else None

    def need(self, *names: str) -> dict[str, Path]:
        """Where each of `names` is, after fetching what is missing. Raises Misuse with the commands to run instead."""
        missing = [name for name in names if self.find(name) is None]
        foreign = [name for name in missing if name not in PACKAGES]
        if foreign:
            raise Misuse(f"{_listed(foreign)} not found beside {sys.executable}; run: pip install -e '.[stack]'")
        if missing and not _has_debian_packages():
            raise Misuse(f"{_listed(missing)} not found on PATH; {_advice(missing)}{_other_ways(missing)}")
        for package in dict.fromkeys(PACKAGES[name] for name in missing):
            self._fetch(package)
        return {name: path for name in names if (path := self.find(name))}

    def browser_libraries(self) -> Path | None:
        """A folder of libraries that Playwright's own Node.js needs and this machine lacks; None if it lacks none."""
        try:
            ctypes.CDLL("libatomic.so.1")
        except OSError:
            if not _has_debian_packages():
                return None
            self._unpacker.unpack("libatomic1", [])
            return next(self._unpacker.folder("libatomic1").rglob("libatomic.so.1")).parent
        return None

    def _fetch(self, package: str) -> None:
        names = [name for name, home in PACKAGES.items() if home == package]
        try:
            starts = self._unpacker.unpack(package, names)
        except StackError as error:
            raise StackError(f"{error}{_other_ways(names)}") from error
        if starts:
            return
        command = ["apt-get", "install", "-y", "--no-install-recommends", package]
        # Only chromium starts no service when it is installed.
        if package != "chromium" or os.getuid() != 0:
            raise StackError(f"{package} was unpacked but does not start here; run: sudo {' '.join(command)}")
        self._say(f"{package} does not start unpacked here; installing it.")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _has_debian_packages() -> bool:
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def _advice(missing: list[str]) -> str:
    tool = next((tool for tool in _INSTALL if shutil.which(tool)), None)
    if tool is None:
        return f"install {_listed(missing)} with this system's package manager ({platform.system()}) and try again."
    packages = dict.fromkeys(_NAMES_ELSEWHERE[tool].get(name, PACKAGES[name]) for name in missing)
    return f"run: {_INSTALL[tool]} {' '.join(packages)}"


def _other_ways(names: list[str]) -> str:
    return "".join(_OTHER_WAYS.get(name, "") for name in names)


def _browser_of_playwright() -> Path | None:
    caches = (Path("~/.cache/ms-playwright").expanduser(), Path("~/Library/Caches/ms-playwright").expanduser())
    return next((file for cache in caches for form in _PLAYWRIGHTS_BROWSERS for file in cache.glob(form)), None)


def _listed(names: list[str]) -> str:
    return ", ".join(names)
