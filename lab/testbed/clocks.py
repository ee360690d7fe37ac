"""The time of day of a single process: set on or back by the lab, while the machine's own clock is left alone.

A file of eight bytes for each process holds by how many seconds it is off; the process has it mapped and adds it to
whatever it is told. What is moved is every way in which Python asks for the time of day; clocks that nobody can set
(CLOCK_MONOTONIC, CLOCK_BOOTTIME) go on as they are, and so do the clocks of other programs (Redis, HAProxy).
"""

import ctypes
import datetime
import gc
import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SECONDS = struct.Struct("<d")


class Clocks:
    """The lab's hand on the clocks of the processes that were started with a file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, name: str) -> Path:
        """Its clock's file; a new one is right."""
        file = self._folder / name
        if not file.exists():
            file.write_bytes(_SECONDS.pack(0.0))
        return file

    def put_off(self, name: str, seconds: float) -> None:
        """From now on the process is so much ahead of everybody else, or behind; 0 puts it right."""
        with self.file(name).open("r+b") as file:
            file.write(_SECONDS.pack(seconds))


def hang_up(file: Path) -> None:
    """This process's time of day is off by what the file says, from now on. To be called before others are imported."""
    with file.open("rb") as opened:
        seconds = mmap.mmap(opened.fileno(), _SECONDS.size, prot=mmap.PROT_READ)
    true = time.time
    _replace_in_time(lambda: float(true() + _SECONDS.unpack_from(seconds)[0]))


def _replace_in_time(now: Callable[[], float]) -> None:
    gettime, real = time.clock_gettime, time.CLOCK_REALTIME
    moments = {name: getattr(time, name) for name in ("localtime", "gmtime", "ctime")}
    strftime = time.strftime

    def told(name: str) -> Callable[..., Any]:
        return lambda seconds=None: moments[name](now() if seconds is None else seconds)

    def put(name: str, function: Callable[..., Any]) -> None:
        setattr(time, name, function)

    put("time", now)
    put("time_ns", lambda: int(now() * 1e9))
    put("clock_gettime", lambda clock: now() if clock == real else gettime(clock))
    put("clock_gettime_ns", lambda clock: int((now() if clock == real else gettime(clock)) * 1e9))
    for name in moments:
        put(name, told(name))
    put("strftime", lambda form, moment=None: strftime(form, time.localtime() if moment is None else moment))
    _replace_in_dates(now)


def _replace_in_dates(now: Callable[[], float]) -> None:
    """The classes themselves are changed, since others made of them would not be what C code makes and asks for."""
    stamp = datetime.datetime.fromtimestamp
    _put(datetime.datetime, "now", lambda kind, tz=None: kind.fromtimestamp(now(), tz))
    _put(datetime.datetime, "utcnow", lambda kind: stamp(now(), datetime.UTC).replace(tzinfo=None))
    _put(datetime.datetime, "today", lambda kind: kind.fromtimestamp(now()))
    _put(datetime.date, "today", lambda kind: kind.fromtimestamp(now()))


def _put(kind: type, name: str, function: Callable[..., Any]) -> None:
    # A built-in class refuses to be written to; the dictionary behind its proxy does not.
    (attributes,) = (found for found in gc.get_referents(kind.__dict__) if isinstance(found, dict))
    attributes[name] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
