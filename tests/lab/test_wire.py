"""A wire passes everything on as it is, until it is told otherwise; each thing it can be told, by itself."""

import asyncio
import os
import time

import pytest
from coming import comes_true
from wire_echo import calling, wire_to_echo

from lab.testbed.lane import HELD_BYTES, NARROW_BYTES
from lab.testbed.line import PLAIN, Line, Way

pytestmark = pytest.mark.asyncio

SLOW_MACHINE_SECONDS = 0.5
READ_BYTES = 262_144  # what asyncio takes from a socket at once


async def round_trip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes = b"hello") -> float:
    """Seconds until it came back."""
    before = time.monotonic()
    writer.write(said)
    assert await reader.readexactly(len(said)) == said
    return time.monotonic() - before


async def pour(writer: asyncio.StreamWriter, patience_seconds: float) -> int:
    """Sends until it has been held back that long; how many bytes."""
    for sent in range(0, 1_000_000_000, 100_000):
        writer.write(b"x" * 100_000)
        try:
            await asyncio.wait_for(writer.drain(), patience_seconds)
        except TimeoutError:
            return sent
    raise AssertionError("never held back")


async def test_passes_bytes_on_as_they_are() -> None:
    """A few megabytes in pieces of all sizes come back in order."""
    said = os.urandom(3_000_000)
    async with wire_to_echo() as (wire, heard), calling(wire) as (reader, writer):
        back = asyncio.ensure_future(reader.readexactly(len(said)))
        at = 0
        for size in (1, 7, 64, 1000, 65_537, 300_000, len(said)):
            writer.write(said[at : at + size])
            at += size
            await asyncio.sleep(0)
        assert await back == said
        assert heard.bytes == len(said)
        assert wire.counts().passed_bytes == 2 * len(said)


@pytest.mark.parametrize("line", [PLAIN, Line.both(Way(latency_seconds=0.01))], ids=["plain", "latency"])
async def test_one_direction_may_end_before_the_other(line: Line) -> None:
    """Who has said all there is hears the answer yet, and then the end of it."""
    async with wire_to_echo(silent=True) as (wire, heard), calling(wire) as (reader, writer):
        await wire.change(line)
        writer.write(b"x" * 100_000)
        writer.write_eof()
        assert await reader.read() == b"bye"
        assert (heard.bytes, heard.ends) == (100_000, 1)
        await comes_true(lambda: wire.counts().open == 0)


async def test_a_reset_is_passed_on_as_a_reset() -> None:
    """The server learns that its client was broken off, and did not end."""
    async with wire_to_echo() as (wire, heard):
        async with calling(wire) as (reader, writer):
            await round_trip(reader, writer)
            reset(writer)
        await comes_true(lambda: heard.resets == 1)
        assert heard.ends == 0
        assert wire.counts().reset == 0  # not the wire's own doing


def reset(writer: asyncio.StreamWriter) -> None:
    linger = writer.get_extra_info("socket")
    linger.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: on, 0 s
    writer.transport.abort()


async def test_latency_is_there_in_either_direction() -> None:
    """Each way takes at least as long as it was told, and a round trip both."""
    async with wire_to_echo() as (wire, _), calling(wire) as (reader, writer):
        await round_trip(reader, writer)
        for line, seconds in (
            (Line(there=Way(latency_seconds=0.06)), 0.06),
            (Line(back=Way(latency_seconds=0.09)), 0.09),
            (Line.both(Way(latency_seconds=0.05)), 0.10),
            (PLAIN, 0.0),
        ):
            await wire.change(line)
            took = await round_trip(reader, writer)
            assert seconds - 0.001 <= took < seconds + SLOW_MACHINE_SECONDS


async def test_latency_does_not_limit_the_throughput() -> None:
    """Half a megabyte, many times what is on its way in a round trip of small pieces, takes about one latency."""
    said = os.urandom(500_000)
    async with wire_to_echo(silent=True) as (wire, heard), calling(wire) as (reader, writer):
        await wire.change(Line(there=Way(latency_seconds=0.2)))
        before = time.monotonic()
        for at in range(0, len(said), 1000):
            writer.write(said[at : at + 1000])
            await writer.drain()
            await asyncio.sleep(0)
        writer.write_eof()
        await reader.read()
        took = time.monotonic() - before
        assert heard.bytes == len(said)
        assert 0.19 < took < 0.2 + SLOW_MACHINE_SECONDS + 0.3


