"""Whether an address is one of Postcards, found out before anything is sent to it that changes something."""

import ipaddress
from urllib.parse import urlsplit, urlunsplit

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
        raise NoSuchSite(shown(url), f"this is no address of a site; {_fault(url)}")


def shown(url: str) -> str:
    """The address as it may be told: without the name and the password that a proxy before the site may want."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def is_here(url: str) -> bool:
    """Whether it is on this machine's loopback, by its name or number; nothing is looked up."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def check_site(connections: Connections) -> None:
    """Raises NoSuchSite if nothing answers, NotPostcards if something else does. A 5xx counts as nothing."""
    browser, url = Browser(connections, "HotseatLab"), shown(connections.url)
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
    if reply.status == 401:
        raise NoSuchSite(
            url, f"{path} wants a name and a password; give them in the address: https://NAME:PASSWORD@..."
        )
    return reply


def _answered(reply: Reply, path: str) -> str:
    there = reply.headers.get("location", "")
    if 300 <= reply.status < 400 and there:
        return f"{path} leads on to {shown(there)}; give the address of the site itself"
    what = reply.headers.get("content-type", "").partition(";")[0] or "nothing that says what it is"
    return f"{path} was answered with status {reply.status} and {what}, not as Postcards does"


def _fault(url: str) -> str:
    """What is wrong with it, for who typed it."""
    example = "give one like http://127.0.0.1:8080"
    try:
        parts = urlsplit(url)
    except ValueError:
        return example
    if parts.scheme not in ("http", "https"):
        return f"it has to begin with http:// or https://; {example}"
    if parts.hostname and (parts.path.strip("/") or parts.query or parts.fragment):
        return f"nothing may follow the host and the port, since the application has absolute paths; {example}"
    return example
