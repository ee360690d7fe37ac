"""Writing: in a bracket, within quotas, and counted once however often it is sent."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from cache import Once, OverQuota, Quota, Refused, Region, Repeated, Reused, Write
from webapp import outage
from webapp.errors import Conflict, TooMany
from webapp.forms import checked_key
from webapp.handlers.visitor import FLOOR, Visited, Visitor, in_words
from webapp.sessions import Session

T = TypeVar("T")

REMEMBERED_SECONDS = 86_400.0
NOT_ASKED = ("_xsrf", "idempotency_key")  # fields of a form that are no part of what it asks
KEY_REUSED = "This idempotency key was used for something else."
USED_UP = "You have sent as many {name} as one may for now. There is room for another in {time}."


class Writer(Visited):
    """A handler that can write on behalf of who is asking."""

    async def visitor(self, *, board: bool = False) -> Visitor | None:
        """As `Visited.visitor`; a write whose idempotency key is none is refused before anything is done."""
        visitor = await super().visitor(board=board)
        if visitor is not None and self.request.method not in outage.READS:
            self.idempotency_key()
        return visitor

    async def written(
        self,
        session: Session,
        work: Callable[[], Awaitable[T]],
        kind: type[T],
        *,
        affects: Sequence[Region[Any]] | None = None,
        quotas: Sequence[Quota] = (),
        costly: Callable[[], Awaitable[None]] | None = None,
    ) -> tuple[T, int]:
        """What `work` returns, done as a write of this person, and their version that includes it.

        Sent again with the same idempotency key, it is answered as the first time. `affects`: what is cached of them
        that it may change; all of it, if nothing is said. `costly` is done first, if the write would be let in: what
        takes long, changes nothing and may raise. Raises cache.Refused if the session is gone, Conflict (422)
        for a key used for something else, TooMany where a quota is used up.
        """
        resources, key = self.resources, self.idempotency_key()
        once = Once(sha256(key.encode()).hexdigest(), self._asked(), REMEMBERED_SECONDS) if key else None
        try:
            if costly is not None:
                alive = resources.sessions.key(session)
                await resources.cache.may_write(session.tag, alive=alive, once=once, quotas=quotas)
                await costly()
            async with self._writing(session, affects, once, quotas) as write:
                answer = await work()
                if affects is None or resources.boards in affects:
                    await resources.keeping.changed(session.person_id)
                if once is not None:
                    write.remember(msgspec.json.encode(answer))
        except Repeated as repeated:
            resources.metrics.replayed()
            self.raise_floor(FLOOR, repeated.version)
            return msgspec.json.decode(repeated.answer, type=kind), repeated.version
        except Reused:
            raise Conflict("Idempotency-Key", KEY_REUSED, 422) from None
        except OverQuota as over:
            detail = USED_UP.format(name=over.name, time=in_words(over.retry_seconds))
            raise TooMany(over.name, detail, over.retry_seconds) from None
        return answer, write.version

    def idempotency_key(self) -> str | None:
        """What a client names its write by: in a header, or in a field of a form. Raises InvalidInput."""
        given = self.request.headers.get("Idempotency-Key")
        return checked_key(given if given is not None else self.get_body_argument("idempotency_key", None))

    @asynccontextmanager
    async def _writing(
        self, session: Session, affects: Sequence[Region[Any]] | None, once: Once | None, quotas: Sequence[Quota]
    ) -> AsyncIterator[Write]:
        resources = self.resources
        drop = (resources.boards, resources.profiles) if affects is None else affects
        alive = resources.sessions.key(session)
        async with resources.cache.write(session.tag, drop=drop, alive=alive, once=once, quotas=quotas) as write:
            yield write
        self.raise_floor(FLOOR, write.version)

    def _asked(self) -> str:
        """A fingerprint of what is asked, whatever a browser puts around it.

        A password may be part of it, so it is made with a key: of those there are, the one that was there longest.
        """
        request = self.request
        fields = sorted((name, values) for name, values in request.body_arguments.items() if name not in NOT_ASKED)
        files = sorted((name, [sha256(each.body).digest() for each in sent]) for name, sent in request.files.items())
        asked = (fields, files) if fields or files else sha256(request.body).digest()
        told = msgspec.msgpack.encode((request.method, request.path, asked))
        return hmac.new(self.resources.settings.secret_keys[-1].encode(), told, sha256).hexdigest()

    async def set_preferences(self, visitor: Visitor, changes: Mapping[str, str]) -> int:
        """Writes fields of the session; the person's new version. Raises cache.Refused if it is over."""
        version = await self.resources.sessions.prefer(visitor.session, changes)
        if version is None:
            raise Refused("the session is over")
        self.raise_floor(FLOOR, version)
        return version
