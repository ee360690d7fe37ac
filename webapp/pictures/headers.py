"""What a file is, told from its first bytes and markers, before any decoder sees it.

Reads only; never allocates by what the file claims. Whether a picture is sound is for the decoder to say.
"""

import re
from typing import Literal

from webapp.pictures import refusal

Kind = Literal["JPEG", "PNG", "WEBP", "GIF"]
Size = tuple[int, int]

MAX_JPEG_SCANS = 64  # encoders make about ten; each scan costs a pass over all pixels, so a small file could buy hours

_STRANGERS_BY_BRAND = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "a HEIC photo"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF picture"),
}
_STRANGERS_BY_START = (
    (b"%PDF-", "a PDF document"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture or raw photo"),
    (b"MM\x00*", "a TIFF picture or raw photo"),
)
_SOF_WITHOUT_SIZE = {0xC4, 0xC8, 0xCC}  # among C0..CF these three are tables, not frame headers
_SCRIPT = re.compile(rb"<(?:\?php|script|html)", re.IGNORECASE)
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22
_ZIP_MAX_COMMENT = 65_535


def kind(data: bytes) -> Kind:
    """The type by content. Raises PictureRefused (`wrong_type`) for anything but the four types."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    raise refusal.wrong_type(_known_stranger(data))


def size(kind: Kind, data: bytes) -> Size:
    """Width and height as the header claims them. Raises PictureRefused (`damaged`) when it does not say."""
    found = _READERS[kind](data)
    if found is None or 0 in found:
        raise refusal.damaged()
    return found


def refuse_hidden_content(data: bytes) -> None:
    """Refuses a picture that other programs would take for something else: an archive, a document, a script.

    What cameras append (motion clips, second images, previews) is no reason to refuse: encoding anew drops it.
    """
    if _ends_as_zip(data):
        raise refusal.hidden_content("an archive")
    if b"%PDF-" in data[:1024]:
        raise refusal.hidden_content("a document")
    if _SCRIPT.search(data):
        raise refusal.hidden_content("a script")


def _known_stranger(data: bytes) -> str | None:
    if data[4:8] == b"ftyp":
        return _STRANGERS_BY_BRAND.get(data[8:12], "a video")
    if b"<svg" in data[:1024].lower():
        return "an SVG drawing"
    return next((name for start, name in _STRANGERS_BY_START if data.startswith(start)), None)


def _ends_as_zip(data: bytes) -> bool:
    at = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_END_BYTES - _ZIP_MAX_COMMENT))
    # Four bytes may come about by chance; that the comment's length then also fits may not.
    return at >= 0 and at + _ZIP_END_BYTES + int.from_bytes(data[at + 20 : at + 22], "little") == len(data)


def _png_size(data: bytes) -> Size | None:
    if data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif_size(data: bytes) -> Size | None:
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _webp_size(data: bytes) -> Size | None:
    """RFC 9649: the canvas of an extended file, else the frame header of the lossless or lossy bitstream."""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> Size | None:
    """ITU T.81, annex B: walks the markers up to the end of the image, counting its scans."""
    found: Size | None = None
    scans = 0
    at = data.find(b"\xff", 2)
    while 0 <= at < len(data) - 3:
        marker = data[at + 1]
        if marker == 0xD9:
            break
        if 0xC0 <= marker <= 0xCF and marker not in _SOF_WITHOUT_SIZE:
            found = int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at = _after(marker, data, at)
        if marker == 0xDA:
            scans += 1
            if scans > MAX_JPEG_SCANS:
                raise refusal.damaged()
            after = _MARKER_AFTER_SCAN.search(data, at)
            at = after.start() if after else -1
        elif at >= 0:
            at = data.find(b"\xff", at)
    return found


def _after(marker: int, data: bytes, at: int) -> int:
    """Where to look on after the marker at `at`."""
    if marker == 0xFF:
        return at + 1
    if marker in {0x00, 0x01} or 0xD0 <= marker <= 0xD8:
        return at + 2
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


_READERS = {"JPEG": _jpeg_size, "PNG": _png_size, "WEBP": _webp_size, "GIF": _gif_size}
