"""From where a request came, as far as it can be known: what the proxy in front says, for it lets nobody else say it
(haproxy.cfg), or the other end of the connection where there is no proxy."""

from ipaddress import IPv6Address, IPv6Network, ip_address

SUBSCRIBER_BITS = 64  # of an IPv6 address: the rest is for its subscriber to choose at will


def client_address(forwarded_for: str, peer: str) -> str:
    """The address of a client, for IPv6 its network: the last of X-Forwarded-For, or the peer's if that is none."""
    try:
        address = ip_address(forwarded_for.rpartition(",")[2].strip() or peer)
    except ValueError:
        return peer
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((int(address), SUBSCRIBER_BITS), strict=False))
        address = address.ipv4_mapped
    return str(address)
