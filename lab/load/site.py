"""Whether an address is one of Postcards, found out before anything is sent to it that changes something."""

import msgspec

from lab.errors import NoSuchSite, NotPostcards
from lab.load.browser import Browser, Connections, Reply, usable_url

TITLE = "Postcards"


class _Info(msgspec.Struct):
    title: str


class _OpenApi(msgspec.Struct):
    info: _Info


class _Visits(msgspec.Struct):
    visits: int


def check_url(url: str) -> None:
    """Raises NoSuchSite for what is no address of a site."""
    if not usable_url(url):
        raise NoSuchSite(url, "this is no address of a site; give one like http://127.0.0.1:8080")


async def check_site(connections: Connections) -> None:
    """Raises NoSuchSite if nothing answers, NotPostcards if something else does. A 5xx counts as nothing."""
    browser, url = Browser(connections, "HotseatLab"), connections.url
    described = await _get(browser, url, "/api/v1/openapi.json")
    try:
        title = msgspec.json.decode(described.body, type=_OpenApi).info.title
    except msgspec.DecodeError:
        raise NotPostcards(url, _answered(described, "/api/v1/openapi.json")) from None
    if not title.startswith(TITLE):
        raise NotPostcards(url, f"it calls itself {title!r}")
    counted = await _get(browser, url, "/api/v1/visits")
    try:
        msgspec.json.decode(counted.body, type=_Visits)
    except msgspec.DecodeError:
        raise NotPostcards(url, _answered(counted, "/api/v1/visits")) from None


async def _get(browser: Browser, url: str, path: str) -> Reply:
    reply = await browser.ask("GET", path)
    if reply.status == 0:
        raise NoSuchSite(url, reply.lost)
    if reply.status >= 500:
        raise NoSuchSite(url, f"{path} was answered with status {reply.status}, so nobody is there behind the proxy")
    return reply


def _answered(reply: Reply, path: str) -> str:
    what = reply.headers.get("content-type", "").partition(";")[0] or "nothing that says what it is"
    return f"{path} was answered with status {reply.status} and {what}, not as Postcards does"
