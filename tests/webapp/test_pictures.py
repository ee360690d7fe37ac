"""Uploaded pictures: what is refused and why, and what is left of what is taken."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from webapp.pictures import Picture, PictureRefused, process, process_avatar
from webapp.pictures.headers import MAX_JPEG_SCANS

FORMATS = ["JPEG", "PNG", "WEBP", "GIF"]
SECRET = b"home is at 52.3676 N, 4.9041 E"


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


def quarters(width: int = 80, height: int = 40) -> Image.Image:
    """Red, green over blue, white: any turn or flip shows."""
    image = Image.new("RGB", (2, 2))
    for place, colour in (((0, 0), "red"), ((1, 0), "lime"), ((0, 1), "blue"), ((1, 1), "white")):
        image.paste(colour, (*place, place[0] + 1, place[1] + 1))
    return image.resize((width, height), Image.Resampling.NEAREST)


def corners(image: Image.Image) -> list[str]:
    """The nearest named colour an eighth in from each corner: top left, top right, bottom left, bottom right."""
    names = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
    near, far_x, far_y = image.width // 8, image.width * 7 // 8, image.height * 7 // 8
    found = []
    for at in ((near, near), (far_x, near), (near, far_y), (far_x, far_y)):
        pixel = image.convert("RGB").getpixel(at)
        assert isinstance(pixel, tuple)
        distances = {name: sum(abs(a - b) for a, b in zip(pixel, rgb, strict=True)) for name, rgb in names.items()}
        found.append(min(distances, key=distances.__getitem__))
    return found


def refusal(data: bytes, **limits: int) -> PictureRefused:
    with pytest.raises(PictureRefused) as caught:
        process(data, **limits)
    return caught.value


@cache
def sample(form: str) -> bytes:
    return encoded(Image.radial_gradient("L").convert("RGB").resize((96, 64)), form)


@pytest.mark.parametrize("form", FORMATS)
def test_every_welcome_type_becomes_a_webp_of_the_same_look(form: str) -> None:
    """JPEG, PNG, WebP and GIF are taken, and the record tells the truth about what is kept."""
    picture = process(encoded(quarters(), form))
    image = opened(picture)
    assert (image.format, picture.media_type) == ("WEBP", "image/webp")
    assert (picture.width, picture.height) == image.size == (80, 40)
    assert len(picture.sha256) == 64
    assert corners(image) == ["red", "lime", "blue", "white"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_bytes_give_the_same_picture(form: str) -> None:
    """Pictures are stored by their hash, so a repeated upload must hash alike."""
    assert process(sample(form)) == process(sample(form))


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 1000), (1600, 400)), ((900, 3200), (450, 1600)), ((9, 7), (9, 7))]
)
def test_a_photo_is_scaled_down_but_never_up(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """The longer edge ends at the limit, the aspect stays, and small pictures are left alone."""
    picture = process(encoded(Image.new("RGB", size, "teal"), "JPEG"))
    assert (picture.width, picture.height) == expected


@pytest.mark.parametrize(
    ("size", "small"), [((1200, 900), (640, 480)), ((641, 10), (640, 10)), ((4000, 1), (640, 1)), ((640, 900), None)]
)
def test_a_wide_photo_has_a_small_one(size: tuple[int, int], small: tuple[int, int] | None) -> None:
    """For lists, of the same shape; where it would be no narrower there is none."""
    picture = process(encoded(Image.new("RGB", size, "teal"), "PNG"))
    found = None if picture.small is None else Image.open(io.BytesIO(picture.small)).size
    assert found == small


def test_what_is_cut_out_is_cut_out_of_the_small_one_as_well() -> None:
    """And nobody's position is in either."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    small = process(encoded(Image.new("RGBA", (1000, 500), (0, 0, 0, 0)), "PNG", exif=exif)).small
    assert small is not None
    assert SECRET not in small
    assert Image.open(io.BytesIO(small)).mode == "RGBA"


@pytest.mark.parametrize("size", [(20_000, 2), (1, 9_000), (1, 1)])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_thinnest_picture_is_still_a_picture(form: str, size: tuple[int, int]) -> None:
    """Scaling down never scales an edge away."""
    picture = process(encoded(Image.new("RGB", size, "teal"), form))
    assert max(picture.width, picture.height) == min(max(size), 1600)
    assert min(picture.width, picture.height) >= 1


@pytest.mark.parametrize("size", [(600, 300), (300, 600), (10, 10), (1, 900)])
def test_an_avatar_is_always_the_same_square(size: tuple[int, int]) -> None:
    """Whatever its shape, an avatar becomes 256 by 256."""
    picture = process_avatar(encoded(Image.new("RGB", size, "teal"), "PNG"))
    assert (picture.width, picture.height) == opened(picture).size == (256, 256)


