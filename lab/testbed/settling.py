"""What a stack still lacks to serve everybody as it should, each in a few words that begin with the part's name."""

import csv
import http.client
import re
import urllib.request
from collections.abc import Iterator

from deploy.local import ProcessStatus, Stack, StackError

ASK_SECONDS = 2.0
_IN_ORDER = ("running", "starting", "external")
_HOT_IN_ORDER = (None, "trusted", "off", "naive")
_AWAY = re.compile(r'^hotseat_outage_state\{backend="(\w+)"\} 1(\.0)?$', re.MULTILINE)


def missing(stack: Stack) -> list[str]:
    """Processes that do not run or answer, web processes out of HAProxy's rotation, hot copies that are not trusted,
    services that an instance takes to be away. Nothing: all is well."""
    try:
        return list(_missing(stack))
    except StackError as error:  # its supervisor does not answer
        return [f"the stack: {error}"]


def in_rotation(stack: Stack) -> set[str]:
    """The web processes that HAProxy sends requests to just now. Raises OSError."""
    rows = csv.DictReader(_get(f"http://{stack.admin_address('haproxy')}/;csv").removeprefix("# ").splitlines())
    servers = (row for row in rows if row["pxname"] == "web" and row["svname"] != "BACKEND")
    return {row["svname"] for row in servers if row["status"] == "UP"}


def _missing(stack: Stack) -> Iterator[str]:
    well = []
    for status in stack.status(ask=True):
        if status.state not in _IN_ORDER:
            yield f"{status.name} is {status.state}"
        elif status.state != "external" and not stack.ready(status.name):
            yield f"{status.name} does not answer"
        else:
            well.append(status)
    web = [status for status in well if status.name.startswith("web-")]
    yield from _out_of_rotation(stack, web)
    for status in web:
        if status.hot not in _HOT_IN_ORDER:
            yield f"{status.name} does not trust its hot copies ({status.hot})"
        yield from _taken_to_be_away(stack, status.name)


def _out_of_rotation(stack: Stack, web: list[ProcessStatus]) -> Iterator[str]:
    try:
        used = in_rotation(stack)
    except (OSError, http.client.HTTPException):
        yield "haproxy does not tell its rotation"
        return
    yield from (f"{status.name} is not in HAProxy's rotation" for status in web if status.name not in used)


def _taken_to_be_away(stack: Stack, name: str) -> Iterator[str]:
    try:
        metrics = _get(f"http://{stack.admin_address(name)}/metrics")
    except (OSError, http.client.HTTPException):
        yield f"{name} does not tell its metrics"
        return
    yield from (f"{name} takes {found[1]} to be away" for found in _AWAY.finditer(metrics))


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=ASK_SECONDS) as answer:  # noqa: S310 - an address of the stack's own
        return str(answer.read().decode())
