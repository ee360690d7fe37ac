"""What is marked in the pictures of every board."""

from typing import Final

from dashboards.board import Event
from dashboards.queries import happenings

EVENTS: Final = (
    Event("Kills", happenings.died(), "{{instance}} was killed", "It ended without saying so.", "red"),
    Event("Restarts", happenings.restarted(), "{{instance}} restarted", "Its successor was ready before.", "blue"),
    Event("Deploys", happenings.deployed(), "deploy", "Version {{version}} began to run.", "purple"),
    Event("Toggles", happenings.toggled(), "sticky {{sticky_mode}}", "The mode was switched.", "green"),
    Event("Drains", happenings.leaving(), "{{instance}} leaves", "Its users go to others.", "yellow", at_value=False),
    Event("Deaths", happenings.unreachable(), "{{server}} is down", "HAProxy has lost it.", "orange", at_value=False),
)
