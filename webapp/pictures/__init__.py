"""Uploaded pictures: what is let in, and what is kept of it. Pure: bytes in, bytes out."""

from webapp.pictures.processing import (
    MAX_BYTES,
    MEDIA_TYPE,
    SAMPLE_BYTES,
    SMALL_WIDTH,
    Picture,
    process,
    process_avatar,
    refuse_early,
)
from webapp.pictures.refusal import PictureRefused, Reason

__all__ = [
    "MAX_BYTES",
    "MEDIA_TYPE",
    "SAMPLE_BYTES",
    "SMALL_WIDTH",
    "Picture",
    "PictureRefused",
    "Reason",
    "process",
    "process_avatar",
    "refuse_early",
]
