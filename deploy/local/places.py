"""Where things lie: the checkout, the fetched programs, and the files of one stack under its run directory.

A stack's name is the absolute path of its run directory: it is what every process of the stack carries in its
environment.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import Misuse

CHECKOUT = Path(__file__).resolve().parents[2]
HAPROXY_CFG = CHECKOUT / "haproxy.cfg"
# Boards and rules. Where packages are installed, `dashboards` lies beside `deploy` as well, or is not there at all.
DASHBOARDS = CHECKOUT / "dashboards" / "generated"
TOOLS = CHECKOUT / ".tools"

# sun_path holds 108 bytes, and HAProxy first binds to the path with its pid and `.tmp` behind it.
LONGEST_SOCKET_PATH = 90


@dataclass(frozen=True, slots=True)
class RunDir:
    """The files of one stack. Data, logs and secrets outlive the stack; `state_file` and the sockets do not."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def releases(self) -> Path:
        return self.path / "releases"

    @property
    def secrets_file(self) -> Path:
        return self.path / "secrets.env"

    @property
    def state_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "up.lock"

    @property
    def supervisor_config(self) -> Path:
        return self.path / "supervisord.conf"

    @property
    def supervisor_pid_file(self) -> Path:
        return self.path / "supervisord.pid"

    @property
    def mongodb_pid_file(self) -> Path:
        return self.path / "mongodb.pid"

    @property
    def haproxy_state_file(self) -> Path:
        return self.path / "haproxy.state"

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets: a short one among the temporary files if this path is too long."""
        inside = self.path / "sockets"
        if len(os.fsencode(inside / "supervisor.sock")) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hotseat-{os.getuid()}-{digest}"

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make the folders, readable by their owner only."""
        for folder in (self.path, self.data, self.logs, self.sockets):
            _private_folder(folder)


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(
            f"The folder {folder} cannot be made ({error.strerror}); set HOTSEAT_RUN_DIR to one that can."
        ) from error
    found = folder.lstat()
    # A folder of that name among the temporary files may have been put there by somebody else.
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise Misuse(f"The folder {folder} is not yours; set HOTSEAT_RUN_DIR to one that is.")
