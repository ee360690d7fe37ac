"""A browser's name for its owner's eyes: "Firefox on Linux". Good enough to tell one's sessions apart, no more."""

import re

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 60


def device_name(user_agent: str) -> str:
    """A short name made of what a User-Agent header says; "Unknown device" if it says nothing known."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    if browser and system:
        return f"{browser} on {system}"
    first = re.match(r"[A-Za-z0-9._-]+", user_agent)
    return (browser or system or (first[0] if first else "Unknown device"))[:LONGEST]
