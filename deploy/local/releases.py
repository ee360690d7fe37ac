"""Releases: the code and the settings that the application's processes run with, kept so that they can be had again.

Each is a folder under the run directory, `releases/<id>/`: `code/`, a copy of the application's modules as they were
importable then (nothing for applications that name none), and `release.json`, its settings. The id is a digest of both,
so the same code with the same settings is the same release. A release is never changed; what is not whole has no id.
"""

import compileall
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

KEPT = 5
ID_LENGTH = 10
_NOT_CODE = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True, slots=True)
class Release:
    """`settings` are the application's variables that a release may change; `code` is None if there is no copy."""

    id: str
    settings: Mapping[str, str]
    code: Path | None

    def variables(self, former: str | None) -> dict[str, str]:
        """What its processes find in their environment; `former` is their PYTHONPATH so far."""
        own = {**self.settings, "RELEASE": self.id}
        paths = [path for path in (former or "").split(os.pathsep) if path]
        if self.code:
            releases = self.code.parents[1]
            paths = [str(self.code), *(path for path in paths if not Path(path).is_relative_to(releases))]
        return own | ({"PYTHONPATH": os.pathsep.join(paths)} if paths else {})


class Releases:
    """The releases in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def from_modules(self, modules: Sequence[str], settings: Mapping[str, str]) -> Release:
        """The release of these modules as they can be imported now. Raises StackError if one cannot."""
        return self._add({module: _path_of(module) for module in modules}, settings)

    def like(self, release: Release, settings: Mapping[str, str]) -> Release:
        """The same code with other settings."""
        code = sorted(release.code.iterdir()) if release.code else []
        return self._add({path.stem: path for path in code}, settings)

    def load(self, release_id: str) -> Release:
        """Raises StackError if it is not there any more."""
        folder = self._folder / release_id
        try:
            settings = json.loads((folder / "release.json").read_text())["settings"]
        except (OSError, ValueError, KeyError) as error:
            raise StackError(f"The release {release_id} cannot be read from {folder}.") from error
        return Release(release_id, settings, _code_in(folder))

    def forget_all_but(self, ids: Iterable[str]) -> None:
        kept = set(ids)
        for folder in self._folder.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _add(self, paths: Mapping[str, Path], settings: Mapping[str, str]) -> Release:
        partial = self._folder / f"partial-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "code").mkdir(parents=True, mode=0o700)
        for path in paths.values():
            if path.is_dir():
                shutil.copytree(path, partial / "code" / path.name, ignore=_NOT_CODE)
            else:
                shutil.copy2(path, partial / "code" / path.name)
        (partial / "release.json").write_text(json.dumps({"settings": dict(settings)}, indent=1, sort_keys=True))
        folder = self._folder / _digest(partial)
        if (folder / "release.json").exists():
            shutil.rmtree(partial)
        else:
            # Web processes may not be able to write the compiled files themselves.
            compileall.compile_dir(partial / "code", quiet=2, stripdir=str(partial), prependdir=str(folder))
            partial.rename(folder)
        return Release(folder.name, dict(settings), _code_in(folder))


def _code_in(folder: Path) -> Path | None:
    code = folder / "code"
    return code if any(code.iterdir()) else None


def _path_of(module: str) -> Path:
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin:
        raise StackError(f"The code of {module} cannot be found; install the project first: make")
    origin = Path(spec.origin)
    return origin.parent if spec.submodule_search_locations else origin


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:ID_LENGTH]
