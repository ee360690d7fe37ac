"""An affinity cookie that HAProxy never gave out: its sender is served, counted, and has chosen nothing."""

import secrets
from collections import Counter
from collections.abc import Callable

import pytest
from fleet import web_names
from load.evidence import Evidence
from member import plain_client

from deploy.local import Stack, slot_cookie

ASKED = 12  # enough that chance alone does not send all of them to one instance

pytestmark = pytest.mark.stack


def forged(stack: Stack) -> str:
    """A slot's plain name."""
    return "web-2"


def foreign(stack: Stack) -> str:
    """A value of another site, made with another key."""
    return slot_cookie("the key of another site, long enough to be one", "web-2")


def garbage(stack: Stack) -> str:
    """Long, and nothing at all."""
    return f"%00|{'x' * 3000}|||drain."


def marked(stack: Stack) -> str:
    """The marker of a leaving instance on a value of nobody's."""
    return f"drain.{secrets.token_urlsafe(16)}"


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [forged, foreign, garbage, marked])
async def test_a_made_up_affinity_cookie_chooses_nothing(
    stack: Stack, sticky: bool, kind: Callable[[Stack], str], evidence: Evidence
) -> None:
    """Each request with it is answered, by any instance, and counted as forged; stateless, it is not even looked at."""
    before = await _forged_count(stack)
    served: Counter[str] = Counter()
    async with plain_client(stack.url) as client:
        for _ in range(ASKED):
            client.cookies.clear()
            answer = await client.get("/api/v1/visits", headers={"Cookie": f"SRV={kind(stack)}"})
            assert answer.status_code == 200, answer.text
            served[answer.headers["X-Instance"]] += 1
    counted = await _forged_count(stack) - before
    evidence.note(served=dict(served), counted_as_forged=counted)
    assert set(served) == set(web_names(stack))
    assert counted == (ASKED if sticky else 0)


async def _forged_count(stack: Stack) -> int:
    total = 0.0
    for name in web_names(stack):
        async with plain_client(f"http://{stack.admin_address(name)}") as client:
            exposed = (await client.get("/metrics")).text
        lines = [line for line in exposed.splitlines() if line.startswith('hotseat_affinity_total{outcome="forged"')]
        total += sum(float(line.rpartition(" ")[2]) for line in lines)
    return int(total)
