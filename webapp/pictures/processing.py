"""From an uploaded file to the picture that is kept.

This is the one place where bytes from strangers meet an image decoder. Dimensions are read before anything is decoded,
and only pixels survive: every picture is decoded, scaled down, turned upright, converted to sRGB and encoded anew.
Whatever is wrong with the input is a PictureRefused; nothing else is ever raised for it.

Synchronous and CPU-bound (0.2 s for a usual photo, 2.5 s at worst, mostly without the GIL): call it off the event loop,
and few at a time, for decoding at the pixel limit takes 0.1 GB (JPEG), 0.5 GB (PNG) or 0.8 GB (WebP).
"""

import hashlib
import io
from collections.abc import Callable

import msgspec
from PIL import ExifTags, Image, ImageCms, ImageOps
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from webapp.pictures import headers, refusal

MAX_BYTES = 10 * 1024**2
SAMPLE_BYTES = 1024  # what is needed of a file to tell its type, and to name it if it is not taken
MAX_PIXELS = 40_000_000
MAX_EDGE = 1600
AVATAR_EDGE = 256
SMALL_WIDTH = 640

# WebP, because one format then holds photos and transparent drawings, smaller than JPEG at the same look, and every
# browser since 2020 shows it. Slower methods (4 is the default, 6 the slowest) save a few percent for twice the time.
MEDIA_TYPE = "image/webp"
QUALITY = 82
METHOD = 2

# The classes themselves, not Image.open: it would warn on stderr about sizes that are refused here anyway, and turn
# some JPEGs into their multi-picture kin.
_DECODERS: dict[headers.Kind, Callable[[io.BytesIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "GIF": GifImageFile,
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_PROFILE_BYTES = 1024**2


class Picture(msgspec.Struct, frozen=True):
    """A picture as it is kept: encoded bytes, their media type, size in pixels, SHA-256 in hexadecimal.

    `small` is the same at SMALL_WIDTH, for lists; None where it is no wider anyway.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    sha256: str
    small: bytes | None = None


def refuse_early(sample: bytes, size: int, *, max_bytes: int = MAX_BYTES) -> None:
    """Refuses what its first SAMPLE_BYTES, or its size so far, already show. Raises PictureRefused."""
    if size > max_bytes:
        raise refusal.too_many_bytes(max_bytes)
    headers.kind(sample)


def process(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS, max_edge: int = MAX_EDGE
) -> Picture:
    """A photo, no edge longer than `max_edge`, never enlarged. Transparency is kept; of an animation the first frame.

    The same bytes always give the same picture. Raises PictureRefused.
    """

    def shrink(source: Image.Image) -> Image.Image:
        scale = max_edge / max(source.size)
        source.draft(None, (max(1, int(source.width * scale)), max(1, int(source.height * scale))))
        image = _in_plain_mode(source)
        image.thumbnail((max_edge, max_edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
        return image

    return _process(data, max_bytes, max_pixels, shrink)


def process_avatar(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS, edge: int = AVATAR_EDGE
) -> Picture:
    """An avatar: the square in the middle, `edge` by `edge` pixels, enlarged if need be. Raises PictureRefused."""

    def crop(source: Image.Image) -> Image.Image:
        source.draft(None, (edge, edge))
        return ImageOps.fit(_in_plain_mode(source), (edge, edge), Image.Resampling.LANCZOS)

    return _process(data, max_bytes, max_pixels, crop)


def _process(data: bytes, max_bytes: int, max_pixels: int, fit: Callable[[Image.Image], Image.Image]) -> Picture:
    """`fit` gets the picture before it is decoded, so that it can ask JPEG to decode at 1/2, 1/4 or 1/8."""
    if not data:
        raise refusal.empty()
    if len(data) > max_bytes:
        raise refusal.too_many_bytes(max_bytes)
    kind = headers.kind(data)
    headers.refuse_hidden_content(data)
    _refuse_giant(headers.size(kind, data), max_pixels)
    try:
        with _DECODERS[kind](io.BytesIO(data)) as source:
            _refuse_giant(source.size, max_pixels)  # a GIF's first frame may exceed the canvas of its header
            turn = _UPRIGHT.get(_orientation(source))
            profile = source.info.get("icc_profile")
            image = fit(source)
        image = _in_srgb(image, profile)
        return _encode(image if turn is None else image.transpose(turn))
    except refusal.PictureRefused:
        raise
    except Image.DecompressionBombError as error:
        raise refusal.too_many_pixels(max_pixels) from error
    except Exception as error:  # a decoder fed by strangers raises anything, and here all of it means one thing
        raise refusal.damaged() from error


def _refuse_giant(size: headers.Size, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise refusal.too_many_pixels(max_pixels)


def _orientation(source: Image.Image) -> int:
    try:
        return int(source.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  broken EXIF raises anything, and is no reason to lose a sound picture
        return 1


def _in_plain_mode(source: Image.Image) -> Image.Image:
    """Decodes, and brings palettes, bitmaps and 16-bit greys to the modes that can be scaled and encoded."""
    source.load()
    if source.mode.startswith("I"):
        return source.point(lambda value: value / 256).convert("L")  # convert() alone would clip 16 bits
    if source.has_transparency_data:
        image = source.convert("RGBA")
        return image.convert("RGB") if image.getchannel("A").getextrema() == (255, 255) else image
    return source if source.mode in {"RGB", "L", "CMYK"} else source.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as browsers assume them, since the profile is dropped: phones write Display P3, cameras Adobe RGB."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        try:
            srgb = ImageCms.createProfile("sRGB")
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, srgb, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a profile that cannot be used: show the numbers as they are, as a browser would
        if converted is not None:
            return converted
    return image if image.mode == mode else image.convert(mode)


def _encode(image: Image.Image) -> Picture:
    image.info.clear()  # save() would write profile and comments that it finds there
    data, small = _as_webp(image), None
    if image.width > SMALL_WIDTH:
        height = max(1, round(image.height * SMALL_WIDTH / image.width))
        small = _as_webp(image.resize((SMALL_WIDTH, height), Image.Resampling.LANCZOS))
    return Picture(data, MEDIA_TYPE, image.width, image.height, hashlib.sha256(data).hexdigest(), small)


def _as_webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=METHOD)
    return out.getvalue()
