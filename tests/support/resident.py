"""What a process occupies of the machine's memory, or has occupied at most."""

import gc
from pathlib import Path


def resident_bytes() -> int:
    """This process's resident memory once all garbage is gone, without what it only maps from files.

    Those pages, of programs and libraries, count as its own or as shared depending on who else runs at the moment.
    """
    gc.collect()
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines())
    return next(int(words[1]) * 1024 for words in lines if words[0] == "Anonymous:")


def reset_peak(pid: int) -> None:
    """From now on is what `peak_bytes` looks back to (man 5 proc, clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most that a process has been resident with."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(words[1]) * 1024 for words in lines if words[0] == "VmHWM:")
