"""Whole stacks under a steady load, in both modes; whole again after each test. Figures are shown, and kept as JSON.

Each test comes in two sizes: `short` for the ordinary run, `whole` marked `chaos`. HOTSEAT_FIGURES names the folder of
the JSON files, one for each test; by default it is a temporary one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from figures import figures_of
from load.driver import Load, running_load
from load.evidence import Evidence
from load.undoing import make_whole
from load.user import KINDS, STEPS, UserState

from deploy.local import Stack

StartLoad = Callable[..., AbstractContextManager[Load]]


@pytest.fixture(scope="module", params=["off", "on"], ids=["stateless", "sticky"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """A whole stack: each test of the module runs in stateless mode, then each in sticky mode."""
    stack: Stack = request.getfixturevalue(f"stack_{request.param}")
    return stack


@pytest.fixture
def stack(any_stack: Stack, eventually: Callable[..., None]) -> Iterator[Stack]:
    """The stack with all its web processes in service, before the test and after it."""
    before = {each.name: each.mode for each in any_stack.status()}
    make_whole(any_stack, before, eventually)
    yield any_stack
    make_whole(any_stack, before, eventually)


@pytest.fixture
def sticky(stack: Stack) -> bool:
    return next(each.mode for each in stack.status() if each.name == "web-1") == "sticky"


@pytest.fixture(scope="session")
def _crowds() -> dict[tuple[str, int, tuple[str, ...]], list[UserState]]:
    return {}


@pytest.fixture
def load_on(_crowds: dict[tuple[str, int, tuple[str, ...]], list[UserState]]) -> StartLoad:
    """`with load_on(stack, users=40, rate=150) as load`: the same people each time, as long as no promise was broken
    to them; what was acknowledged in an earlier test is looked for in this one too."""

    @contextmanager
    def start(
        stack: Stack,
        *,
        users: int,
        rate: float,
        kinds: tuple[str, ...] = KINDS,
        steps: dict[str, int] = STEPS,
        leavers: int = 1,
    ) -> Iterator[Load]:
        key = stack.url, users, kinds
        known = _crowds.pop(key, [])
        with running_load(
            stack.url, users=users, rate=rate, kinds=kinds, steps=steps, leavers=leavers, states=known
        ) as load:
            yield load
            if load.ended_well:
                _crowds[key] = load.states

    return start


@pytest.fixture(scope="session")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("HOTSEAT_FIGURES")
    folder = Path(given) if given else tmp_path_factory.mktemp("figures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def evidence(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Evidence]:
    """What the test found, shown at the end of the run and written to its file, passed or not."""
    found = Evidence(request.node.name, figures_of(request))
    yield found
    found.write(_folder)
