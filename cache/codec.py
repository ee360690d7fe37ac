"""Values on their way to and from Redis: MessagePack through msgspec, never pickle.

Invariant: what comes out is of the type asked for, or nothing comes out. Foreign bytes, a truncated value, another
release's shape that does not fit are all the same to the caller: a miss.

A stored value travels in an envelope with the version `v` of its owner that was read *before* the value was made,
so the label never promises more than the content holds.
"""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is stored: the owner's version, when it was stored (epoch seconds), and the encoded value."""

    version: int
    stored_at: float
    payload: msgspec.Raw


class Codec(Generic[T]):
    """Encodes and decodes values of one type."""

    def __init__(self, value_type: type[T]) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._values = msgspec.msgpack.Decoder(value_type)
        self._envelopes = msgspec.msgpack.Decoder(Envelope)

    def encode(self, value: T, version: int, stored_at: float) -> bytes:
        """Raises TypeError for a value that MessagePack cannot carry."""
        return self._encoder.encode(Envelope(version, stored_at, msgspec.Raw(self._encoder.encode(value))))

    def decode(self, data: bytes) -> tuple[T, int, float] | None:
        """Value, version and time of storing; None for anything that is not such a value."""
        try:
            envelope = self._envelopes.decode(data)
            return self._values.decode(envelope.payload), envelope.version, envelope.stored_at
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
