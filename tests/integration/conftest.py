"""Whole stacks in both modes, whole again after each test; and the figures the tests found, shown at the end."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from fleet import wait_whole
from member import Member, NewMember

from deploy.local import Stack
from webapp.resources import Resources, open_resources
from webapp.settings import from_mapping


@pytest.fixture(scope="module", params=["off", "on"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """A whole stack: each test of the module runs in stateless mode, then each in sticky mode."""
    stack: Stack = request.getfixturevalue(f"stack_{request.param}")
    return stack


@pytest.fixture
def stack(any_stack: Stack, eventually: Callable[..., None]) -> Iterator[Stack]:
    """The stack with all its web processes in service, before the test and after it."""
    wait_whole(any_stack, eventually)
    yield any_stack
    wait_whole(any_stack, eventually)


@pytest.fixture
def sticky(stack: Stack) -> bool:
    return next(each.mode for each in stack.status() if each.name == "web-1") == "sticky"


@pytest_asyncio.fixture
async def new_member(stack: Stack) -> AsyncIterator[NewMember]:
    """`await new_member()` is somebody who has just signed up through the front."""
    async with AsyncExitStack() as members:

        async def make() -> Member:
            member = await members.enter_async_context(Member(stack.url))
            await member.sign_up()
            return member

        yield make


@pytest_asyncio.fixture
async def stores(stack: Stack) -> AsyncIterator[Resources]:
    """The stack's own stores."""
    async with open_resources(from_mapping(stack.environ_of("web-1")), serves=False) as opened:
        yield opened
