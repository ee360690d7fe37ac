"""What clients may send, as structs, and how it is read: from a JSON body or from a form's fields, by one set of rules.

Whatever is wrong becomes InvalidInput naming the field. Text must be valid Unicode without control characters (line
breaks aside) and, where it may not be empty, hold more than white space.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from webapp.errors import InvalidInput

T = TypeVar("T", bound=msgspec.Struct)

# What `_text_fault` refuses, as patterns for the OpenAPI document.
_PRINTED = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f"
PLAIN = {"pattern": rf"^{_PRINTED}]*$"}
TEXT = {"pattern": rf"^{_PRINTED}]*{_PRINTED}\s]{_PRINTED}]*$"}

SHORTEST_PASSWORD = 8

Handle = Annotated[
    str, Meta(min_length=3, max_length=20, pattern="^[a-z0-9_]+$", description="Lower-case letters, digits, _")
]
Password = Annotated[
    str,
    Meta(
        min_length=SHORTEST_PASSWORD,
        max_length=200,
        description="Not one of the most common, nor little more than the handle",
        extra_json_schema=PLAIN,
    ),
]
GivenPassword = Annotated[str, Meta(min_length=1, max_length=200, extra_json_schema=PLAIN)]
TimeZone = Annotated[
    str, Meta(max_length=64, description="The browser's, for one's list of sessions", extra_json_schema=PLAIN)
]
Name = Annotated[str, Meta(min_length=1, max_length=60, extra_json_schema=TEXT)]
Bio = Annotated[str, Meta(max_length=300, extra_json_schema=PLAIN)]
CardText = Annotated[str, Meta(min_length=1, max_length=500, extra_json_schema=TEXT)]
Preference = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema=TEXT)]

LONGEST_NAME = 100  # of a field; what is refused is named in the answer
PASSWORDS = ("password", "current", "new")
SENSIBLE_BLANK = (*PASSWORDS, "bio")  # may begin or end with white space, or be empty
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
KEY = re.compile(r"[!-~]{1,200}")
BOARD_CURSOR = re.compile(r"([0-9]{1,3})\.([0-9a-f]{1,64})")
CARDS_CURSOR = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
FIELD = re.compile(r"\$\.([A-Za-z_]+)")
MISSING = re.compile(r"missing required field `([A-Za-z_]+)`")


class Signup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/v1/signup`"""

    handle: Handle
    password: Password
    name: Name
    time_zone: TimeZone = ""


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/v1/login`"""

    handle: Annotated[str, Meta(min_length=1, max_length=20, extra_json_schema=TEXT)]
    password: GivenPassword
    time_zone: TimeZone = ""


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /api/v1/me/password`"""

    current: GivenPassword
    new: Password


class Farewell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`DELETE /api/v1/me`"""

    password: GivenPassword


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /api/v1/me`"""

    name: Name
    bio: Bio = ""


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`PATCH /api/v1/me/preferences`: fields of the session; those left out stay as they are."""

    theme: Preference | None = None
    language: Preference | None = None
    density: Preference | None = None
    accent: Preference | None = None


class NewCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/v1/cards`"""

    text: CardText


def from_json(body: bytes, kind: type[T]) -> T:
    """Reads a JSON object. Raises InvalidInput naming the field, or `body` where it is none."""
    try:
        given = json.loads(body.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise InvalidInput({"body": "This is not JSON."}, status=400) from None
    if not isinstance(given, dict):
        raise InvalidInput({"body": "Send a JSON object."}, status=400)
    return _checked(given, kind)


def from_form(fields: Mapping[str, list[bytes]], kind: type[T]) -> T:
    """Reads the fields of a form that `kind` knows. Raises InvalidInput naming the field."""
    names = field_names(kind)
    given = {
        name: values[-1].decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        for name, values in fields.items()
        if name in names
    }
    return _checked(given, kind)


def field_names(kind: type[msgspec.Struct]) -> set[str]:
    """The fields of a body."""
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def refuse_strange_names(given: Collection[str], known: Collection[str]) -> None:
    """Raises InvalidInput for a field that does not belong, naming it if it can be named."""
    for name in given:
        if len(name) > LONGEST_NAME or _text_fault("name", name):
            raise InvalidInput({"body": "The name of a field is not valid text."})
        if name not in known:
            raise InvalidInput({name: "There is no such field."})


def checked_text(field: str, text: str, *, longest: int) -> str:
    """Text from elsewhere (a query, a header). Raises InvalidInput naming the field."""
    fault = _text_fault(field, text)
    if fault or len(text) > longest:
        raise InvalidInput({field: fault or f"This is longer than {longest} characters."})
    return text


def checked_key(key: str | None) -> str | None:
    """An idempotency key, or None if none was sent. Raises InvalidInput."""
    if key is not None and not KEY.fullmatch(key):
        raise InvalidInput({"Idempotency-Key": "1 to 200 visible ASCII characters, please."})
    return key


def _checked(given: dict[str, Any], kind: type[T]) -> T:
    refuse_strange_names(given, field_names(kind))
    faults = {
        name: fault for name, value in given.items() if isinstance(value, str) and (fault := _text_fault(name, value))
    }
    if faults:
        raise InvalidInput(faults)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(_told(str(error))) from None


def _text_fault(field: str, text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "This is not valid UTF-8 text."
    if CONTROL.search(text):
        return "This holds control characters."
    if text and not text.strip() and field not in SENSIBLE_BLANK:
        return "This is empty."
    return None


def _told(message: str) -> dict[str, str]:
    """msgspec's message as a field and a sentence."""
    if missing := MISSING.search(message):
        return {missing[1]: "This is missing."}
    match = FIELD.search(message)
    text = message.partition(" - at `")[0]
    length = re.search(r"`str` of length ([<>]=) (\d+)", text)
    if length:
        text = f"At {'most' if length[1] == '<=' else 'least'} {length[2]} characters, please."
    elif "matching regex" in text:
        text = "Only lower-case letters, digits and underscores, please."
    return {match[1] if match else "body": text}
