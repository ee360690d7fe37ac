"""Debian packages, unpacked beside the project instead of installed into the machine.

Installing haproxy, redis-server or prometheus starts a system service and needs root; unpacking does neither. A
package is unpacked together with those of its dependencies that the machine lacks, and each program gets a start
script that finds those libraries. Either a package's folder is complete or it is not there: the last step is a
rename.
"""

import fcntl
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import Misuse, StackError

STALE_LISTS_SECONDS = 7 * 24 * 3600
_PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")

# Debian's /usr/bin/chromium is a script that knows only the installed place.
_REAL_PROGRAMS = {"chromium": "usr/lib/chromium/chromium"}

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">root/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""

Say = Callable[[str], None]


class Unpacker:
    """Unpacks packages into `folder`/PACKAGE; safe to be called by several processes at once."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say

    def program(self, package: str, name: str) -> Path | None:
        """The start script of a program unpacked earlier."""
        script = self._folder / package / name
        return script if script.is_file() else None

    def folder(self, package: str) -> Path:
        return self._folder / package

    def unpack(self, package: str, programs: list[str]) -> bool:
        """Fetch and unpack `package` unless another process just did; False if one of its programs does not start here.

        Raises StackError if it cannot be had. Either way nothing half done is left.
        """
        with self._lock():
            if self.folder(package).is_dir() and all(self.program(package, name) for name in programs):
                return True
            partial = self._folder / f".partial-{package}"
            shutil.rmtree(partial, ignore_errors=True)  # of an earlier fetch that was interrupted
            try:
                self._fetch(package, partial)
                for name in programs:
                    _write_start_script(partial, name)
                if not all(_starts(partial / name) for name in programs):
                    return False
                shutil.rmtree(self._folder / package, ignore_errors=True)
                partial.rename(self._folder / package)
                return True
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("Another process is fetching programs; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _fetch(self, package: str, partial: Path) -> None:
        archives = partial / "archives"
        archives.mkdir(parents=True)
        options = self._private_lists() if _lists_are_stale() else _machine_lists()
        if not self._download(package, archives, options):
            options = self._private_lists(fresh=True)
            if not self._download(package, archives, options):
                raise StackError(
                    f"The Debian package {package} could not be downloaded; look at the network and at"
                    f" /etc/apt/sources.list, or run: sudo apt-get install --no-install-recommends {package}"
                )
        root = partial / "root"
        for archive in sorted(archives.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(archive), str(root)])
        shutil.rmtree(archives)

    def _private_lists(self, *, fresh: bool = False) -> list[str]:
        lists, cache = self._folder / "apt" / "lists", self._folder / "apt" / "cache"
        for folder in (lists / "partial", cache / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        options = [*_machine_lists(), "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}"]
        if fresh or not any(lists.glob("*_Packages*")):
            self._say("Reading Debian's package lists.")
            # One foreign source that does not answer makes this fail though Debian's own lists arrived.
            _run(["apt-get", *options, "-qq", "update"], check=False)
        return options

    def _download(self, package: str, archives: Path, options: list[str]) -> bool:
        plan = _run(["apt-get", *options, "-s", "install", "--no-install-recommends", package], check=False)
        missing = [
            f"{name}={version}" for name, version in re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", plan, re.MULTILINE)
        ]
        if not missing:
            return False
        self._say(f"Fetching {package} from Debian ({len(missing)} packages), to be unpacked beside the project.")
        before = set(archives.iterdir())
        _run(["apt-get", *options, "-qq", "download", *missing], cwd=archives, check=False)
        return len(set(archives.iterdir()) - before) == len(missing)


def _machine_lists() -> list[str]:
    # apt drops root's rights for downloads, and then cannot write into a folder of root's.
    return ["-o", "APT::Sandbox::User=root"] if os.getuid() == 0 else []


def _lists_are_stale() -> bool:
    lists = list(Path("/var/lib/apt/lists").glob("*_Packages*"))
    return not lists or time.time() - max(file.stat().st_mtime for file in lists) > STALE_LISTS_SECONDS


def _run(command: list[str], *, cwd: Path | None = None, check: bool = True) -> str:
    environ = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise StackError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _starts(program: Path) -> bool:
    # HAProxy knows only -v.
    return any(
        subprocess.run([program, flag], capture_output=True, timeout=30, check=False).returncode == 0
        for flag in ("--version", "-v")
    )


def _write_start_script(folder: Path, name: str) -> None:
    root = folder / "root"
    candidates = [_REAL_PROGRAMS[name]] if name in _REAL_PROGRAMS else [f"{place}/{name}" for place in _PROGRAM_FOLDERS]
    program = next((place for place in candidates if (root / place).exists()), None)
    if program is None:
        raise Misuse(f"The Debian package in {folder} has no program {name}; put {name} on PATH yourself.")
    libraries = sorted({file.parent.relative_to(folder).as_posix() for file in root.rglob("*.so*")})
    lines = [
        "#!/bin/sh",
        "# Starts the program beside this script with the libraries that came with it; the folder may be moved.",
        'here=$(dirname "$(readlink -f "$0")")',
    ]
    if libraries:
        paths = ":".join(f"$here/{library}" for library in libraries)
        lines.append(f'export LD_LIBRARY_PATH="{paths}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"')
    if (root / "etc/fonts/fonts.conf").exists():
        (folder / "fonts.conf").write_text(_FONTS)
        lines.append('export FONTCONFIG_FILE="$here/fonts.conf"')
    lines.append(f'exec "$here/root/{program}" "$@"')
    script = folder / name
    script.write_text("\n".join(lines) + "\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
