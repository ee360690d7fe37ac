"""How much a card deserves to be seen, as one number.

The idea is EdgeRank's (Facebook, f8 2010): affinity x weight x decay. It is kept in the log domain, as in Reddit's
"hot" (logarithm of the votes plus linear time), so one point always means the same: as good as being one half-life
newer. Nothing underflows however old a card is, and the passing of time alone never swaps two cards of other people,
so a board that was computed a little earlier is still in the right order.

Each term only ever grows with what it measures, in floating point too; the tests hold that.
"""

import math

from webapp.boards.cards import Candidate, Viewer

HALF_LIFE_SECONDS = 24 * 3600.0
AFFINITY_POINTS = 2.0  # the best friend's card of the day before yesterday equals a stranger's of now
AFFINITY_HALF = 5.0  # the affinity that earns half of those points
POINTS_PER_DOUBLING_OF_LIKES = 0.5  # so that going from 100 to 200 likes is worth no more than from 1 to 3
PHOTO_POINTS = 0.25
JUST_WRITTEN_POINTS = 12.0  # above anything likes and affinity give: writers look for what they just wrote
JUST_WRITTEN_HALF_LIFE_SECONDS = 600.0


def score(card: Candidate, viewer: Viewer) -> float:
    """Points of `card` for `viewer`; only differences mean anything.

    A card from the future (clocks differ) counts as brand-new. One's own cards count as a best friend's, and lead
    the board for some minutes after they were written.
    """
    age_seconds = max(0.0, viewer.now - card.created)
    points = _popularity(card.likes) - age_seconds / HALF_LIFE_SECONDS
    if card.has_photo:
        points += PHOTO_POINTS
    if card.author == viewer.id:
        return points + AFFINITY_POINTS + _just_written(age_seconds)
    return points + _closeness(viewer.affinity.get(card.author, 0.0))


def _popularity(likes: int) -> float:
    return POINTS_PER_DOUBLING_OF_LIKES * math.log2(1 + max(0, likes))


def _closeness(affinity: float) -> float:
    # The saturating x / (x + half), written so that rounding cannot make more affinity count for less.
    return AFFINITY_POINTS * (1.0 - AFFINITY_HALF / (AFFINITY_HALF + max(0.0, affinity)))


def _just_written(age_seconds: float) -> float:
    return JUST_WRITTEN_POINTS * math.exp2(-age_seconds / JUST_WRITTEN_HALF_LIFE_SECONDS)
