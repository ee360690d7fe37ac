"""Tokens that prove a form came from one of our own pages: the signed double-submit pattern, bound to the session.

(OWASP Cross-Site Request Forgery Prevention: "HMAC based token pattern".) A token is the HMAC of a random cookie and of
the session cookie, so one planted by somebody else, or one made for another session, does not fit. Nothing is kept.
Keys are rotated by putting a new one in front: tokens are made with the first and accepted with any.
"""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256


def new_nonce() -> str:
    """The random part, kept in a cookie of its own."""
    return secrets.token_urlsafe(16)


def token_for(key: str, nonce: str, session: str) -> str:
    """The token of a page shown to whoever holds these two cookies ('' for none)."""
    return hmac.new(key.encode(), f"xsrf {len(nonce)} {nonce} {session}".encode(), sha256).hexdigest()


def fits(keys: Sequence[str], token: str, nonce: str, session: str) -> bool:
    """Whether a token was made for these cookies with one of the keys."""
    if not nonce:
        return False
    return any(hmac.compare_digest(token_for(key, nonce, session).encode(), token.encode()) for key in keys)
