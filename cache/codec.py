"""Values on their way to and from Redis: MessagePack through msgspec, never pickle.

Invariant: what comes out is of the type asked for and cannot be changed, or nothing comes out. Foreign bytes, a
truncated value, another release's shape that does not fit are all the same to the caller: a miss.

A stored value travels in an envelope that names its own key, so that an answer to another question is recognised.
"""

import os
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from cache.errors import Misuse

T = TypeVar("T")

_CHANGEABLE = (
    inspect.ListType,
    inspect.SetType,
    inspect.DictType,
    inspect.ByteArrayType,
    inspect.TypedDictType,
    inspect.AnyType,  # of these two nobody can say
    inspect.CustomType,
)


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is stored: the value's own key, a mark no other store has, its whole life in ms, and the encoded value."""

    key: str
    stamp: bytes
    life_ms: int
    payload: msgspec.Raw


class Codec(Generic[T]):
    """Encodes and decodes values of one type. Raises Misuse for a type whose values could be changed once made."""

    def __init__(self, value_type: type[T]) -> None:
        _refuse_changeable(value_type)
        self._encoder = msgspec.msgpack.Encoder()
        self._values = msgspec.msgpack.Decoder(value_type)
        self._envelopes = msgspec.msgpack.Decoder(Envelope)

    def encode(self, key: str, value: T, life_ms: int) -> bytes:
        """Raises TypeError, OverflowError or the like for a value that MessagePack cannot carry."""
        return self._encoder.encode(Envelope(key, os.urandom(8), life_ms, msgspec.Raw(self._encoder.encode(value))))

    def open(self, data: bytes) -> Envelope | None:
        """The envelope; None for anything that is none."""
        try:
            return self._envelopes.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def decode(self, payload: msgspec.Raw) -> T | None:
        """The value in an envelope; None for anything that is not of the type."""
        try:
            return self._values.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def _refuse_changeable(value_type: Any) -> None:
    seen: set[Any] = set()

    def look_at(found: Any, where: str) -> None:
        if isinstance(found, _CHANGEABLE):
            raise Misuse(f"values of {value_type!r} could be changed by whoever reads them: {where} is not immutable")
        if isinstance(found, inspect.StructType | inspect.DataclassType | inspect.NamedTupleType):
            if found.cls in seen:
                return
            seen.add(found.cls)
            _refuse_unfrozen(found)
            for field in found.fields:
                look_at(field.type, f"{found.cls.__name__}.{field.name}")
        for name in ("item_type", "types", "item_types"):
            inner = getattr(found, name, ())
            for each in inner if isinstance(inner, tuple) else (inner,):
                look_at(each, where)

    def _refuse_unfrozen(found: Any) -> None:
        config = getattr(found.cls, "__struct_config__", None) or getattr(found.cls, "__dataclass_params__", None)
        if config is not None and not config.frozen:
            raise Misuse(
                f"values of {value_type!r} could be changed by whoever reads them: freeze {found.cls.__name__}"
            )

    whole = inspect.type_info(value_type)
    if isinstance(whole, inspect.NoneType | inspect.AnyType) or getattr(whole, "includes_none", False):
        raise Misuse(f"values of {value_type!r} could be None, or anything: give them a type of their own")
    look_at(whole, "it")


__all__ = ["Codec", "Envelope"]
