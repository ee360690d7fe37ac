"""Why a picture is not taken: the closed set of reasons, each with the sentence a person gets to read."""

from typing import Literal

Reason = Literal["empty", "too_many_bytes", "wrong_type", "too_many_pixels", "hidden_content", "damaged"]


class PictureRefused(ValueError):
    """A picture that is not taken: `reason` for programs, `sentence` (also the message) for the person who sent it."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


def empty() -> PictureRefused:
    return PictureRefused("empty", "That file is empty. Please choose a picture.")


def too_many_bytes(limit: int) -> PictureRefused:
    return PictureRefused("too_many_bytes", f"That picture's file is too big. The limit is {limit / 1024**2:g} MiB.")


def wrong_type(looks_like: str | None = None) -> PictureRefused:
    what = f"That is {looks_like}, which is not taken here." if looks_like else "That file is not a picture we know."
    return PictureRefused("wrong_type", f"{what} Please choose a JPEG, PNG, WebP or GIF.")


def too_many_pixels(limit: int) -> PictureRefused:
    return PictureRefused(
        "too_many_pixels",
        f"That picture has too many pixels. The limit is {limit / 1e6:g} million; please scale it down.",
    )


def hidden_content(what: str) -> PictureRefused:
    return PictureRefused(
        "hidden_content", f"That picture's file also holds {what}. Please save the picture alone and try again."
    )


def damaged() -> PictureRefused:
    return PictureRefused("damaged", "That picture is damaged or incomplete. Try opening it and saving it again.")
