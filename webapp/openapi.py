"""The OpenAPI 3.1 document of the API, made from the same structs that read its bodies and write its answers."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from webapp import answers, forms
from webapp.model import Card

PROBLEM = "application/problem+json"
REF = "#/components/schemas/{name}"
CARD_ID = ("id", "^[0-9a-f]{24}$")
HANDLE = ("handle", "^[a-z0-9_]{3,20}$")
SESSION_ID = ("id", "^[0-9a-f]{64}$")
EXPLAINED = {
    400: "The request is not well-formed.",
    401: "Nobody is logged in, or the session has ended.",
    403: "A browser sent this from another site, or a password is wrong.",
    404: "There is no such thing.",
    409: "It is taken.",
    413: "The request is too large.",
    422: "A field cannot be accepted; `errors` names it.",
    429: "Too many of these; try again after `Retry-After` seconds.",
    503: "A backing service is not answering; try again after `Retry-After` seconds.",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path. `answer` is the struct of the success, None for an empty one.

    `counted`: has a quota; `streams`: answers with events of that struct instead of one.
    """

    method: str
    path: str
    summary: str
    answer: type | None
    status: int = 200
    body: type | None = None
    binary: tuple[str, ...] = ()
    path_parameter: tuple[str, str] | None = None
    cursor: str | None = None
    needs_session: bool = True
    counted: bool = False
    streams: bool = False
    failures: tuple[int, ...] = field(default=())

    @property
    def keyed(self) -> bool:
        """Whether it may carry an idempotency key: every write of somebody who is logged in."""
        return self.method != "get" and self.needs_session


OPERATIONS = (
    Operation(
        "post",
        "/signup",
        "Create an account and log in",
        answers.Me,
        201,
        forms.Signup,
        needs_session=False,
        failures=(409, 429),
    ),
    Operation("post", "/login", "Log in", answers.Me, 200, forms.Login, needs_session=False, failures=(401, 429)),
    Operation("post", "/logout", "End this session", None, 204, needs_session=False),
    Operation("get", "/me", "The person logged in", answers.Me),
    Operation("put", "/me", "Change the profile", answers.Me, body=forms.Profile),
    Operation(
        "delete",
        "/me",
        "Delete the account and all that belongs to it; the rest of it goes within a minute",
        None,
        204,
        forms.Farewell,
        failures=(429,),
    ),
    Operation(
        "put",
        "/me/password",
        "Change the password; ends all other sessions and renews this one",
        answers.Ended,
        body=forms.NewPassword,
        failures=(409, 429),
    ),
    Operation("patch", "/me/preferences", "Change preferences of this session", answers.Me, body=forms.Preferences),
    Operation(
        "put",
        "/me/avatar",
        "Put up a picture",
        answers.Avatar,
        binary=("image/jpeg", "image/png", "image/webp", "image/gif"),
        counted=True,
    ),
    Operation("get", "/visits", "Visitors so far", answers.Visits, needs_session=False),
    Operation("post", "/visits", "Count a visit", answers.Visits, needs_session=False),
    Operation("get", "/board", "A page of one's board", answers.BoardPage, cursor=forms.BOARD_CURSOR.pattern),
    Operation("post", "/cards", "Send a card", Card, 201, forms.NewCard, counted=True),
    Operation("get", "/cards/{id}", "A card", Card, path_parameter=CARD_ID, needs_session=False),
    Operation("put", "/cards/{id}/like", "Like a card", answers.Likes, path_parameter=CARD_ID),
    Operation("delete", "/cards/{id}/like", "Take a like back", answers.Likes, path_parameter=CARD_ID),
    Operation(
        "get",
        "/people/{handle}",
        "A profile and a page of its cards",
        answers.PersonSeen,
        path_parameter=HANDLE,
        cursor=forms.CARDS_CURSOR.pattern,
        needs_session=False,
    ),
    Operation("put", "/people/{handle}/follow", "Follow somebody", answers.Following, path_parameter=HANDLE),
    Operation("delete", "/people/{handle}/follow", "Stop following", answers.Following, path_parameter=HANDLE),
    Operation("get", "/sessions", "One's sessions", answers.SessionList),
    Operation("delete", "/sessions", "End all of one's sessions", answers.Ended),
    Operation("delete", "/sessions/{id}", "End one of one's sessions", None, 204, path_parameter=SESSION_ID),
    Operation("post", "/reports", "Ask for an export of one's data", answers.ReportSeen, 202, counted=True),
    Operation("get", "/reports/{id}", "An export", answers.ReportSeen, path_parameter=CARD_ID),
    Operation(
        "get",
        "/reports/{id}/events",
        "How an export goes on",
        answers.ReportSeen,
        path_parameter=CARD_ID,
        streams=True,
        failures=(429,),
    ),
)


