"""Copies of code and settings, by themselves."""

import os
import subprocess
import sys

import pytest

from deploy.local import AppCommands, StackError
from deploy.local.releases import KEPT, Releases


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A package and a module that can be imported; returns the file to edit."""
    package = tmp_path / "checkout" / "postbox"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("SIZE = 1\n")
    (tmp_path / "checkout" / "stamp.py").write_text("COLOUR = 'red'\n")
    monkeypatch.syspath_prepend(str(tmp_path / "checkout"))
    return package / "__init__.py"


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path / "releases")


def test_same_code_with_same_settings_is_the_same_release(releases, module):
    """The id says both; compiled files are no code."""
    first = releases.from_modules(("postbox", "stamp"), {"A": "1"})
    assert releases.from_modules(("stamp", "postbox"), {"A": "1"}) == first
    other_settings = releases.from_modules(("postbox", "stamp"), {"A": "2"})
    module.write_text("SIZE = 2\n")
    other_code = releases.from_modules(("postbox", "stamp"), {"A": "1"})
    assert len({first.id, other_settings.id, other_code.id}) == 3
    assert (first.code / "postbox" / "__init__.py").read_text() == "SIZE = 1\n"


def test_release_can_be_had_again_and_with_other_settings(releases, module):
    """From its folder alone, whatever became of the checkout."""
    first = releases.from_modules(("postbox", "stamp"), {"A": "1"})
    module.unlink()
    assert releases.load(first.id) == first
    second = releases.like(first, {"A": "2"})
    assert (second.code / "postbox" / "__init__.py").read_text() == "SIZE = 1\n"
    assert second.id != first.id


def test_unfinished_or_forgotten_release_is_none(releases, module):
    """What is not whole has no name of its own; what is gone is said to be gone."""
    first = releases.from_modules(("postbox",), {})
    with pytest.raises(StackError, match="no_such_module cannot be found"):
        releases.from_modules(("no_such_module",), {})
    releases.forget_all_but([])
    with pytest.raises(StackError, match=f"The release {first.id} cannot be read"):
        releases.load(first.id)
    assert KEPT == 5


def test_application_without_code_has_settings_only(releases):
    """Nothing is put in front of what Python imports."""
    release = releases.from_modules((), {"A": "1"})
    assert release.variables("/x") == {"A": "1", "RELEASE": release.id, "PYTHONPATH": "/x"}
    assert "PYTHONPATH" not in release.variables(None)


def test_path_of_the_former_release_goes_and_others_stay(releases, module):
    """PYTHONPATH does not grow from release to release."""
    first = releases.from_modules(("postbox",), {"A": "1"})
    second = releases.like(first, {"A": "2"})
    path = first.variables("/mine")["PYTHONPATH"]
    assert path == f"{first.code}:/mine"
    assert second.variables(path)["PYTHONPATH"] == f"{second.code}:/mine"


def test_release_of_the_application_wins_over_the_installed_one(releases, tmp_path):
    """What is installed so that it follows the checkout must not: each module comes from the release."""
    release = releases.from_modules(AppCommands().code, {})
    lines = ["import hotseat, cache, webapp.settings, webapp.handlers.front as front"]
    lines += ["for module in (hotseat, cache, webapp, webapp.settings, front): print(module.__file__)"]
    found = subprocess.run(
        [sys.executable, "-m", "hotseat", "--version"],
        env={**os.environ, **release.variables(None)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "hotseat, version" in found.stdout
    found = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={**os.environ, **release.variables(None)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    files = found.stdout.split()
    assert len(files) == 5
    assert all(file.startswith(f"{release.code}{os.sep}") for file in files)
    assert (release.code / "webapp" / "templates").is_dir()