def test_an_avatar_shows_the_middle() -> None:
    """The sides are cut off, not squeezed in."""
    image = Image.new("RGB", (900, 300), "red")
    image.paste("lime", (300, 0, 600, 300))
    assert corners(opened(process_avatar(encoded(image, "PNG")))) == ["lime"] * 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation: int) -> None:
    """All eight EXIF orientations end up as the photographer saw them."""
    undo = [None, 0, 3, 1, 5, 2, 6, 4][orientation - 1]  # the transpositions that put a picture in that orientation
    stored = quarters() if undo is None else quarters().transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = process(encoded(stored, "JPEG", exif=exif, quality=95))
    assert (picture.width, picture.height) == (80, 40)
    assert corners(opened(picture)) == ["red", "lime", "blue", "white"]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow says so; the picture is taken all the same
@pytest.mark.parametrize("exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"\x00"])
def test_broken_exif_does_not_cost_a_sound_picture(exif: bytes) -> None:
    """Some cameras and editors write nonsense there; the pixels are fine."""
    assert process(encoded(quarters(), "JPEG", exif=exif)).width == 80


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_survives(form: str) -> None:
    """Where a photo was taken, by whom and with what stays with its sender."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    options: dict[str, Any] = {
        "exif": exif,
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        options["pnginfo"] = text
    data = encoded(quarters(), form, **options)
    assert SECRET in data
    kept = process(data).data
    assert SECRET not in kept
    assert not [name for name in (b"EXIF", b"ICCP", b"XMP ") if name in kept]


def test_colours_move_from_the_profile_into_the_numbers() -> None:
    """A profile that calls red green turns red pixels green, since the profile itself is dropped."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmp_").replace(b"gXYZ", b"rXYZ").replace(b"tmp_", b"gXYZ")
    kept = opened(process(encoded(quarters(), "PNG", icc_profile=swapped)))
    assert corners(kept) == ["lime", "red", "blue", "white"]


def test_a_broken_colour_profile_is_ignored() -> None:
    """Like a browser: the numbers are shown as they are."""
    assert corners(opened(process(encoded(quarters(), "PNG", icc_profile=b"nonsense")))) == [
        "red",
        "lime",
        "blue",
        "white",
    ]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept(mode: str) -> None:
    """A cut-out stays a cut-out, so that it looks right on paper tones, light and dark."""
    image = Image.new("RGBA", (40, 40), (200, 30, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 40))
    kept = opened(process(encoded(image.convert(mode), "PNG")))
    assert kept.mode == "RGBA"
    assert (kept.getchannel("A").getpixel((5, 20)), kept.getchannel("A").getpixel((35, 20))) == (0, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "CMYK", "RGBA"])
