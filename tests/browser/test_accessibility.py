"""Every page passes axe-core, on a large light screen and on a small dark one, for visitors and for members."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.stack,
    pytest.mark.parametrize("any_stack", ["off"], indirect=True),  # the pages are the same in both modes
]

FOR_VISITORS = ("/", "/signup", "/login", "/people")
FOR_MEMBERS = ("/", "/board", "/people/ada", "/settings")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_pages_are_accessible(open_desk: Callable[..., Desk], width: int, scheme: str) -> None:
    """No violation of any rule of axe-core, best practices included."""
    desk = open_desk(width=width, scheme=scheme)
    faults = [fault for path in FOR_VISITORS for fault in _faults(desk, path)]
    with desk.watch.expecting(404):
        faults += _faults(desk, "/nowhere")
    with desk.watch.expecting(422):
        desk.go("/signup")
        desk.sign_up("Not A Handle!", "Anna")
        desk.show("error-handle").wait_for()
        faults += _faults_here(desk, "/signup with errors")
    desk.go("/login")
    desk.log_in("ada", "postcards")
    desk.at("/board")
    card_id = desk.show("card").first.get_attribute("data-card-id")
    faults += [fault for path in (*FOR_MEMBERS, f"/cards/{card_id}") for fault in _faults(desk, path)]
    assert faults == []


def _faults(desk: Desk, path: str) -> list[str]:
    desk.go(path)
    return _faults_here(desk, path)


def _faults_here(desk: Desk, path: str) -> list[str]:
    violations = Axe().run(desk.page).response["violations"]
    return [
        f"{path}: {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"][:3]
    ]
