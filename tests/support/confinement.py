"""Proof from /proc that a process writes no file."""

import os
import stat
from pathlib import Path

ACCESS_MODE = 0o3


def may_write_files(pid: int) -> bool:
    """False if the kernel lets this process write not a byte to any file (RLIMIT_FSIZE)."""
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    [soft, hard] = next(line for line in limits if line.startswith("Max file size")).split()[3:5]
    return (soft, hard) != ("0", "0")


def files_open_for_writing(pid: int) -> list[str]:
    """The regular files that this process has open to write to."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            is_file = stat.S_ISREG(descriptor.stat().st_mode)
            flags = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split("flags:")[1].split()[0]
        except OSError:
            continue  # closed meanwhile
        if is_file and int(flags, 8) & ACCESS_MODE != os.O_RDONLY:
            found.append(str(descriptor.readlink()))
    return found
