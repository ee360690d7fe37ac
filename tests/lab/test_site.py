"""A site ends with whoever opened it, and its parts are reached by way of its wires."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from struck import joined, serves

from deploy.local.leftovers import find_leftovers
from lab.errors import Unknown
from lab.testbed.site import Site, open_site

_DISTURBING = """
import os, sys
from pathlib import Path
from lab.faults import disturb, named
from lab.testbed.site import open_site
with open_site(Path(sys.argv[1]), "sticky", os.environ) as site:
    print(site.wires._process.pid, flush=True)
    disturb(site, named("redis-pause"), 600)
"""


def test_an_unknown_mode_gets_a_sentence(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(Unknown, match="no mode 'on'; there are: stateless, sticky"):
        open_site(tmp_path, "on", {}).__enter__()


@pytest.mark.stack
@pytest.mark.chaos
def test_the_application_goes_by_the_wires(sticky_site: Site) -> None:
    """Each process to each store that it uses, and browsers to HAProxy."""
    before = sticky_site.counts()
    for _ in range(6):
        person = joined(sticky_site)
        assert person.ask("POST", "/api/v1/cards", {"text": "By wire."}).status == 201
    after = sticky_site.counts()
    used = {name for name in after if after[name].passed_bytes > before[name].passed_bytes}
    web = [f"web-{slot}-{store}" for slot in (1, 2, 3) for store in ("redis", "mongodb")]
    assert used >= {*web, "clients"}


@pytest.mark.stack
@pytest.mark.chaos
def test_an_unknown_link_gets_a_sentence(sticky_site: Site) -> None:
    """With those that there are; nothing is changed."""
    with pytest.raises(Unknown, match="no link 'reddis'; there are: clients, mongodb, redis, s3, web-1-mongodb"):
        sticky_site.cut("reddis")
    assert serves(sticky_site)


@pytest.mark.stack
@pytest.mark.chaos
@pytest.mark.timeout(180)
def test_ctrl_c_ends_all_that_a_site_had_started(
    tmp_path: Path, clean_environ: dict[str, str], eventually: Callable[..., None]
) -> None:
    """In the middle of a fault: what was paused goes on and ends, and no process is left."""
    command = [sys.executable, "-c", _DISTURBING, str(tmp_path)]
    with subprocess.Popen(command, env=clean_environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as opener:
        assert opener.stdout
        wires_pid = int(opener.stdout.readline())
        eventually(lambda: "SIGSTOP" in (tmp_path / "injected.log").read_text(), 30)
        assert find_leftovers(tmp_path / "stack")
        os.kill(opener.pid, signal.SIGINT)
        _, said = opener.communicate(timeout=90)
    assert b"KeyboardInterrupt" in said
    assert not find_leftovers(tmp_path / "stack")
    assert not psutil.pid_exists(wires_pid)