def test_unusual_modes_become_plain_colour(mode: str) -> None:
    """Bitmaps, greys of 8 and 16 bits, palettes, print colours and useless alpha all end as RGB."""
    image = Image.new(mode, (20, 20)) if mode == "I;16" else Image.new("RGB", (20, 20), "gray").convert(mode)
    assert opened(process(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))).mode == "RGB"


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    """Scans and astronomers' pictures are scaled to eight bits, not clipped to white."""
    image = Image.new("I;16", (20, 20), 0x8000)
    grey = opened(process(encoded(image, "PNG"))).convert("L").tobytes()[0]
    assert 120 < grey < 136


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(form: str) -> None:
    """A moving picture becomes a still one."""
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "lime", "blue")]
    image = opened(process(encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)))
    assert getattr(image, "n_frames", 1) == 1
    assert corners(image) == ["red"] * 4


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", "empty", "empty"),
        (b"\0" * 5000, "wrong_type", "JPEG, PNG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong_type", "SVG"),
        (b"<?xml version='1.0'?>\n<svg onload='alert(1)'/>", "wrong_type", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "wrong_type", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "wrong_type", "video"),
        (b"%PDF-1.7\n", "wrong_type", "PDF"),
        (b"MZ\x90\0" + b"\0" * 99, "wrong_type", "not a picture"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "wrong_type", "not a picture"),
        (b"\xff\xd8\xff", "damaged", "damaged"),
        (b"GIF89a", "damaged", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged", "damaged"),
        (b"RIFF\0\0\0\0WEBP", "damaged", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(data: bytes, reason: str, words: str) -> None:
    """A program gets a reason from a closed set, a person a sentence that names the trouble."""
    refused = refusal(data)
    assert refused.reason == reason
    assert words in refused.sentence
    assert str(refused) == refused.sentence


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO", "PPM", "TGA"])
def test_other_picture_types_never_reach_a_decoder(form: str) -> None:
    """Pillow knows dozens of formats; strangers may use four."""
    assert refusal(encoded(quarters(), form)).reason == "wrong_type"


def test_too_many_bytes_are_refused_naming_the_limit() -> None:
    """The size limit is checked before anything else looks at the bytes."""
    refused = refusal(b"\xff" * (3 * 1024**2 + 1), max_bytes=3 * 1024**2)
    assert (refused.reason, "3 MiB" in refused.sentence) == ("too_many_bytes", True)


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + canvas + b"ANIM\x06\0\0\0" + b"\0" * 6


def gif_claiming(width: int, height: int, *, frame: tuple[int, int] | None = None) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"," + struct.pack("<HHHHB", 0, 0, *(frame or (width, height)), 0) + b"\x02\x02\x44\x01\0;"


def jpeg_claiming(width: int, height: int) -> bytes:
    data = encoded(Image.new("L", (8, 8)), "JPEG")
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


@pytest.mark.parametrize(
    "data",
    [
        png_claiming(100_000, 100_000),
        png_claiming(2**31 - 1, 2**31 - 1),
        webp_claiming(16_384, 16_384),
        gif_claiming(65_535, 65_535),
        gif_claiming(10, 10, frame=(65_535, 65_535)),
        jpeg_claiming(65_500, 65_500),
    ],
    ids=["png", "png-max", "animated-webp", "gif", "gif-frame", "jpeg"],
)
def test_decompression_bombs_are_refused_unopened(data: bytes) -> None:
    """A few hundred bytes that claim billions of pixels cost nothing."""
    assert refusal(data).reason == "too_many_pixels"


@pytest.mark.parametrize("form", FORMATS)
def test_the_pixel_limit_is_exact(form: str) -> None:
    """One pixel over the limit is over the limit."""
    data = encoded(Image.new("RGB", (50, 40)), form)
    assert process(data, max_pixels=2000).width == 50
    assert refusal(data, max_pixels=1999).reason == "too_many_pixels"


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    """Each scan of a progressive JPEG is a pass over all pixels, so a small file could buy minutes of work."""
    data = encoded(quarters(), "JPEG", progressive=True)
    assert process(data).width == 80
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    assert refusal(data[:-2] + last_scan * MAX_JPEG_SCANS + b"\xff\xd9").reason == "damaged"


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("evil.class", b"x")
    return out.getvalue()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "tail", [archive(), b"<?php system($_GET[1]); ?>", b"<ScRiPt>alert(1)</ScRiPt>"], ids=["zip", "php", "script"]
)
def test_polyglots_are_refused(form: str, tail: bytes) -> None:
    """A picture that is also an archive or a script is somebody's trick."""
    assert refusal(sample(form) + tail).reason == "hidden_content"


def test_a_document_in_a_comment_is_refused() -> None:
    """A PDF may begin anywhere in its first kilobyte, so a comment is enough to make a file both."""
    assert refusal(encoded(quarters(), "JPEG", comment=b"%PDF-1.4 1 0 obj")).reason == "hidden_content"


@pytest.mark.parametrize("tail", [b"\0" * 100, b"\0\0\0\x18ftypmp42" + b"motion" * 99, sample("JPEG")])
def test_what_cameras_append_is_dropped_not_refused(tail: bytes) -> None:
    """Motion clips, second images and padding are common in honest photos, and do not survive."""
    assert process(sample("JPEG") + tail) == process(sample("JPEG"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_a_truncated_upload_is_refused(form: str, part: float) -> None:
    """Half a picture is not kept as a picture with a grey lower half."""
    data = encoded(Image.effect_noise((120, 80), 90).convert("RGB"), form)
    assert refusal(data[: int(len(data) * part)]).reason == "damaged"


Handler = Callable[[bytes], Picture]


def only_ever_refused(handle: Handler, data: bytes) -> None:
    try:
        picture = handle(data)
    except PictureRefused:
        return
    assert opened(picture).size == (picture.width, picture.height)


starts = st.sampled_from(
    [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"BM", b"II*\0"]
)
takers: list[Handler] = [process, process_avatar]
handlers = st.sampled_from(takers)


@given(handlers, starts, st.binary(max_size=400))
@example(process, b"", b"\0")
def test_random_bytes_are_only_ever_refused(handle: Handler, start: bytes, rest: bytes) -> None:
    """No input makes the decoder's own exceptions escape."""
    only_ever_refused(handle, start + rest)


@settings(max_examples=300)
@given(
    handlers,
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), max_size=4),
)
def test_mutated_pictures_are_refused_or_fine(handle: Handler, form: str, edits: list[tuple[float, bytes]]) -> None:
    """Real pictures with some bytes overwritten either decode to a valid picture or are refused."""
    data = bytearray(sample(form))
    for place, patch in edits:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    only_ever_refused(handle, bytes(data))


@given(handlers, st.sampled_from(FORMATS), st.floats(0, 1))
def test_pictures_cut_anywhere_are_refused_or_fine(handle: Handler, form: str, part: float) -> None:
    """Wherever an upload breaks off, the answer is a sentence or a picture."""
    only_ever_refused(handle, sample(form)[: int(len(sample(form)) * part)])
