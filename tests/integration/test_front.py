"""The one door: what passes through HAProxy, what does not, and who is believed."""

import json
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fleet import web_names
from member import NewMember, plain_client

from deploy.local import Stack

INSIDE = ("/metrics", "/healthz", "/readyz", "/admin", "/admin/", "/METRICS", "/%6detrics", "//metrics", "/readyz/x")
SCRAPED_WITHIN_SECONDS = 20

pytestmark = pytest.mark.stack


@pytest.mark.asyncio
@pytest.mark.parametrize("path", INSIDE)
async def test_the_inside_is_not_reachable(stack: Stack, path: str) -> None:
    """However it is spelled, what is for the inside is not there; and HAProxy says so, no instance was asked."""
    async with plain_client(stack.url) as client:
        answer = await client.get(stack.url + path)
    assert answer.status_code == 404
    assert "X-Instance" not in answer.headers


@pytest.mark.asyncio
async def test_nobody_outside_speaks_for_the_proxy(stack: Stack, sticky: bool, new_member: NewMember) -> None:
    """Headers that HAProxy writes have no effect when a client writes them."""
    member = await new_member()
    forged = {
        "X-Affinity": "web-1",
        "X-Slot": "web-3",
        "X-Request-ID": "forged-request-id",
        "X-Forwarded-For": "8.8.8.8",
    }
    answer = await member.ask("GET", "/board", headers=forged)
    assert answer.status_code == 200
    assert f'data-affinity="{"kept" if sticky else "none"}"' in answer.text
    assert "forged" not in answer.headers["X-Request-ID"]
    assert "forged-request-id" not in answer.text


@pytest.mark.asyncio
async def test_forged_affinity_cookie_chooses_no_instance(stack: Stack, sticky: bool, new_member: NewMember) -> None:
    """A cookie with an instance's plain name is balanced like none at all, and counted as forged."""
    member = await new_member()
    instances = set()
    for _ in range(len(web_names(stack)) * 2):
        member.claim("web-1")
        answer = await member.ask("GET", "/board")
        instances.add(answer.headers["X-Instance"])
        assert f'data-affinity="{"forged" if sticky else "none"}"' in answer.text
    assert len(instances) > 1


@pytest.mark.asyncio
async def test_a_request_has_one_id_everywhere(
    stack: Stack, new_member: NewMember, eventually: Callable[..., None]
) -> None:
    """HAProxy makes the id; client, page, HAProxy's log line and the application's log line all carry it."""
    member = await new_member()
    answer = await member.ask("GET", "/board")
    request_id = answer.headers["X-Request-ID"]
    assert str(uuid.UUID(request_id)) == request_id
    assert f'data-request-id="{request_id}"' in answer.text
    instance = answer.headers["X-Instance"]
    for name in ("haproxy", instance):
        eventually(lambda name=name: _logged(stack.logs(name), request_id))
    [proxied] = _logged(stack.logs("haproxy"), request_id)
    assert (proxied["slot"], proxied["status"], proxied["path"]) == (instance, 200, "/board")
    [served] = _logged(stack.logs(instance), request_id)
    assert (served["instance"], served["status"], served["route"]) == (instance, 200, "board")


@pytest.mark.asyncio
async def test_an_error_carries_the_id_too(stack: Stack, new_member: NewMember) -> None:
    """Who reports an error can name the request."""
    member = await new_member()
    answer = await member.ask("GET", "/api/v1/cards/000000000000000000000000")
    assert answer.status_code == 404
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_prometheus_sees_everything(stack: Stack, eventually: Callable[..., None]) -> None:
    """All web processes, the worker, HAProxy and Prometheus itself are scraped."""
    wanted = {*web_names(stack), "worker-1", "haproxy", "prometheus"}
    eventually(lambda: wanted <= _up(stack), SCRAPED_WITHIN_SECONDS, 0.5)


def _logged(log: Path, request_id: str) -> list[dict[str, Any]]:
    lines = [line for line in log.read_text().splitlines() if request_id in line]
    return [json.loads(line) for line in lines]


def _up(stack: Stack) -> set[str]:
    with urllib.request.urlopen(
        f"http://{stack.admin_address('prometheus')}/api/v1/query?query=up==1", timeout=5
    ) as answer:
        return {each["metric"]["instance"] for each in json.load(answer)["data"]["result"]}
