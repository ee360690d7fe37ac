"""What a page would fetch, and where it leads."""

from html.parser import HTMLParser


def fetched_by(page: str) -> list[str]:
    """The tags that name something outside the page."""
    looking = _Looking()
    looking.feed(page)
    return looking.found


def links_of(page: str) -> list[str]:
    """The addresses that a reader can follow, those within the page included."""
    looking = _Looking()
    looking.feed(page)
    return looking.links


class _Looking(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if name in ("src", "href", "xlink:href") and value and not value.startswith("#"):
                self.found.append(f"{tag} {name}={value}")
