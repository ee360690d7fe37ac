"""The seed content as a plan: the same every time, whole, and shaped like a real community."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from statistics import median

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.seeding import DEMO_HANDLE, SeedPlan, plan
from webapp.seeding.cards import SPAN_SECONDS
from webapp.seeding.follows import DEMO_FOLLOWS, FEWEST, MOST


@pytest.fixture(scope="module")
def usual() -> SeedPlan:
    """The plan that `hotseat seed` uses by default."""
    return plan(7)


def digest(content: SeedPlan) -> str:
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process(usual: SeedPlan) -> None:
    """Neither the order of hashes nor anything else of a process leaks into the plan."""
    program = (
        "import hashlib, msgspec; from webapp.seeding import plan; "
        "print(hashlib.sha256(msgspec.json.encode(plan(7))).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        printed = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert printed.stdout.decode().strip() == digest(usual)


def test_another_seed_gives_another_community(usual: SeedPlan) -> None:
    """The seed reaches every part."""
    other = plan(8)
    assert other.people != usual.people
    assert other.follows != usual.follows
    assert [card.text for card in other.cards] != [card.text for card in usual.cards]


def test_more_cards_leave_the_people_as_they_are(usual: SeedPlan) -> None:
    """Sizes can be turned up without turning the community into another one."""
    smaller = plan(7, cards=100, photos=5)
    assert (smaller.people, smaller.follows) == (usual.people, usual.follows)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 90), st.integers(0, 120), st.integers(0, 40))
def test_any_size_gives_a_whole_plan_of_that_size(seed: int, people: int, cards: int, photos: int) -> None:
    """What was asked for is there, and nothing refers to anything that is not."""
    content = plan(seed, people, cards, photos)
    handles = {person.handle for person in content.people}
    assert len(content.people) == len(handles) == people
    assert len(content.cards) == (cards if people else 0)
    assert [card.number for card in content.cards] == list(range(len(content.cards)))
    pictures = [card.photo for card in content.cards if card.photo is not None]
    assert sorted(pictures) == list(range(min(photos, len(content.cards))))
    assert {card.author for card in content.cards} <= handles
    for follow in content.follows:
        assert {follow.follower, follow.followee} <= handles
        assert follow.follower != follow.followee
    for like in content.likes:
        assert like.person in handles
        assert content.cards[like.card].author != like.person
    assert len(set(content.follows)) == len(content.follows)
    assert len(set(content.likes)) == len(content.likes)


def test_negative_sizes_are_refused() -> None:
    """A mistyped option is a sentence, not an empty community."""
    with pytest.raises(ValueError, match="cards=-1"):
        plan(7, cards=-1)


def test_everybody_follows_between_five_and_sixty(usual: SeedPlan) -> None:
    """Nobody has an empty board, nobody follows everyone, and numbers differ."""
    following = Counter(follow.follower for follow in usual.follows)
    assert set(following) == {person.handle for person in usual.people}
    assert min(following.values()) >= FEWEST
    assert max(following.values()) <= MOST
    assert len(set(following.values())) > 20


def test_popularity_is_uneven(usual: SeedPlan) -> None:
    """A few people are known to everyone, as in any community."""
    followers = sorted(Counter(follow.followee for follow in usual.follows).values(), reverse=True)
    assert followers[0] > 5 * median(followers)
    assert sum(followers[:30]) > 0.25 * sum(followers)


def test_people_follow_in_circles(usual: SeedPlan) -> None:
    """Friends of friends are often friends, or nobody could be suggested for a reason."""
    following = defaultdict(set)
    for follow in usual.follows:
        following[follow.follower].add(follow.followee)
    closed = pairs = 0
    for person, theirs in following.items():
        for friend in theirs:
            pairs += len(following[friend] - {person})
            closed += len(following[friend] & theirs)
    by_chance = len(usual.follows) / len(usual.people) ** 2
    assert closed / pairs > 2 * by_chance


def test_likes_are_uneven_and_young_cards_have_few(usual: SeedPlan) -> None:
    """Some cards are loved, most are liked, and nobody likes a card before having seen it."""
    likes = Counter(like.card for like in usual.likes)
    counts = sorted((likes[card.number] for card in usual.cards), reverse=True)
    assert counts[0] > 15 * median(counts) > 0
    assert all(likes[card.number] <= 8 for card in usual.cards if card.created_seconds_ago < 1800)


def test_cards_span_the_last_thirty_days_oldest_first(usual: SeedPlan) -> None:
    """Boards have something of today, of yesterday, and something to page back to."""
    ages = [card.created_seconds_ago for card in usual.cards]
    assert ages == sorted(ages, reverse=True)
    assert 0 < ages[-1] < 3600
    assert 28 * 86_400 < ages[0] <= SPAN_SECONDS
    assert all(person.joined_seconds_ago > SPAN_SECONDS for person in usual.people)


def test_texts_are_finished_short_and_not_repeated(usual: SeedPlan) -> None:
    """No gap is left open, every text fits a card, and no two cards say the same."""
    texts = [card.text for card in usual.cards] + [person.bio for person in usual.people]
    assert not [text for text in texts if re.search(r"[{}_]|  |\.\.|^[a-z]", text)]
    assert max(len(text) for text in texts) <= 400
    assert min(len(text) for text in texts) >= 5
    assert len({card.text for card in usual.cards}) == len(usual.cards)


def test_no_single_sentence_dominates(usual: SeedPlan) -> None:
    """Somebody who reads a page of twenty cards does not read the same sentence twice, as a rule."""
    sentences = Counter(sentence for card in usual.cards for sentence in re.split(r"(?<=[.!?]) ", card.text))
    assert max(sentences.values()) < 0.03 * len(usual.cards)


def test_handles_are_plain_and_names_are_from_everywhere(usual: SeedPlan) -> None:
    """Handles can stand in an address; names keep their accents."""
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{1,29}", person.handle) for person in usual.people)
    assert len({person.name for person in usual.people}) == len(usual.people)
    assert sum(not person.name.isascii() for person in usual.people) > 20


def test_thousands_of_people_have_handles_of_their_own() -> None:
    """Where names run out they repeat, and handles are told apart by a number."""
    people = plan(7, people=6000, cards=0).people
    assert len({person.handle for person in people}) == 6000


def test_the_demo_account_has_a_board_worth_a_screenshot(usual: SeedPlan) -> None:
    """Ada follows forty people, has cards and photos of her own, and sees many photos of the last days."""
    ada = usual.people[0]
    friends = {follow.followee for follow in usual.follows if follow.follower == DEMO_HANDLE}
    own = [card for card in usual.cards if card.author == DEMO_HANDLE]
    seen = [card for card in usual.cards if card.author in friends and card.created_seconds_ago < 3 * 86_400]
    assert (ada.handle, len(friends)) == ("ada", DEMO_FOLLOWS)
    assert ada.avatar is not None
    assert len(own) >= 10
    assert sum(card.photo is not None for card in own) >= 3
    assert sum(card.photo is not None for card in seen) >= 10
