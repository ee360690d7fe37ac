"""What is asked of MongoDB: never without an index."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from browsing import Part
from figures import Figures
from photo import photo
from sites import PASSWORD, WORKER, Site

from webapp.departures import finish_departures
from webapp.documents import INDEXES
from webapp.documents.store import Order, Store
from webapp.exporting import Exports
from webapp.forgetting import forget_reports
from webapp.sweeping import sweep

Asked = tuple[str, tuple[str, ...], Order | None]
"""A collection, the fields that a query compares, and the order it wants."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[Asked]:
    """Every kind of query that is made meanwhile; those by `_id` alone need no mention."""
    seen: set[Asked] = set()

    def note(collection: str, query: Mapping[str, Any], order: Order | None = None) -> None:
        if "_id" not in query:
            seen.add((collection, tuple(sorted(query)), order))

    find, find_one, count = Store.find, Store.find_one, Store.count

    async def noted_find(self: Store, collection: str, query: Any, limit: int, **how: Any) -> Any:
        note(collection, query, how.get("order"))
        return await find(self, collection, query, limit, **how)

    async def noted_find_one(self: Store, collection: str, query: Any, fields: Any = None) -> Any:
        note(collection, query)
        return await find_one(self, collection, query, fields)

    async def noted_count(self: Store, collection: str, query: Any) -> int:
        note(collection, query)
        return await count(self, collection, query)

    monkeypatch.setattr(Store, "find", noted_find)
    monkeypatch.setattr(Store, "find_one", noted_find_one)
    monkeypatch.setattr(Store, "count", noted_count)
    return seen


def is_served(asked: Asked, keys: Sequence[Order]) -> bool:
    """Whether an index narrows the query down, or gives its order: its first key is compared, or is the order."""
    _, fields, order = asked
    names = [name for name, _ in keys]
    if order is not None and not fields:
        return names[0] == order[0]
    return names[0] in fields


@pytest.mark.gen_test(timeout=60)
@pytest.mark.usefixtures("bucket")
async def test_no_query_is_without_an_index(site: Site, asked: set[Asked], figures: Figures) -> None:
    """All pages and operations are gone through; the embedded server tells no plan, so the queries are listed."""
    ada, bob = await site.join(), await site.join()
    await bob.send("news")
    await ada.follow(bob.handle)
    parts = {"text": Part(b"Look!"), "photo": Part(photo(), "a.jpg", "image/jpeg")}
    await ada.browser.post("/api/v1/cards", parts=parts)
    card = (await ada.board())["cards"][0]["id"]
    await ada.browser.put(f"/api/v1/cards/{card}/like")
    profile = f"/people/{bob.handle}"
    for path in ("/", "/people", "/people?q=a", profile, f"{profile}?cursor=9.0", "/settings"):
        assert (await ada.browser.get(path)).status == 200, path
    await ada.board()
    report = (await ada.browser.post("/api/v1/reports")).json
    exports = Exports(site.resources, WORKER)
    await site.resources.documents.reports.oldest_queued()
    await site.resources.documents.reports.next_free(WORKER)
    await exports.export((await ada.me())["id"], report["id"])
    await forget_reports(site.resources)
    await sweep(site.resources, older_seconds=-60)
    await ada.browser.delete(f"/api/v1/cards/{card}/like")
    await ada.browser.delete(f"/api/v1/people/{bob.handle}/follow")
    await site.log_in(ada.handle)
    await site.resources.keeping.round()
    await bob.browser.ask("DELETE", "/api/v1/me", json={"password": PASSWORD})
    assert await finish_departures(site.resources) == 1
    for each in sorted(asked, key=str):
        serving = [keys for collection, keys, _ in INDEXES if collection == each[0] and is_served(each, keys)]
        assert serving, f"no index for {each}"
        figures(f"{each[0]} by {', '.join(each[1]) or 'nothing'} in order {each[2]}: index {serving[0]}")
    assert len(asked) >= 10
