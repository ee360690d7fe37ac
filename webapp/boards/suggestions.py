"""People you may know: those whom the people you follow follow.

Scored as Adamic & Adar ("Friends and neighbors on the Web", Social Networks 25, 2003): each person you follow vouches
for whom they follow, the less the more people they follow, so that somebody who follows everybody vouches for almost
nobody. How popular the suggested person is does not enter: it is not known two hops away without reading them all.
"""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

MAX_VIA = 2


class Suggestion(msgspec.Struct, frozen=True):
    """Someone to follow; `mutual` people you follow already do, `via` names the one or two who vouch most."""

    id: str
    mutual: int
    via: tuple[str, ...]
    points: float


def suggest(
    viewer_id: str,
    follows: Mapping[str, AbstractSet[str]],
    *,
    limit: int = 5,
    exclude: AbstractSet[str] = frozenset(),
) -> list[Suggestion]:
    """The best `limit` people two hops away, best first; ties go to more mutual people, then to the smaller id.

    `follows` maps each person the viewer follows to the people that one follows. Never the viewer, anyone in `follows`
    or anyone in `exclude` (for people followed who were left out of `follows` to bound the cost). The cost is linear
    in the sizes of the sets.
    """
    points: dict[str, float] = {}
    vouching: dict[str, list[str]] = {}
    # Strongest vouchers first: `via` is then the head of the list, and sums do not depend on the mapping's order.
    for followee in sorted(filter(follows.get, follows), key=lambda person: (len(follows[person]), person)):
        weight = _vouch(len(follows[followee]))
        for person in follows[followee]:
            points[person] = points.get(person, 0.0) + weight
            vouching.setdefault(person, []).append(followee)
    found = (
        Suggestion(person, len(vouching[person]), tuple(vouching[person][:MAX_VIA]), points[person])
        for person in points
        if person != viewer_id and person not in follows and person not in exclude
    )
    return sorted(found, key=lambda s: (-s.points, -s.mutual, s.id))[: max(0, limit)]


def _vouch(followed: int) -> float:
    # 1 + n where the paper has n: its degrees count the link back to the viewer, a follow has none.
    return 1.0 / math.log2(1 + followed)
