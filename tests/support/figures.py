"""Figures that a test found and a reader wants to see: collected, and shown at the end of the run."""

from collections.abc import Callable

import pytest

Figures = Callable[[str], None]

_found = pytest.StashKey[list[str]]()


def figures_of(request: pytest.FixtureRequest) -> Figures:
    """What the fixture `figures` gives to a test: `figures("3 of 3")` notes it under the test's name."""
    found = request.config.stash.setdefault(_found, [])
    return lambda text: found.append(f"{request.node.name}: {text}")


def show_figures(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_found, [])
    if found:
        reporter.section("figures")
        reporter.write_line("\n".join(found))
