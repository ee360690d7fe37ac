"""What all simulated people share is bounded, and the newest card is the most popular."""

from collections import Counter
from random import Random

import pytest
from lab_small_workload import small_workload

from lab.load.photos import photo
from lab.load.popularity import Zipf
from lab.load.town import Town


def _town(**content: float) -> Town:
    return Town(small_workload(content=content), "t", 1)


def test_cards_are_looked_at_by_the_law_the_newest_most() -> None:
    """As often as their place from the end says."""
    town, chance = _town(cards=100, popularity_exponent=1.0), Random(1)
    town.learn([f"c{n}" for n in range(40)])
    looked = Counter(town.card(chance.random()) for _ in range(20_000))
    law = Zipf(40, 1.0)
    for place in (0, 1, 5, 39):
        assert looked[f"c{39 - place}"] / 20_000 == pytest.approx(law.share(place), rel=0.15), place


def test_old_cards_are_forgotten() -> None:
    """However many there are, no more than twice the workload's are kept; one that comes again is kept once."""
    town = _town(cards=10)
    for n in range(1000):
        town.learn([f"c{n}", f"c{n}", f"c{n - 1}"])
        assert len(town._cards) == len(set(town._cards)) <= 20
        assert town._known == set(town._cards)
    assert town.card(0.0) == "c999"
    assert _town().card(0.5) == ""


def test_texts_begin_with_their_mark_and_have_about_the_length() -> None:
    """Never more than a card may hold, never ending in blanks."""
    town, chance = _town(characters=100), Random(1)
    texts = [town.text("mark-1", chance) for _ in range(4000)]
    assert all(text.startswith("mark-1") and text == text.strip() and len(text) <= 500 for text in texts)
    assert sum(map(len, texts)) / 4000 == pytest.approx(100, rel=0.1)


def test_photos_are_on_as_many_cards_as_wanted() -> None:
    """A few different ones; none where there are to be none."""
    town, chance = _town(photo_share=0.3, photo_kilobytes=20), Random(1)
    sent = [town.photo(chance) for _ in range(2000)]
    assert sum(each is not None for each in sent) / 2000 == pytest.approx(0.3, abs=0.05)
    assert len({each for each in sent if each}) == 4
    assert _town().photo(chance) is None


@pytest.mark.parametrize("kilobytes", [10, 100, 1000])
def test_a_photo_has_about_its_size(kilobytes: int) -> None:
    """And is the same for the same number."""
    made = photo(kilobytes, 1)
    assert len(made) / 1000 == pytest.approx(kilobytes, rel=0.34)
    assert made == photo(kilobytes, 1) != photo(kilobytes, 2)