async def test_bytes_keep_their_order_when_the_latency_falls() -> None:
    """What was sent over the slow wire is not overtaken by what was sent over the quick one."""
    async with wire_to_echo() as (wire, _), calling(wire) as (reader, writer):
        for seconds in (0.1, 0.0, 0.05, 0.0):
            await wire.change(Line(there=Way(latency_seconds=seconds)))
            writer.write(f"{seconds:4}".encode())
            await asyncio.sleep(0.01)
        assert await reader.readexactly(16) == b" 0.1 0.00.05 0.0"


async def test_bandwidth_is_that_of_all_connections_together() -> None:
    """Four senders of 50 kB over 400 kB/s take half a second, and each of them gets its share."""
    async with wire_to_echo(silent=True) as (wire, heard):
        await wire.change(Line(there=Way(bytes_per_second=400_000)))
        ended: list[float] = []
        before = time.monotonic()

        async def send() -> None:
            async with calling(wire) as (reader, writer):
                writer.write(b"x" * 50_000)
                writer.write_eof()
                await reader.read()
                ended.append(time.monotonic() - before)

        await asyncio.gather(*[send() for _ in range(4)])
        assert heard.bytes == 200_000
        assert 0.45 < max(ended) < 0.5 + SLOW_MACHINE_SECONDS
        assert min(ended) > 0.3  # nobody was served first


async def test_what_waited_for_a_narrow_wire_goes_at_once_when_it_is_healed() -> None:
    """The times that it had given away do not hold any more."""
    async with wire_to_echo(silent=True) as (wire, heard), calling(wire) as (_, writer):
        await wire.change(Line(there=Way(bytes_per_second=100)))
        writer.write(b"x" * 10_000)
        await asyncio.sleep(0.1)
        assert heard.bytes < 10_000
        await wire.change(PLAIN)
        await comes_true(lambda: heard.bytes == 10_000, 1)


async def test_nothing_is_kept_of_connections_whose_ends_are_both_gone() -> None:
    """Though neither of them took what it was sent."""
    async with wire_to_echo() as (wire, _):
        async with calling(wire) as (_, writer):
            await pour(writer, 0.3)
            reset(writer)
        await comes_true(lambda: wire.counts().open == 0)
        assert wire.counts().held_bytes == 0


async def test_a_sender_faster_than_the_bandwidth_is_held_back() -> None:
    """The wire keeps little of a large upload, and its sender is told to wait."""
    async with wire_to_echo(silent=True) as (wire, _), calling(wire) as (_, writer):
        await wire.change(Line(there=Way(bytes_per_second=100_000)))
        sent = await pour(writer, 0.5)
        assert sent < 20_000_000
        assert wire.counts().most_held_bytes <= NARROW_BYTES + READ_BYTES
        writer.transport.abort()


async def test_what_a_far_away_wire_holds_is_bounded() -> None:
    """With a latency of a minute a sender is held back too, after some megabytes."""
    async with wire_to_echo(silent=True) as (wire, heard), calling(wire) as (_, writer):
        await wire.change(Line(there=Way(latency_seconds=60)))
        assert await pour(writer, 0.5) < 40_000_000
        assert heard.bytes == 0
        assert HELD_BYTES < wire.counts().most_held_bytes <= HELD_BYTES + READ_BYTES
        writer.transport.abort()


async def test_a_receiver_that_does_not_read_holds_its_sender_back() -> None:
    """Nothing piles up in a plain wire either."""
    async with wire_to_echo() as (wire, _), calling(wire) as (_, writer):
        assert await pour(writer, 0.5) < 60_000_000
        assert wire.counts().most_held_bytes <= HELD_BYTES + READ_BYTES
        writer.transport.abort()


async def test_a_cut_resets_both_ends_and_takes_new_connections() -> None:
    """Who was connected is told at once, by a reset; the next one is served."""
    async with wire_to_echo() as (wire, heard):
        async with calling(wire) as (reader, writer):
            await round_trip(reader, writer)
            assert wire.cut() == 1
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(1)
        await comes_true(lambda: heard.resets == 1)
        async with calling(wire) as (reader, writer):
            await round_trip(reader, writer)
        assert (wire.counts().reset, wire.counts().connections) == (1, 2)


