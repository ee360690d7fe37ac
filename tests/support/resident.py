"""What a process occupies of the machine's memory."""

import gc
from pathlib import Path


def resident_bytes() -> int:
    """This process's resident memory once all garbage is gone, without what it only maps from files.

    Those pages, of programs and libraries, count as its own or as shared depending on who else runs at the moment.
    """
    gc.collect()
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines())
    return next(int(words[1]) * 1024 for words in lines if words[0] == "Anonymous:")
