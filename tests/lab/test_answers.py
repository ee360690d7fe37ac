"""What an answer says goes into the history as the checker reads it."""

import json
from typing import Any

import pytest

from lab.load.answers import THEME, Asker, Sent, like_of, request_of
from lab.load.browser import Reply

ASKER = Asker("ann", "ann/0", "ann/0#1", {"c1", "like:c2", "like:c3"})
STATUS = 'web-2; hit; detail="session-hot", web-2; fwd=miss; detail="board-load-stale-refreshing"'


def _reply(body: Any = None, status: int = 200, path: str = "/x", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(path, status, 1.0, 1.5, named, body=b"" if body is None else json.dumps(body).encode())


def _card(card: str, *, author: str = "bob", mine: bool = False, liked: bool = False) -> dict[str, Any]:
    return {"id": card, "author": {"handle": author}, "mine": mine, "liked": liked, "text": "."}


def test_tiers_instance_and_staleness_are_read() -> None:
    """From the headers of evidence; an outage is told before any other reason."""
    request, _ = request_of(Sent("read", "GET", "page", "/x"), _reply(x_instance="web-2", cache_status=STATUS), ASKER)
    assert request.instance == "web-2"
    assert request.tiers == {"session": "hot", "board": "load"}
    assert request.stale == "refreshing"
    away = 'w; hit; detail="session-hot-stale-refreshing", w; hit; detail="board-hot-stale-outage"'
    request, _ = request_of(Sent("read", "GET", "page", "/x"), _reply(cache_status=away), ASKER)
    assert request.stale == "outage"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, "done") for status in (200, 201, 204)),
        *((status, "refused") for status in (401, 404, 409, 422, 429)),
        *((status, "unknown") for status in (0, 500, 502, 503)),
    ],
)
def test_an_outcome_is_only_known_where_the_answer_says_so(status: int, outcome: str) -> None:
    """A 5xx of a write may have come after it was done."""
    sent = Sent("write", "PUT", "like", "/x", key="k", made=("like:c9",), wrote={"name": 3}, ends=("s",))
    request, _ = request_of(sent, _reply(status=status), ASKER)
    assert request.outcome == outcome
    assert (request.key, request.made, request.wrote, request.ends) == ("k", ("like:c9",), {"name": 3}, ("s",))


def test_being_shown_the_way_to_the_log_in_is_a_refusal() -> None:
    """A page is not answered with 401."""
    request, _ = request_of(Sent("read", "GET", "page", "/board"), _reply(path="/login?next=/board"), ASKER)
    assert (request.outcome, request.status) == ("refused", 200)


def test_me_shows_registers_version_and_how_many_cards() -> None:
    """And whose they are."""
    body = {"handle": "ann", "name": "Name 7", "cards": 3, "version": 12, "preferences": {"theme": "theme 4"}}
    request, _ = request_of(Sent("read", "GET", "me", "/x"), _reply(body), ASKER)
    assert request.saw == {"name": 7, THEME: 4}
    assert (request.owner, request.count, request.version) == ("ann", 3, 12)
    request, _ = request_of(Sent("read", "GET", "me", "/x"), _reply({**body, "preferences": {}}), ASKER)
    assert request.saw[THEME] == 0


def test_a_board_shows_own_cards_and_likes_and_misses_likes_that_were_made() -> None:
    """Cards of others that were never liked are told of neither way."""
    cards = [_card("c1", author="ann", mine=True), _card("c2", liked=True), _card("c3"), _card("c4")]
    request, shown = request_of(Sent("read", "GET", "board", "/x"), _reply({"cards": cards, "version": 5}), ASKER)
    assert request.shown == ("c1", like_of("c2"))
    assert request.missing == (like_of("c3"),)
    assert (request.owner, request.version) == ("ann", 5)
    assert shown.cards == ("c1", "c2", "c3", "c4")


def test_somebody_elses_card_as_ones_own_is_told_as_theirs() -> None:
    """So that the checker sees it."""
    sent = Sent("read", "GET", "card", "/api/v1/cards/c9")
    request, _ = request_of(sent, _reply(_card("c9", author="bob", mine=True)), ASKER)
    assert request.owner == "bob"


def test_an_own_card_that_is_gone_is_missing() -> None:
    """Somebody else's may have been taken down."""
    for card, missing in (("c1", ("c1",)), ("c9", ())):
        request, _ = request_of(Sent("read", "GET", "card", f"/api/v1/cards/{card}"), _reply(status=404), ASKER)
        assert request.missing == missing


def test_a_profile_is_ones_own_or_nobodys() -> None:
    """Only one's own is held against the promises."""
    body = {"person": {"handle": "ann", "name": "Name 2", "cards": 4}, "cards": []}
    request, _ = request_of(Sent("read", "GET", "person", "/x"), _reply(body, cache_status=STATUS), ASKER)
    assert (request.owner, request.count, request.saw) == ("ann", 4, {"name": 2})
    body["person"] = {"handle": "bob", "name": "Name 2", "cards": 4}
    request, _ = request_of(Sent("read", "GET", "person", "/x"), _reply(body), ASKER)
    assert (request.owner, request.count, request.saw) == ("", None, {})


def test_what_anybody_may_see_says_nothing_of_somebody_whose_session_is_over() -> None:
    """Their like is not missing, and they were not let in; evidence says whether a session was looked up."""
    for known, missing in ((True, (like_of("c3"),)), (False, ())):
        evidence = {"cache_status": STATUS} if known else {}
        card = _reply(_card("c3"), **evidence)
        request, _ = request_of(Sent("read", "GET", "card", "/api/v1/cards/c3"), card, ASKER)
        assert request.missing == missing
        profile = _reply({"person": {"handle": "ann", "name": "Name 2", "cards": 4}, "cards": []}, **evidence)
        request, _ = request_of(Sent("read", "GET", "person", "/x"), profile, ASKER)
        assert request.owner == ("ann" if known else "")
        assert request.saw == ({"name": 2} if known else {})


def test_an_answer_that_is_not_as_the_api_says_is_noted() -> None:
    """With what is wrong; nothing of it is believed."""
    request, _ = request_of(Sent("read", "GET", "me", "/api/v1/me"), _reply({"handle": 3}), ASKER)
    assert request.note.startswith("/api/v1/me: the answer is not what the API describes")
    assert request.owner == ""
