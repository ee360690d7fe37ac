"""Pages for people: templates, forms, readable errors.

Every form carries a token bound to the browser and its session (`webapp/xsrf.py`). Pages allow no inline script or
style.
"""

import re
import secrets
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from tornado.web import Finish, HTTPError

from webapp.apologies import apology_for
from webapp.errors import Refusal
from webapp.forms import PASSWORDS
from webapp.handlers.base import Failure
from webapp.handlers.visitor import Visitor
from webapp.handlers.writing import NOT_ASKED, Writer
from webapp.model import Person
from webapp.outage import READS
from webapp.xsrf import fits, new_nonce, token_for

# Browsers drop control characters and take a backslash for a slash: "/<tab>/elsewhere" is another site's address.
LOCAL = re.compile(r"/(?!/)[^\\\x00-\x1f\x7f]*")
NOTICES = {
    "saved": "Saved.",
    "sent": "Your card is on its way.",
    "avatar": "Your new picture is up.",
    "ended": "Signed out there.",
    "password": "Your password is changed, and you are logged out everywhere else.",
    "report": "We are packing your data. It will appear below.",
    "gone": "Your account is deleted. Thank you for your cards.",
    "out": "You are logged out.",
}


class Page(Writer):
    """A handler that answers with HTML."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Security-Policy", self.settings["page_policy"])
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")

    async def head(self, *path: str) -> None:
        """As GET; Tornado keeps the body back."""
        answering = self.get(*path)
        if answering is not None:
            await answering

    def compute_etag(self) -> None:
        """No page is the same twice: it shows who served it."""

    async def insist(self, *, board: bool = False) -> Visitor:
        """The person logged in; anybody else is sent to log in first, and then back if this is a page one can GET."""
        visitor = await self.visitor(board=board)
        if visitor is None:
            back = f"?next={quote(self.request.uri or '/', safe='')}" if self.request.method == "GET" else ""
            self.redirect(f"/login{back}")
            raise Finish
        return visitor

    def check_xsrf_cookie(self) -> None:
        """Refuses a form that did not come from one of our pages. Raises HTTPError 403."""
        given = self.get_body_argument("_xsrf", None) or self.request.headers.get("X-XSRFToken", "")
        keys = self.resources.settings.secret_keys
        if not fits(keys, given, self.cookie("xsrf") or "", self.cookie("session") or ""):
            raise HTTPError(403, "This form is too old or not ours. Reload the page and send it again.")

    def _token(self) -> str:
        nonce = self.cookie("xsrf")
        if not nonce:
            nonce = new_nonce()
            self.give_cookie("xsrf", nonce)
        return token_for(self.resources.settings.secret_keys[0], nonce, self.cookie("session") or "")

    def show(self, template: str, me: Person | None, **context: Any) -> None:
        """Renders a template and finishes."""
        self.evidence.total_ms = self.request.request_time() * 1000
        token = self._token()
        context = {
            "me": me,
            "evidence": self.evidence if self.resources.settings.evidence else None,
            "request_path": self.request.path,
            "notice": NOTICES.get(self.request.query_arguments.get("done", [b""])[-1].decode("utf-8", "replace")),
            "unsure": False,  # whether somebody is logged in, who could not be looked up
            "errors": {},
            "form": {},
            "xsrf_token": token,
            "xsrf_field": Markup('<input type="hidden" name="_xsrf" value="{}">').format(token),
            "idempotency_key": secrets.token_urlsafe,
        } | context
        templates = self.settings["templates"]
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(templates.get_template(template).render(context))

    def show_again(
        self, template: str, me: Person | None, error: Refusal, at: str | None = None, **context: Any
    ) -> None:
        """Renders a form once more, with what was typed and what is wrong with it: `at` this field, if not at one."""
        form = {
            name: values[-1].decode("utf-8", "replace")
            for name, values in self.request.body_arguments.items()
            if name not in (*PASSWORDS, *NOT_ASKED)
        }
        self.set_refused(error)
        self.show(template, me, errors=error.faults if at is None else error.faults_at(at), form=form, **context)

    def set_refused(self, error: Refusal) -> None:
        """The status of a refusal, and when the same may be sent again."""
        self.set_status(error.status)
        if error.retry_after is not None:
            self.set_header("Retry-After", str(error.retry_after))

    def leave_for(self, path: str, done: str | None = None) -> None:
        """Redirects after a write, so that reloading does not write again."""
        mark = "&" if "?" in path else "?"
        self.redirect(path + (f"{mark}done={done}" if done else ""), status=303)

    def next_path(self, fallback: str) -> str:
        """Where a form asked to go afterwards, if it is a path of this site."""
        given = self.get_argument("next", fallback)
        return given if LOCAL.fullmatch(given) else fallback

    def write_failure(self, failure: Failure) -> None:
        if failure.status == 401 and self.request.method in ("GET", "POST"):
            self.redirect("/login", status=303)
            return
        sent = self.request.method not in READS
        uri = self.request.uri or ""
        apology = apology_for(failure.status)
        self.show(
            "error.html",
            self.known,
            notice=None,
            status=failure.status,
            title=apology.title,
            detail=failure.detail,
            faults=failure.faults,
            advice=apology.advice(sent=sent, retry_seconds=failure.retry_seconds),
            again=uri if failure.status >= 500 and not sent and LOCAL.fullmatch(uri) else None,
            retry_seconds=failure.retry_seconds,
            unsure=self.known is None and self.claim() is not None,
            request_id=self.request_id,
        )
