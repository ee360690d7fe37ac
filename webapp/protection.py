"""What every answer tells browsers to refuse, so that nothing of ours runs, is framed or is taken for what it is not.

Said by the application, whatever stands in front of it; `haproxy.cfg` says the same of the answers it makes itself.
"""

from typing import Final

HSTS_SECONDS: Final = 365 * 86400
INERT: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def protective_headers(*, secure: bool) -> dict[str, str]:
    """The headers of every answer. Pages replace the policy by one under which they work; `secure`: over TLS."""
    headers = {
        "Content-Security-Policy": INERT,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}; includeSubDomains"
    return headers


def page_policy(media_base_url: str | None) -> str:
    """The Content-Security-Policy of pages: nothing inline, nothing from elsewhere but pictures where so set."""
    pictures = f" {media_base_url}" if media_base_url else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
        f"img-src 'self' blob: data:{pictures}; object-src 'none'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
