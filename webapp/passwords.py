"""Passwords: argon2id, off the event loop, a bounded number at once.

Whether an account exists is not told by time: without one, a hash made up on first need is checked all the same.
"""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.offload import Offload

AT_ONCE = 2
MOST_WAITING = 64


class Passwords:
    """Hashes and checks passwords. Every method raises Overloaded when too many wait."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._offload = Offload("passwords", at_once=AT_ONCE, most_waiting=MOST_WAITING)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await self._offload.run(lambda: self._hasher.hash(password))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one behind `kept`; False, after the same work, if there is no account."""
        if kept is None:
            if self._decoy is None:
                self._decoy = await self.hash(secrets.token_urlsafe())
            await self._offload.run(lambda: self._check(self._decoy or "", password))
            return False
        return await self._offload.run(lambda: self._check(kept, password))

    def close(self) -> None:
        """Ends the threads."""
        self._offload.close()

    def _check(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
