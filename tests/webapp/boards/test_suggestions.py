"""People you may know."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from webapp.boards import suggest

people = st.integers(0, 25).map(lambda n: f"p{n}")
graphs = st.dictionaries(people, st.sets(people, max_size=12), max_size=12)


@given(people, graphs, st.sets(people), st.integers(-1, 10))
def test_suggests_neither_oneself_nor_anyone_already_followed(
    viewer: str, follows: dict[str, set[str]], exclude: set[str], limit: int
) -> None:
    """Every suggestion is a stranger two hops away, once, and never more than were asked for."""
    found = [suggestion.id for suggestion in suggest(viewer, follows, limit=limit, exclude=exclude)]
    strangers = set().union(*follows.values()) - set(follows) - exclude - {viewer}
    assert set(found) <= strangers
    assert len(found) == len(set(found)) == min(max(0, limit), len(strangers))


@given(people, graphs)
def test_mutual_counts_and_names_are_true(viewer: str, follows: dict[str, set[str]]) -> None:
    """`mutual` is the number of people in between, and `via` are one or two of them."""
    for suggestion in suggest(viewer, follows, limit=99):
        between = {followee for followee, theirs in follows.items() if suggestion.id in theirs}
        assert suggestion.mutual == len(between)
        assert set(suggestion.via) <= between
        assert len(set(suggestion.via)) == len(suggestion.via) == min(2, len(between))


@given(people, graphs, st.randoms(use_true_random=False))
def test_order_of_the_graph_does_not_matter(viewer: str, follows: dict[str, set[str]], random: Random) -> None:
    """However the store returns the follows, the suggestions are the same to the last digit."""
    items = list(follows.items())
    random.shuffle(items)
    assert suggest(viewer, dict(items), limit=99) == suggest(viewer, follows, limit=99)


@given(people, graphs, people)
def test_one_more_mutual_person_never_lowers_a_score(viewer: str, follows: dict[str, set[str]], extra: str) -> None:
    """Following one more person who knows somebody leaves that somebody's points at least as high."""
    if extra in follows:
        return
    before = {suggestion.id: suggestion.points for suggestion in suggest(viewer, follows, limit=99)}
    grown = {**follows, extra: {*before}}
    after = {suggestion.id: suggestion.points for suggestion in suggest(viewer, grown, limit=99)}
    assert all(after[person] >= points - 1e-9 for person, points in before.items() if person != extra)


def test_the_choosy_vouch_for_more_than_the_indiscriminate() -> None:
    """Being followed by someone who follows few says more than by someone who follows everybody."""
    follows = {"choosy": {"kim"}, "everybody": {"lee", *(f"x{i}" for i in range(500))}}
    best, *_ = suggest("me", follows)
    assert (best.id, best.mutual, best.via) == ("kim", 1, ("choosy",))


def test_more_mutual_people_rank_higher() -> None:
    """Two people who know somebody beat one who does, and the strongest voice is named first."""
    follows = {"a": {"kim", "lee", "mo"}, "b": {"kim", "noor"}, "c": {"kim", "x", "y", "z"}}
    best, *_ = suggest("me", follows)
    assert (best.id, best.mutual, best.via) == ("kim", 3, ("b", "a"))


def test_ties_go_to_the_smaller_id() -> None:
    """Equals come in the same order everywhere."""
    assert [suggestion.id for suggestion in suggest("me", {"a": {"z", "y", "x"}}, limit=2)] == ["x", "y"]


def test_nobody_followed_means_nobody_suggested() -> None:
    """A newcomer gets an empty list, not an error."""
    assert suggest("me", {}) == []
