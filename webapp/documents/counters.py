"""Counters beside the facts they count: how many like a card, follow somebody, ...

A counter is never moved by one; its facts are counted afresh after each change of one. Who counts takes a ticket first
and writes only if nobody took a later one, so whoever counted last, counted everything that was there before them.
However writers, repeats and deaths interleave, the last one to end leaves the true number; a writer that dies in
between leaves the counter behind until the next change, which a repeat of the same request is.
"""

from webapp.documents.store import Query, Store

Facts = tuple[str, Query]
"""A collection, and which of its documents count."""


async def recount(store: Store, collection: str, document_id: str, counter: str, facts: Facts) -> int:
    """Puts a document's counter right; how many there are. Call it after the fact was written or found there."""
    ticket = f"{counter}_ticket"
    taken = await store.update(collection, document_id, {"$inc": {ticket: 1}})
    number = await store.count(*facts)
    if taken is not None:
        await store.update(collection, document_id, {"$set": {counter: number}}, only_if={ticket: taken[ticket]})
    return number
