"""Nothing that comes in can become code: not in the processes that serve, not in the pages they send."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for package in ("cache", "webapp") for path in (ROOT / package).rglob("*.py"))
TEMPLATES = sorted((ROOT / "webapp" / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "webapp" / "static").rglob("*.js"))

UNPACKS_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle", "joblib", "yaml", "xml"}
STARTS_PROGRAMS = {"subprocess", "pty", "multiprocessing", "commands"}
RUNS = {"eval", "exec", "compile", "__import__", "execfile", "system", "popen", "spawnl", "spawnv", "execv", "execve"}
SPAWNS = {"create_subprocess_shell", "create_subprocess_exec", "ProcessPoolExecutor"}
EVALUATED = ("eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "postMessage")


def dangerous(tree: ast.AST) -> Iterator[str]:
    """What of a module could make code of data, or start a program."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names if _root(each.name) in UNPACKS_CODE | STARTS_PROGRAMS)
            case ast.ImportFrom(module=str(module), names=names):
                found = [module] if _root(module) in UNPACKS_CODE | STARTS_PROGRAMS else []
                yield from found + [each.name for each in names if each.name in SPAWNS]
            case ast.Call(func=ast.Name(id=name)) if name in RUNS:
                yield name
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in RUNS | SPAWNS:
                if not (name == "compile" and isinstance(value, ast.Name) and value.id == "re"):
                    yield name
            case ast.keyword(arg="shell"):
                yield "shell="


def _root(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_is_made_of_data_and_no_program_started(path: Path) -> None:
    """No pickle and its kin, no eval, no shell, no XML parser, no YAML."""
    assert list(dangerous(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import xml.etree.ElementTree as etree",
        "import subprocess",
        "eval('1')",
        "builtins.exec(text)",
        "os.system('ls')",
        "run('ls', shell=True)",
        "await asyncio.create_subprocess_shell('ls')",
        "compile(text, 'x', 'exec')",
    ],
)
def test_each_way_is_seen(source: str) -> None:
    """The test above can fail."""
    assert list(dangerous(ast.parse(source)))


def test_templates_escape_everything() -> None:
    """No filter or block switches escaping off, no script or style stands in a page."""
    assert len(TEMPLATES) > 10
    for path in TEMPLATES:
        text = path.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape|Markup|<script(?![^>]* src=)", text), path.name
        assert path.name == "fleet.html" or not re.search(r"<style|\sstyle=|\son[a-z]+=", text), path.name


def test_scripts_make_no_markup_of_text() -> None:
    """What they show goes in as text; a page they fetch is parsed without being run."""
    assert len(SCRIPTS) > 3
    for path in SCRIPTS:
        assert [word for word in EVALUATED if word in path.read_text()] == [], path.name
