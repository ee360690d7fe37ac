"""An instance that is started while a backing service is away: it starts, answers by the table, and heals."""

import pytest
from outage.asking import asks_of, fulfils, recovers
from outage.scene import scene_in_outage, scene_of
from outage.store_server import StoreServer
from quiet_log import Expects

from webapp.errors import Backend
from webapp.outage import ACCOUNT, ANONYMOUS, BACKENDS, COUNT, LOGOUT, NOT_HELD, OWN, PICTURE, PRIVATE, UPLOAD, WRITE

RECOVERS_WITHIN_SECONDS = 3.0
ROWS = (ANONYMOUS, NOT_HELD, PRIVATE, WRITE, UPLOAD, ACCOUNT, PICTURE, COUNT, OWN, LOGOUT)
STARTS = [pytest.param("stateless", backend, id=f"stateless-{backend}") for backend in BACKENDS] + [
    pytest.param("sticky", backend, id=f"sticky-{backend}", marks=pytest.mark.chaos) for backend in ("mongodb", "s3")
]


@pytest.mark.parametrize(("mode", "backend"), STARTS)
def test_an_instance_that_starts_during_an_outage_answers_by_the_table_and_heals(
    outage_servers: dict[str, StoreServer], expects: Expects, mode: str, backend: Backend
) -> None:
    """With nothing in its memory; the sessions are those of before. (Sticky without Redis: `test_api_outages.py`.)"""
    for event in ("unavailable", "hot copies are not trusted"):
        expects(event)
    with scene_of(mode, outage_servers) as before, scene_in_outage(backend, before) as scene:
        for row in ROWS:
            for ask in asks_of(row, scene):
                scene.call(fulfils(ask, row.cell(backend), backend))
        scene.heal(backend, "gone")
        scene.call(recovers(scene, RECOVERS_WITHIN_SECONDS))
