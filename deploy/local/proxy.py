"""What `haproxy.cfg` hears from the stack: which slots run where, and the cookie value of each.

The value of a slot is derived from AFFINITY_KEY, so every process that has the key agrees on it and nobody else can
guess it. The web application derives the same values; a contract test holds both together.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from deploy.local.settings import MOST_SLOTS

COOKIE_LENGTH = 22  # 132 bits
SECURE_COOKIE = "__Host-SRV"  # a name with which browsers take it from this host by https alone


def slot_cookie(affinity_key: str, slot: str) -> str:
    digest = hmac.new(affinity_key.encode(), slot.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")[:COOKIE_LENGTH]


def proxy_environ(addresses: Mapping[int, str], *, sticky: bool, affinity_key: str, secure: bool) -> dict[str, str]:
    """The variables of all slots; those without an address are disabled. `secure`: browsers come by https."""
    slots = range(1, MOST_SLOTS + 1)
    return {
        "STICKY_MODE": "on" if sticky else "off",
        **slot_variables(addresses),
        **{f"AFFINITY_{slot}": slot_cookie(affinity_key, f"web-{slot}") for slot in slots},
        **({"AFFINITY_SECURE": "secure", "AFFINITY_COOKIE": SECURE_COOKIE} if secure else {}),
    }


def slot_variables(addresses: Mapping[int, str]) -> dict[str, str]:
    """Where the slots are, and which of them are enabled: those that have an address."""
    return {
        **{f"WEB_{slot}": address for slot, address in addresses.items()},
        **{f"SLOT_{slot}": "enabled" if slot in addresses else "disabled" for slot in range(1, MOST_SLOTS + 1)},
    }
