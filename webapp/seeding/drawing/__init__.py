"""Pictures drawn with Pillow from a number: landscapes, towns, night skies, faces."""

from webapp.seeding.drawing.avatars import AVATAR_EDGE, draw_avatar
from webapp.seeding.drawing.photos import PHOTO_HEIGHT, PHOTO_WIDTH, draw_photo

__all__ = ["AVATAR_EDGE", "PHOTO_HEIGHT", "PHOTO_WIDTH", "draw_avatar", "draw_photo"]
