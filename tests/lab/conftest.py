"""A site for all tests of a module that need one, whole before each of them."""

import atexit
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import Stack
from lab.testbed.clocks import Clocks
from lab.testbed.site import Site, open_site
from lab.testbed.wires import open_wires

DRAIN_SECONDS = "3"


@pytest.fixture(scope="module")
def site_in(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[Callable[[str], Site]]:
    """`site_in("sticky")`: one at a time, the one before is ended."""
    opened: dict[str, Site] = {}
    closing: list = []

    def ended() -> None:
        while closing:
            closing.pop().__exit__(None, None, None)
        opened.clear()

    def site(mode: str) -> Site:
        if mode not in opened:
            ended()
            opening = open_site(tmp_path_factory.mktemp(mode), mode, {**clean_environ, "DRAIN_SECONDS": DRAIN_SECONDS})
            opened[mode] = opening.__enter__()
            closing.append(opening)
        return opened[mode]

    atexit.register(ended)  # an interrupted run may leave out what follows; a second time costs nothing
    yield site
    ended()


@pytest.fixture
def sticky_site(site_in: Callable[[str], Site]) -> Site:
    """Whole, in sticky mode."""
    site = site_in("sticky")
    site.settle()
    return site


@pytest.fixture
def stateless_site(site_in: Callable[[str], Site]) -> Site:
    """Whole, in stateless mode."""
    site = site_in("stateless")
    site.settle()
    return site


@pytest.fixture
def shared_site(stack_on: Stack, tmp_path: Path) -> Iterator[Site]:
    """The run's own sticky stack as a site, without wires between its parts."""
    with open_wires() as wires:
        site = Site(tmp_path, "sticky", stack=stack_on, wires=wires, clocks=Clocks(tmp_path), url=stack_on.url)
        site.settle()
        yield site
        site.settle()