def document(version: str, session_cookie: str = "session") -> dict[str, Any]:
    """The whole document, ready to be encoded. The cookie's name depends on how browsers reach the application."""
    structs = {each for operation in OPERATIONS for each in (operation.body, operation.answer) if each is not None}
    _, components = msgspec.json.schema_components(
        sorted(structs | {answers.Problem}, key=lambda each: each.__name__), ref_template=REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/api/v1{operation.path}", {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Postcards", "version": version, "description": "The same as the pages, as JSON."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": session_cookie}},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method}{operation.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "responses": _responses(operation),
    }
    parameters = _parameters(operation)
    if parameters:
        described["parameters"] = parameters
    content = _content(operation)
    if content:
        described["requestBody"] = {"required": True, "content": content}
    if operation.needs_session:
        described["security"] = [{"session": []}]
    return described


def _content(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {} for kind in operation.binary}
    if operation.body is not None:
        content["application/json"] = {"schema": _ref(operation.body)}
    if operation.body is forms.NewCard:
        text = msgspec.json.schema(forms.CardText)
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "required": ["text"],
                "additionalProperties": False,
                "properties": {"text": text, "photo": {"type": "string", "format": "binary"}},
            }
        }
    return content


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if operation.path_parameter is not None:
        name, pattern = operation.path_parameter
        parameters.append(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}
        )
    if operation.cursor is not None:
        schema = {"type": "string", "pattern": f"^{operation.cursor}$"}
        parameters.append(
            {"name": "cursor", "in": "query", "description": "`next_cursor` of the page before.", "schema": schema}
        )
    if operation.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same write again with the same key is answered as before; another one: 422.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            }
        )
    if operation.streams:
        parameters.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The id of the last event received: only what is new since is told.",
                "schema": {"type": "string", "maxLength": 40, "pattern": "^[!-~]+$"},
            }
        )
    return parameters


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if operation.streams:
        success["description"] = "Events named `report`, each with a ReportSeen; only one where none are accepted."
        success["content"] = {"text/event-stream": {}}
    elif operation.answer is not None:
        success["content"] = {"application/json": {"schema": _ref(operation.answer)}}
    failures = {400, 503, *operation.failures}
    if operation.needs_session:
        failures.add(401)
    if operation.method != "get":
        failures.update((403, 413))
    if operation.body or operation.binary or operation.cursor or operation.keyed or operation.path_parameter == HANDLE:
        failures.add(422)
    if operation.counted:
        failures.add(429)
    if operation.path_parameter:
        failures.add(404)
    problem = {"content": {PROBLEM: {"schema": _ref(answers.Problem)}}}
    more = {"204": {"description": "It is finished, and `Last-Event-ID` says that this is known."}}
    return (
        {str(operation.status): success}
        | (more if operation.streams else {})
        | {str(status): {"description": EXPLAINED[status], **problem} for status in sorted(failures)}
    )


def _ref(struct: type) -> dict[str, str]:
    return {"$ref": REF.format(name=struct.__name__)}
