"""A stand-in for web process, worker and release step, as quick as Python can be.

STUB_FAULTS names a folder: a file NAME.crash there makes that process end at once with the exit code it contains,
`NAME.mute` lets it answer nothing about its state, `NAME.old` tell as little as former releases did, `NAME.unready`
never become ready, and `release.slow` makes the release step take half a minute.

It leaves as the application does. SIGTERM drains: `/readyz` 404, then 503, everything still served; SIGUSR1 retires:
each answer closes its connection; both end when nothing is in flight. SIGINT ends it at once.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MUTE_SECONDS = 5


READY = 200
PHASE_SECONDS = 1.2  # longer than HAProxy needs to notice: two checks, 0.5 s apart
GRACE_SECONDS = 0.3
TOLD = ("release", "sticky_mode", "log_level", "hot_cache_bytes")


class Leaving:
    """How far the process is on its way out."""

    def __init__(self) -> None:
        self.readiness = READY
        self.closes = False
        self._in_flight = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def in_flight(self) -> Iterator[None]:
        with self._lock:
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def drain(self) -> None:
        for self.readiness in (404, 503):
            time.sleep(PHASE_SECONDS)
        self.retire()

    def retire(self) -> None:
        self.closes = True
        time.sleep(GRACE_SECONDS)
        while self._in_flight:
            time.sleep(0.02)
        os._exit(0)


leaving = Leaving()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with leaving.in_flight():
            self.answer()

    do_POST = do_GET  # noqa: N815 - the base class's name

    def answer(self) -> None:
        status, body = 200, b"stub 1\n"
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/readyz":
            status = 503 if fault("unready") else leaving.readiness
        if self.path.startswith("/slow"):
            time.sleep(1)
        if self.path == "/":
            body = json.dumps(
                {name: os.environ.get(name.upper()) for name in TOLD}
                | {"instance": os.environ["INSTANCE_ID"], "pid": os.getpid()}
            ).encode()
        if self.path == "/write":
            body = try_to_write().encode()
        if self.path == "/status":
            body = tell().encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        if leaving.closes:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        if self.path == "/":
            say(f"{os.environ['INSTANCE_ID']} was asked")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """HAProxy closes health checks in the middle; that is no news."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell() -> str:
    name = os.environ["INSTANCE_ID"]
    if fault("mute"):
        time.sleep(MUTE_SECONDS)
    refused = {"state": "off", "reason": "this Redis refuses to track: NOPERM"}
    hot = {
        "state": "trusted",
        "reason": "",
        "entries": 3,
        "bytes": 2_500_000,
        "hit_rate": None if name == "web-3" else 0.975,
    }
    told = {
        "instance": name,
        "version": f"0.1.0+{os.environ['RELEASE']}",
        "mode": "sticky" if os.environ["STICKY_MODE"] == "on" else "stateless",
        "users": 7,
        "in_flight": 1,
        "lag_ms": 0.25,
        "draining": leaving.readiness != READY,
        "hot": refused if name == "web-2" else hot,
    }
    return json.dumps({key: told[key] for key in ("instance", "hot")} if fault("old") else told)


def fault(kind: str) -> bool:
    return (Path(os.environ["STUB_FAULTS"]) / f"{os.environ['INSTANCE_ID']}.{kind}").exists()


def try_to_write() -> str:
    try:
        Path("written").write_text("x")
    except OSError as error:
        return type(error).__name__
    return "written"


def main(role: str) -> None:
    faults = Path(os.environ["STUB_FAULTS"])
    crash = faults / f"{os.environ['INSTANCE_ID']}.crash"
    if crash.exists():
        say("this goes wrong")
        sys.exit(int(crash.read_text()))
    if role == "release":
        time.sleep(30 if (faults / "release.slow").exists() else 0)
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    ways = {signal.SIGTERM: leaving.drain, signal.SIGUSR1: leaving.retire}
    for number, way in ways.items():
        signal.signal(number, lambda *_, way=way: threading.Thread(target=way, daemon=True).start())
    if role == "worker":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for variable in ("PORT", "ADMIN_PORT"):
        if variable in os.environ:
            server = Server(("127.0.0.1", int(os.environ[variable])), Handler)
            threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main(sys.argv[1])
