"""A stand-in for web process, worker and release step, as quick as Python can be.

STUB_FAULTS names a folder: a file NAME.crash there makes that process end at once with the exit code it contains,
`NAME.mute` lets it answer nothing about its state, and `release.slow` makes the release step take half a minute.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MUTE_SECONDS = 5


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"stub 1\n"
        if self.path == "/":
            body = json.dumps({"instance": os.environ["INSTANCE_ID"], "pid": os.getpid()}).encode()
        if self.path == "/write":
            body = try_to_write().encode()
        if self.path == "/status":
            body = tell().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        if self.path == "/":
            say(f"{os.environ['INSTANCE_ID']} was asked")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell() -> str:
    name = os.environ["INSTANCE_ID"]
    if (Path(os.environ["STUB_FAULTS"]) / f"{name}.mute").exists():
        time.sleep(MUTE_SECONDS)
    refused = {"state": "off", "reason": "this Redis refuses to track: NOPERM"}
    return json.dumps({"instance": name, "hot": refused if name == "web-2" else {"state": "trusted", "reason": ""}})


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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    for variable in ("PORT", "ADMIN_PORT"):
        if variable in os.environ:
            server = ThreadingHTTPServer(("127.0.0.1", int(os.environ[variable])), Handler)
            threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main(sys.argv[1])
