"""Which browsers are told to go elsewhere, and where to: all of them when this process drains, a few when it holds more
than its share.

The affinity cookie is HAProxy's. The application may replace it (`cookie ... preserve`): by a value that HAProxy takes
for none, so that it balances the browser anew, or by another slot's.
"""

from collections.abc import Callable

from webapp.affinity import Affinity
from webapp.held import Held
from webapp.life import Life
from webapp.rebalancing import Rebalancing


class Moving:
    """Asked once at the end of each request. `released` hears of each user sent away because too many are here."""

    def __init__(
        self,
        slot: str,
        affinity: Affinity,
        life: Life,
        held: Held,
        rebalancing: Rebalancing,
        *,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        self._slot = slot
        self._affinity = affinity
        self._life = life
        self._held = held
        self._rebalancing = rebalancing
        self._released = released

    def cookie(self, outcome: str, tag: str | None) -> str | None:
        """The affinity cookie's new value, or None to leave it to HAProxy.

        `outcome` is the request's affinity, `tag` of whom it was, if they are logged in.
        """
        if self._life.moves_users:
            return self._affinity.marked(self._slot)
        # Only whoever obeys the cookie, and has nothing else under way: the answer to that would take this one back.
        if tag is None or outcome != "kept" or self._held.under_way(tag) != 1:
            return None
        target = self._rebalancing.target()
        value = None if target is None else self._affinity.value_of(target)
        if value is not None:
            self._held.let_go(tag)
            self._released()
        return value
