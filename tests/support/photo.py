"""A picture to upload, drawn rather than kept."""

import io

from PIL import Image, ImageDraw


def photo(hue: int = 0, size: tuple[int, int] = (640, 480)) -> bytes:
    """A JPEG; each hue from 0 to 359 gives another one, and the same hue the same bytes."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    width, height = size
    for row in range(height):
        draw.line(
            (0, row, width, row), fill=f"hsl({(hue + row * 60 // height) % 360}, 70%, {35 + row * 40 // height}%)"
        )
    draw.ellipse((width * 0.6, height * 0.15, width * 0.8, height * 0.15 + width * 0.2), fill="#fff3c4")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
