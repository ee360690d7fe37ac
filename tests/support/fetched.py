"""What a page would fetch."""

from html.parser import HTMLParser


def fetched_by(page: str) -> list[str]:
    """The tags that name something outside the page."""
    looking = _Looking()
    looking.feed(page)
    return looking.found


class _Looking(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and value and not value.startswith("#"):
                self.found.append(f"{tag} {name}={value}")
