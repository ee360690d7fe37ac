"""What uploads cost a real web process, at worst. It can write no file, so what it holds is in its memory."""

import asyncio
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import Answer, Part
from newborn import START_SECONDS, Newborn, newborn
from photo import photo
from sites import Member, Site

from webapp.pictures import MAX_BYTES
from webapp.resources import MOST_UPLOAD_BYTES

PEOPLE = 12
PIXELS = (6300, 6300)  # as many as are taken, nearly
DECODING_BYTES = 300 << 20  # of one: 160 MiB
UPLOADS = 60
ALLOWED_BYTES = 2 * MOST_UPLOAD_BYTES
LARGE = photo() + b"\0" * (MAX_BYTES - len(photo()))

pytestmark = [pytest.mark.gen_test(timeout=110), pytest.mark.usefixtures("bucket")]


@pytest.fixture
def process(variables: dict[str, str], eventually: Callable[..., None]) -> Iterator[Newborn]:
    """A web process over the stores of the application under test."""
    with newborn({"PATH": "", **variables, "HANDOVER": "off", "LOG_LEVEL": "ERROR"}) as born:
        eventually(born.is_ready, START_SECONDS)
        yield born


def peak_bytes(pid: int, *, anew: bool = False) -> int:
    """The most memory a process has had resident, since the last time it was asked for `anew`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    if anew:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak


async def test_sixty_pictures_at_once_take_the_memory_of_a_few(site: Site, process: Newborn) -> None:
    """Each is answered: put up, or told to come again. Ten megabytes each, of twelve people, raw or by form."""
    members = [await site.join() for _ in range(PEOPLE)]
    for member in members:
        member.browser.url = process.url
    assert (await members[0].browser.put("/api/v1/me/avatar", body=LARGE)).status == 200  # all it needs is loaded now
    before = peak_bytes(process.process.pid, anew=True)

    async def upload(member: Member, number: int) -> Answer:
        if number % 2:
            return await member.browser.put("/api/v1/me/avatar", body=LARGE)
        parts = {"text": Part(b"a card"), "photo": Part(LARGE, "a.jpg", "image/jpeg")}
        return await member.browser.post("/api/v1/cards", parts=parts)

    answers = await asyncio.gather(*(upload(members[n % PEOPLE], n) for n in range(UPLOADS)))
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) <= {200, 201, 429, 503}, statuses
    assert statuses[200] + statuses[201] >= MOST_UPLOAD_BYTES // MAX_BYTES - 1, statuses
    assert all("Retry-After" in answer.headers for answer in answers if answer.status > 201)
    assert peak_bytes(process.process.pid) - before < ALLOWED_BYTES


def png(width: int, height: int, inflated: int) -> bytes:
    """A black picture, whose data inflate to so many bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = zlib.compress(bytes(inflated))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def test_pictures_that_blow_up_do_so_one_at_a_time(site: Site, process: Newborn) -> None:
    """A few hundred kilobytes each: as many pixels as are taken, more data than pixels, more pixels than are taken."""
    width, height = PIXELS
    bombs = {
        png(width, height, height * (1 + 3 * width)): {200, 503},
        png(8, 8, 900_000_000): {200, 503},
        png(50_000, 50_000, 100_000_000): {422},
    }
    assert all(len(bomb) < 1 << 20 for bomb in bombs)
    members = [await site.join() for _ in range(4)]
    for member in members:
        member.browser.url = process.url
    assert (await members[0].browser.put("/api/v1/me/avatar", body=photo())).status == 200
    before = peak_bytes(process.process.pid, anew=True)
    sent = [(member, bomb) for member in members for bomb in bombs]
    answers = await asyncio.gather(*(member.browser.put("/api/v1/me/avatar", body=bomb) for member, bomb in sent))
    for answer, (_, bomb) in zip(answers, sent, strict=True):
        assert answer.status in bombs[bomb], answer.text
    more = peak_bytes(process.process.pid) - before
    assert more < DECODING_BYTES, f"{more >> 20} MiB"