async def test_refuses_new_connections_and_keeps_the_others() -> None:
    """Nobody is let in until it is healed, on the same port; who is in goes on."""
    async with wire_to_echo() as (wire, _), calling(wire) as (reader, writer):
        await round_trip(reader, writer)
        await wire.change(Line(refuses=True))
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", wire.port_here)
        await round_trip(reader, writer)
        await wire.change(PLAIN)
        async with calling(wire) as (other_reader, other_writer):
            await round_trip(other_reader, other_writer)


async def test_a_black_hole_swallows_bytes_and_keeps_connections() -> None:
    """Nothing comes back and nobody is told; healed, who lost bytes is reset, and who was quiet goes on."""
    async with wire_to_echo() as (wire, heard), calling(wire) as (reader, writer), calling(wire) as quiet:
        await round_trip(reader, writer)
        await round_trip(*quiet)
        before = heard.bytes
        await wire.change(Line.both(Way(swallows=True)))
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)
        assert heard.bytes == before
        assert (wire.counts().swallowed_bytes, wire.counts().open) == (4, 2)
        await wire.change(PLAIN)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        await round_trip(*quiet)
        assert wire.counts().reset == 1


async def test_a_black_hole_takes_what_is_on_its_way() -> None:
    """Bytes that were sent before, and had not arrived, vanish as well."""
    async with wire_to_echo() as (wire, heard), calling(wire) as (_, writer):
        await wire.change(Line(there=Way(latency_seconds=0.2)))
        writer.write(b"under way")
        await comes_true(lambda: wire.counts().held_bytes == 9)
        await wire.change(Line(there=Way(swallows=True)))
        await asyncio.sleep(0.3)
        assert heard.bytes == 0
        assert wire.counts().swallowed_bytes == 9


async def test_one_direction_can_be_deaf_alone() -> None:
    """What is sent arrives, what is answered does not."""
    async with wire_to_echo() as (wire, heard), calling(wire) as (reader, writer):
        await wire.change(Line(back=Way(swallows=True)))
        writer.write(b"hello")
        await comes_true(lambda: heard.bytes == 5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(1)


async def test_an_end_vanishes_in_a_black_hole_too() -> None:
    """The server goes on waiting for a client that has gone, until the wire is whole."""
    async with wire_to_echo() as (wire, heard):
        async with calling(wire) as (reader, writer):
            await round_trip(reader, writer)
            await wire.change(Line.both(Way(swallows=True)))
        await asyncio.sleep(0.1)
        assert (heard.ends, heard.resets, wire.counts().open) == (0, 0, 1)
        await wire.change(PLAIN)
        await comes_true(lambda: heard.resets == 1)
        assert wire.counts().open == 0


async def test_many_connections_at_once() -> None:
    """Three hundred of them over a slow wire, each with its own bytes."""
    async with wire_to_echo() as (wire, _):
        await wire.change(Line.both(Way(latency_seconds=0.02)))

        async def call(number: int) -> None:
            async with calling(wire) as (reader, writer):
                for turn in range(3):
                    await round_trip(reader, writer, f"{number} {turn}".encode() * 20)

        await asyncio.gather(*map(call, range(300)))
        await comes_true(lambda: wire.counts().open == 0)
        assert wire.counts().connections == 300


async def test_who_nobody_listens_to_is_reset() -> None:
    """Behind the wire there is nobody: the connection is taken, and ends at once."""
    async with wire_to_echo() as (wire, _):
        wire.target = "127.0.0.1", 1
        async with calling(wire) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(1)


@pytest.mark.parametrize(
    "given", [{"latency_seconds": -1}, {"latency_seconds": 61}, {"bytes_per_second": 0}, {"bytes_per_second": -5}]
)
async def test_refuses_what_cannot_be(given: dict[str, float]) -> None:
    """The sentence names what was given and what is allowed."""
    with pytest.raises(ValueError, match=str(next(iter(given.values())))):
        Way(**given)
