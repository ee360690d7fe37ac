"""What a broken promise reads like."""

from checked.made_up import MadeUp

from lab.checker import story, summary


def told(made: MadeUp, promise: str) -> str:
    """The smallest proof that it is broken."""
    return story(made.check()[promise].violations[0])


def test_a_stale_read() -> None:
    """The value before, the write, and the read that does not see it."""
    made = MadeUp()
    made.write(1, 10.0, instance="web-1")
    made.write(2, 10.5, instance="web-2")
    made.read(2, 10.6, instance="web-2")
    made.read(1, 11.0, 11.25, instance="web-1")
    assert told(made, "P2") == (
        "P2 (read your writes) was broken:\n"
        "     +0.000 s  alice in browser laptop wrote name 1: PUT me, answered 200 by web-1 after 10 ms\n"
        "     +0.500 s  alice in browser laptop wrote name 2: PUT me, answered 200 by web-2 after 10 ms\n"
        "     +1.000 s  alice in browser laptop saw name 1: GET me, answered 200 by web-1 after 250 ms\n"
        "  It was sent 490 ms after the answer to the write, in the same browser, and does not see it."
    )
    assert told(made, "P3") == (
        "P3 (monotonic) was broken:\n"
        "     +0.000 s  alice in browser laptop wrote name 1: PUT me, answered 200 by web-1 after 10 ms\n"
        "     +0.600 s  alice in browser laptop saw name 2: GET me, answered 200 by web-2 after 10 ms\n"
        "     +1.000 s  alice in browser laptop saw name 1: GET me, answered 200 by web-1 after 250 ms\n"
        "  name 1 is older than name 2, which this browser had seen before."
    )


def test_a_lost_write() -> None:
    """What was there at first needs no proof."""
    made = MadeUp()
    made.write(1, 10.0)
    made.read(1, 15.0)
    made.disturb("kill", 16.0, 18.5, name="kill")
    made.read(0, 20.0, browser="phone", instance="web-3")
    assert told(made, "P1") == (
        "P1 (durable) was broken:\n"
        "     +0.000 s  alice in browser laptop wrote name 1: PUT me, answered 200 by web-1 after 10 ms\n"
        "     +5.000 s  alice in browser laptop saw name 1: GET me, answered 200 by web-1 after 10 ms\n"
        "    +10.000 s  alice in browser phone saw name 0: GET me, answered 200 by web-3 after 10 ms\n"
        "  name 1 was acknowledged, and from 9.99 s after that on nobody saw it or anything newer any more."
    )


def test_a_session_that_came_back() -> None:
    """Who ended it, and what it did after that."""
    made = MadeUp()
    made.ask("revoke", "DELETE sessions", 1.0, ends=("phone session",), status=204)
    made.card("k", 2.0, browser="phone", instance="web-2", made=("c7",), status=201)
    assert told(made, "P4") == (
        "P4 (no resurrection) was broken:\n"
        "     +0.000 s  alice in browser laptop ended session phone session: DELETE sessions,"
        " answered 204 by web-1 after 10 ms\n"
        "     +1.000 s  alice in browser phone wrote c7 with session phone session: POST cards,"
        " answered 201 by web-2 after 10 ms\n"
        "  A session that had ended wrote again."
    )


def test_a_copy_past_its_time() -> None:
    """Another browser, and how late it was."""
    made = MadeUp()
    made.write(1, 1.0, 1.01)
    made.read(1, 1.002, 1.004, browser="tablet")  # knew it earlier; the answer to the write is told all the same
    made.read(0, 4.0, browser="phone", instance="web-2")
    assert told(made, "P5") == (
        "P5 (bounded staleness) was broken:\n"
        "     +0.000 s  alice in browser laptop wrote name 1: PUT me, answered 200 by web-1 after 10 ms\n"
        "     +3.000 s  alice in browser phone saw name 0: GET me, answered 200 by web-2 after 10 ms\n"
        "  name 1 was known in another browser 2.99 s before this was sent, and B is 2 s."
    )


def test_what_is_somebody_elses() -> None:
    """One answer says it all."""
    made = MadeUp()
    made.ask("read", "GET me", 1.0, owner="bob", stale="outage")
    assert told(made, "P6") == (
        "P6 (isolation) was broken:\n"
        "     +0.000 s  alice in browser laptop received what is bob's: GET me,"
        " answered 200 by web-1 after 10 ms, marked stale (outage)\n"
        "  The answer is bob's, and alice had asked."
    )


def test_a_key_that_counted_twice() -> None:
    """What was there, both attempts, and what was there then."""
    made = MadeUp()
    made.card("j", 0.5, made=("c1",), status=201)
    made.count(1, 1.0)
    made.card("k", 2.0, 3.5, outcome="unknown")
    made.card("k", 4.0, made=("c3",), status=201, instance="web-2")
    made.count(3, 5.0, instance="web-2")
    assert told(made, "P7") == (
        "P7 (unbroken service) was broken:\n"
        "     +0.000 s  alice in browser laptop saw 1 card: GET me, answered 200 by web-1 after 10 ms\n"
        "     +1.000 s  alice in browser laptop wrote a card with key k: POST cards, no answer within 1.50 s\n"
        "     +3.000 s  alice in browser laptop wrote c3 with key k: POST cards, answered 201 by web-2 after 10 ms\n"
        "     +4.000 s  alice in browser laptop saw 3 cards: GET me, answered 200 by web-2 after 10 ms\n"
        "  That is 1 more than there were keys, or requests without one: something was applied twice."
    )


def test_a_request_that_failed() -> None:
    """What was done to the site stands among the requests."""
    made = MadeUp()
    made.disturb("kill", 1.0, 4.0, name="kill")
    made.ask("read", "GET board", 1.5, 2.75, outcome="unknown", status=503, instance="")
    assert told(made, "P7") == (
        "P7 (unbroken service) was broken:\n"
        "     +0.000 s  kill of web-1 began, settled after 3.00 s\n"
        "     +0.500 s  alice in browser laptop failed: GET board, answered 503 after 1.25 s,"
        " which leaves open whether it was done\n"
        "  Kill of web-1 fails no GET."
    )


def test_a_summary_has_a_line_for_each_promise() -> None:
    """And says of which nothing can be said."""
    made = MadeUp()
    made.write(1, 1.0)
    made.read(0, 2.0)
    lines = summary(made.check()).splitlines()
    assert lines[:4] == [
        "P1 durable            not exercised: nothing here could have shown it broken",
        "P2 read your writes   BROKEN once, looked at by 1 requests",
        "P3 monotonic          not exercised: nothing here could have shown it broken",
        "P4 no resurrection    not exercised: nothing here could have shown it broken",
    ]
    assert lines[8] == "P2 (read your writes) was broken:"
