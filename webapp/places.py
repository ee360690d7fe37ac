"""From where somebody logged in, as roughly as their browser tells it: by the time zone it keeps and the language it
asks for. Nobody else is asked, and nothing is proven: it is for its owner, to tell one's sessions apart.
"""

import re

ZONE = re.compile(r"([A-Z][A-Za-z_]{2,29})/(?:[A-Z][A-Za-z_]{2,29}/)?([A-Z][A-Za-z_-]{2,29})")
NOWHERE = ("Etc",)
LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}))?\s*(?:[,;]|$)")


def place_of(time_zone: str, accept_language: str) -> str:
    """Such as "Vienna, Europe (de-AT)", or what there is of it, or "" if the browser tells nothing known."""
    zone, language = ZONE.fullmatch(time_zone), LANGUAGE.match(accept_language)
    where = f"{zone[2]}, {zone[1]}".replace("_", " ") if zone and zone[1] not in NOWHERE else ""
    spoken = "-".join(filter(None, (language[1].lower(), (language[2] or "").upper()))) if language else ""
    return f"{where} ({spoken})" if where and spoken else where or spoken
