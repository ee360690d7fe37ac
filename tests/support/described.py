"""The API as its OpenAPI document describes it, in the few words that tests made from it need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.openapi import document

DOCUMENT = document("0")
PASSWORDS = ("password", "current", "new")
GOOD_PASSWORD = "seven ravens"
JSON = "application/json"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Described:
    """One method of one path."""

    method: str
    path: str
    details: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def content(self) -> Mapping[str, Any]:
        """The schema of each kind of body it takes."""
        body = self.details.get("requestBody", {}).get("content", {})
        return {kind: resolved(each.get("schema", {})) for kind, each in body.items()}

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        return self.details.get("parameters", [])

    def with_ids(self) -> str:
        """The path with something well-formed, if nobody's, in its places."""
        return self.path.format(
            **{each["name"]: _matching(each["schema"]["pattern"]) for each in self.parameters if each["in"] == "path"}
        )


def operations() -> Iterator[Described]:
    """All of them."""
    for path, methods in DOCUMENT["paths"].items():
        for method, details in methods.items():
            yield Described(method.upper(), path, details)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema, or the one it refers to."""
    reference = schema.get("$ref")
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def text_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The string among what a field may be."""
    return next(each for each in (schema, *schema.get("anyOf", ())) if each.get("type") == "string")


def may_be_null(schema: Mapping[str, Any]) -> bool:
    return any(each.get("type") == "null" for each in schema.get("anyOf", ()))


def good_text(schema: Mapping[str, Any]) -> str:
    """The shortest text a field takes."""
    return "a" * max(1, text_schema(schema).get("minLength", 0))


def good_body(schema: Mapping[str, Any]) -> dict[str, str]:
    """A body that is accepted, with every field; a new password must not be one that is tried first."""
    return {
        name: GOOD_PASSWORD if name in PASSWORDS else good_text(field) for name, field in schema["properties"].items()
    }


def _matching(pattern: str) -> str:
    length = pattern.rpartition("{")[2].partition("}")[0].partition(",")[0]
    return "0" * int(length)
