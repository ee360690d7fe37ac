"""What is marked in the pictures of every board."""

from typing import Final

from dashboards.board import Event
from dashboards.queries import happenings

EVENTS: Final = (
    Event("Kills", happenings.died(), "kill {{instance}}", "It ended without saying so.", "red"),
    Event("Restarts", happenings.restarted(), "restart {{instance}}", "Its successor was ready before.", "blue"),
    Event("Deploys", happenings.deployed(), "deploy {{instance}}", "Version {{version}}", "purple"),
    Event("Toggles", happenings.toggled(), "sticky {{sticky_mode}} {{instance}}", "The mode was switched.", "green"),
    Event("Drains", happenings.leaving(), "drain {{instance}}", "Its users go to others.", "yellow", at_value=False),
    Event("Deaths", happenings.unreachable(), "down {{server}}", "HAProxy cannot reach it.", "orange", at_value=False),
)
