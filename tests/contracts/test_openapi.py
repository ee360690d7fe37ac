"""The OpenAPI document tells the truth: it is well-formed, complete, and the running application does what it says.

Schemathesis makes the requests. The same ones on every run: a new finding is never news about an old commit.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from described import DOCUMENT, operations
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case
from sites import PASSWORD, Site, site_in_thread, variables_of

from deploy.local import single_store
from webapp.app import ROUTES
from webapp.errors import InvalidInput
from webapp.forms import KEY, SHORTEST_PASSWORD
from webapp.guessable import refuse_guessable

EXAMPLES = 10
CHAINS = 10
SEED = 1
UNDESCRIBED = {"/api/v1/openapi.json", "/api/.*"}  # the document itself, and what is not there
PLACES = {"cards": "{id}", "people": "{handle}", "sessions": "{id}", "reports": "{id}"}
ENDING = {"POST /api/v1/signup", "POST /api/v1/login", "POST /api/v1/logout", "DELETE /api/v1/sessions"}
HANDLE = "ada"
UNTHROTTLED = {"FAILED_LOGINS_PER_ACCOUNT": "1000000", "LOGINS_PER_ADDRESS": "1000000"}


def pictures() -> st.SearchStrategy[bytes]:
    """Small pictures that can be put up, in each format that is taken."""

    def drawn(kind: str, colour: int) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (8, 8), (colour, 0, 0)).save(out, kind)
        return out.getvalue()

    return st.builds(drawn, st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.integers(0, 255))


def loaded() -> Any:
    """The document as schemathesis understands it."""
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config(seed=SEED))
    schema.config.generation.update(max_examples=EXAMPLES, deterministic=True, database="none")
    schema.config.generation.with_security_parameters = False  # the cookie is the session's, below,
    schema.config.checks.ignored_auth.enabled = False  # which this check cannot see; a test of its own asks strangers
    return schema


for media_type in ("image/png", "image/jpeg", "image/webp", "image/gif"):
    schemathesis.openapi.media_type(media_type, pictures())
schemathesis.openapi.format("binary", pictures())
SCHEMA = loaded()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]) -> Iterator[Site]:
    """The application over stores of its own, with somebody called HANDLE in it."""
    with (
        single_store("redis", tmp_path_factory.mktemp("redis"), clean_environ) as redis,
        single_store("mongodb", tmp_path_factory.mktemp("mongodb"), clean_environ) as mongodb,
        single_store("s3", tmp_path_factory.mktemp("s3"), clean_environ) as s3,
        site_in_thread(variables_of(redis, mongodb, s3, S3_BUCKET="described", **UNTHROTTLED)) as site,
    ):
        requests.post(
            f"{site.url}/api/v1/signup", json={"handle": HANDLE, "password": PASSWORD, "name": "Ada"}, timeout=10
        ).raise_for_status()
        yield site


@pytest.fixture(scope="module")
def logged_in(running: Site) -> Iterator["LoggedIn"]:
    with LoggedIn(running.url) as session:
        yield session


class LoggedIn(requests.Session):
    """Somebody who logs in again whenever a request has ended their session."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.site = url

    def renew(self, case: Case) -> None:
        """To be called after each case; operations that replace or end the session leave a stranger's behind."""
        if case.operation.label in ENDING or "session" not in self.cookies:
            self.log_in()

    def log_in(self) -> None:
        self.cookies.clear()
        body = {"handle": HANDLE, "password": PASSWORD}
        super().post(f"{self.site}/api/v1/login", json=body, timeout=10).raise_for_status()


_serial = itertools.count(1)


def renew_key(case: Case) -> None:
    """A key is used for one card only; that the same key is refused for another has tests of its own."""
    if case.headers and KEY.fullmatch(case.headers.get("Idempotency-Key") or ""):
        case.headers["Idempotency-Key"] = f"key-{next(_serial)}"


def harden_password(case: Case) -> None:
    """What no schema says, that a password must not be one that is guessed first, has tests of its own."""
    if not isinstance(case.body, dict):
        return
    handle = case.body.get("handle", HANDLE)
    for field in ("password", "new"):
        password = case.body.get(field)
        if isinstance(password, str) and isinstance(handle, str) and guessable(password, handle):
            case.body = {**case.body, field: PASSWORD}


def guessable(password: str, handle: str) -> bool:
    """Whether a password that is long enough is refused."""
    try:
        refuse_guessable("password", password, handle)
    except InvalidInput:
        return len(password) >= SHORTEST_PASSWORD
    return False


def described_routes() -> set[tuple[str, str]]:
    return {(operation.method, operation.path) for operation in operations()}


def implemented_routes() -> Iterator[tuple[str, str]]:
    for path, handler, _ in ROUTES:
        if path.startswith("/api/") and path not in UNDESCRIBED:
            named = re.sub(r"/(\w+)/\([^)]*\)", lambda match: f"/{match[1]}/{PLACES[match[1]]}", path)
            for method in handler.methods():
                yield method, named


def test_the_document_is_valid() -> None:
    """OpenAPI 3.1, by its own schema; and every reference leads somewhere."""
    SCHEMA.validate()
    names = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(DOCUMENT))
    assert set(names) == set(DOCUMENT["components"]["schemas"])


def test_every_route_of_the_api_is_described_and_nothing_else() -> None:
    """Paths and methods, in both directions."""
    assert described_routes() == set(implemented_routes())


def test_every_operation_has_a_name_of_its_own() -> None:
    """Clients that are made from the document name their methods after them."""
    names = [operation.details["operationId"] for operation in operations()]
    assert len(set(names)) == len(names)


@SCHEMA.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_the_application_does_what_the_document_says(case: Case, logged_in: LoggedIn) -> None:
    """For somebody logged in: statuses, types and shapes of answers, bad input refused, good input taken."""
    if "session" not in logged_in.cookies:
        logged_in.log_in()
    renew_key(case)
    harden_password(case)
    try:
        case.call_and_validate(base_url=logged_in.site, session=logged_in)
    finally:
        logged_in.renew(case)


@SCHEMA.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_the_application_does_what_the_document_says_to_strangers(case: Case, running: Site) -> None:
    """For somebody without a session: 401 where one is needed, everything else as for anybody."""
    harden_password(case)
    with requests.Session() as stranger:
        answer = case.call_and_validate(base_url=running.url, session=stranger)
    wrong_method = case.method not in (operation.method for operation in operations() if operation.path == case.path)
    if "security" in case.operation.definition.raw and not wrong_method:
        assert answer.status_code in (400, 401, 404), (
            answer.status_code
        )  # a form that cannot be read, a path that is none


def test_chains_of_requests_hold_together(running: Site) -> None:
    """What one answer names, the next request uses: a card that was sent is liked, a report asked for is looked at."""

    class Chain(SCHEMA.as_state_machine()):  # type: ignore[misc]  # made from the document
        def setup(self) -> None:
            self.session = LoggedIn(running.url)
            self.session.log_in()

        def teardown(self) -> None:
            self.session.close()

        def before_call(self, case: Case) -> None:
            renew_key(case)
            harden_password(case)
            if "session" not in self.session.cookies:
                self.session.log_in()

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"base_url": running.url, "session": self.session}

        def after_call(self, response: Any, case: Case) -> None:
            self.session.renew(case)

    quick = settings(
        max_examples=CHAINS,
        stateful_step_count=8,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Chain.run(settings=quick)
