"""Each cell of the outage table: what is answered, how soon, and that cookies survive, while one backing service is
away; and that all heals by itself. The quickest way to be away is tried always, the others by `make chaos`."""

from collections.abc import Iterator

import pytest
from outage.asking import asks_of, fulfils, recovers
from outage.scene import HOWS, MODES, Scene, scene_of
from outage.store_server import StoreServer
from quiet_log import Expects

from webapp.errors import Backend
from webapp.outage import BACKENDS, HELD, LOGOUT, NOT_HELD, ROWS, Row

RECOVERS_WITHIN_SECONDS = 3.0
QUICK = "gone"

Struck = tuple[Scene, Backend, str]


OUTAGES = [
    pytest.param((mode, backend, how), id=f"{mode}-{backend}-{how}", marks=[] if how == QUICK else [pytest.mark.chaos])
    for how in HOWS
    for backend in BACKENDS
    for mode in MODES
    if how != QUICK or mode == "sticky" or backend != "s3"
]
IN_ORDER = [row for row in ROWS if row is not LOGOUT] + [LOGOUT]


@pytest.fixture(scope="module", params=OUTAGES)
def struck(request: pytest.FixtureRequest, outage_servers: dict[str, StoreServer]) -> Iterator[Struck]:
    """A scene of which one service is away, until it is healed."""
    mode, backend, how = request.param
    with scene_of(mode, outage_servers) as scene:
        scene.strike(backend, how)
        scene.healed = False
        try:
            yield scene, backend, how
        finally:
            if not scene.healed:
                scene.heal(backend, how)


@pytest.fixture(autouse=True)
def announced(expects: Expects) -> None:
    """What an outage writes into the log."""
    for event in ("unavailable", "hot copies are not trusted"):
        expects(event)


@pytest.mark.parametrize("row", IN_ORDER, ids=lambda row: row.name)
def test_each_cell_is_as_the_table_says(struck: Struck, row: Row) -> None:
    """The answer, within its time; the cookie is kept, or cleared where the cell says so."""
    scene, backend, _ = struck
    if row is HELD and scene.mode == "stateless":
        row = NOT_HELD  # nothing is held there
    for ask in asks_of(row, scene):
        scene.call(fulfils(ask, row.cell(backend), backend))


def test_all_heals_by_itself(struck: Struck) -> None:
    """Within three seconds of the service's return everybody is served again, with the session of before."""
    scene, backend, how = struck
    scene.heal(backend, how)
    scene.healed = True
    if (backend, how) == ("s3", "stopped"):
        pytest.skip("the embedded S3 server keeps its objects in memory")
    scene.call(recovers(scene, RECOVERS_WITHIN_SECONDS))
