"""Addresses that name several hosts: `redis+cluster://user:password@a:6379,b:6379?ssl_ca_certs=ca.pem`.

Messages about a bad address never show it: it may hold a password.
"""

import ssl
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from cache.errors import Misuse

TLS_OPTIONS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What such an address says. `credentials` is the part before the @, as it was written."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    path: str
    options: dict[str, str]
    credentials: str = field(repr=False)

    @property
    def user(self) -> str | None:
        return unquote(self.credentials.partition(":")[0]) or None

    @property
    def password(self) -> str | None:
        return unquote(self.credentials.partition(":")[2]) or None


def parse_addresses(url: str, *, schemes: Collection[str], default_port: int) -> Addresses:
    """The parts of an address. Raises Misuse naming the part that cannot be used."""
    scheme, is_one, _ = url.partition("://")
    if not is_one or scheme not in schemes:
        raise Misuse(f"this address must start with {' or '.join(f'{allowed}://' for allowed in schemes)}")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Misuse(f"this {scheme} address cannot be read: {error}") from None
    credentials, _, hosts = parts.netloc.rpartition("@")
    return Addresses(
        scheme=scheme,
        hosts=tuple(_host_and_port(host, scheme, default_port) for host in hosts.split(",")),
        path=unquote(parts.path.strip("/")),
        options=dict(parse_qsl(parts.query)),
        credentials=credentials,
    )


def tls_of(addresses: Addresses) -> ssl.SSLContext | None:
    """What a `rediss` address asks for; None for another. Raises Misuse naming what cannot be used."""
    secure, options = addresses.scheme.startswith("rediss"), addresses.options
    if unknown := options.keys() - (TLS_OPTIONS if secure else ()):
        raise Misuse(f"a {addresses.scheme} address takes no {', '.join(sorted(unknown))}")
    if not secure:
        return None
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
        if "ssl_certfile" in options:
            context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    except OSError as error:
        raise Misuse(f"the certificates that a {addresses.scheme} address names cannot be read: {error}") from None
    return context


def _host_and_port(text: str, scheme: str, default_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):  # no port; an IPv6 address stands in brackets
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise Misuse(f"each host of a {scheme} address must be host or host:port, with commas between")
    return host, int(port)
