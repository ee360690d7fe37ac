"""Counters beside the facts they count: how many like a card, follow somebody, ...

A counter is never moved by one; its facts are counted afresh after each change of one. Who counts takes a ticket first
and writes only over what was counted with an earlier one: the later ticket's holder counted all that was there before
either. So however writers and repeats interleave, what is left includes the facts of everybody who ended; a writer that
dies after it took the latest ticket holds nobody up. It leaves its own fact uncounted until the next change, which a
repeat of the same request is.
"""

from webapp.documents.store import Query, Store

Facts = tuple[str, Query]
"""A collection, and which of its documents count."""


async def recount(store: Store, collection: str, document_id: str, counter: str, facts: Facts) -> int:
    """Puts a document's counter right; how many there are. Call it after the fact was written or found there."""
    ticket, counted = f"{counter}_ticket", f"{counter}_counted"
    taken = await store.update(collection, document_id, {"$inc": {ticket: 1, counted: 0}})
    number = await store.count(*facts)
    if taken is not None:
        mine = taken[ticket]
        change = {"$set": {counter: number, counted: mine}}
        await store.update(collection, document_id, change, only_if={counted: {"$lt": mine}})
    return number
