"""Does a process answer? One light question each, in its own protocol, with a short deadline; no client library.

A probe says yes or no and never raises.
"""

import http.client
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from deploy.local.processes import PlannedProcess

ASK_SECONDS = 2.0
TELL_SECONDS = 0.5
MOST_BYTES = 65_536

# An OP_MSG with the document {hello: 1, "$db": "admin"} (MongoDB manual, "MongoDB Wire Protocol").
_HELLO_DOCUMENT = b"\x1f\x00\x00\x00\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00"
_OP_MSG = 2013


def answers(process: PlannedProcess) -> bool:
    """Is `process` ready to do its work?"""
    try:
        return _PROBES.get(process.name, _web_is_ready)(process)
    except (OSError, http.client.HTTPException):
        return False


def http_status(url: str, seconds: float = ASK_SECONDS) -> int:
    """The status of a GET; raises OSError or HTTPException if there is none."""
    return _get(url, seconds)[0]


def told_by(process: PlannedProcess, seconds: float = TELL_SECONDS) -> dict[str, Any] | None:
    """What one of our processes tells about itself at `/status` of its admin port; None if it does not, in time."""
    try:
        status, body = _get(f"http://{process.admin_address}/status", seconds)
        told = json.loads(body) if status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _get(url: str, seconds: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path or "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES)
    finally:
        connection.close()


def _redis_answers(process: PlannedProcess) -> bool:
    # While it loads its append-only file it says -LOADING.
    return _exchange(process.address, b"PING\r\n").startswith(b"+PONG")


def _mongodb_answers(process: PlannedProcess) -> bool:
    body = b"\x00\x00\x00\x00" + b"\x00" + _HELLO_DOCUMENT
    header = b"".join(number.to_bytes(4, "little") for number in (16 + len(body), 1, 0, _OP_MSG))
    return len(_exchange(process.address, header + body)) > len(header)


def _s3_answers(process: PlannedProcess) -> bool:
    # An unsigned question is refused with a proper S3 error: it answers.
    return http_status(process.address) < 500


def _prometheus_is_ready(process: PlannedProcess) -> bool:
    return http_status(f"{process.address}/-/ready") == 200


def _grafana_is_ready(process: PlannedProcess) -> bool:
    return http_status(f"{process.address}/api/health") == 200


def _front_answers(process: PlannedProcess) -> bool:
    # Not the front page: that one counts a visit.
    return http_status(f"{process.address}/login") < 500


def _web_is_ready(process: PlannedProcess) -> bool:
    return http_status(f"http://{process.admin_address}/readyz") == 200


def _exchange(address: str, question: bytes) -> bytes:
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=ASK_SECONDS) as connection:
        connection.sendall(question)
        return connection.recv(4096)


_PROBES: dict[str, Callable[[PlannedProcess], bool]] = {
    "redis": _redis_answers,
    "mongodb": _mongodb_answers,
    "s3": _s3_answers,
    "prometheus": _prometheus_is_ready,
    "haproxy": _front_answers,
    "grafana": _grafana_is_ready,
}
