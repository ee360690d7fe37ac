"""From where a request came."""

import pytest

from webapp.addresses import client_address


@pytest.mark.parametrize(
    ("forwarded_for", "peer", "address"),
    [
        ("", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("10.0.0.1, 192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("somebody", "127.0.0.1", "127.0.0.1"),
        ("192.0.2.7,", "127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::1", "192.0.2.7"),
        ("", "", ""),
    ],
)
def test_the_proxy_says_where_a_request_came_from(forwarded_for: str, peer: str, address: str) -> None:
    """Its last word, for what stands before that may be anybody's; an IPv6 subscriber is one, not 2**64."""
    assert client_address(forwarded_for, peer) == address
