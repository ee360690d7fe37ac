"""Seed content: people, cards, follows, likes and pictures, all decided by one number. Stores nothing."""

from webapp.seeding.content import SeedCard, SeedFollow, SeedLike, SeedPerson, SeedPlan
from webapp.seeding.drawing import AVATAR_EDGE, PHOTO_HEIGHT, PHOTO_WIDTH, draw_avatar, draw_photo
from webapp.seeding.people import DEMO_HANDLE
from webapp.seeding.planning import plan

__all__ = [
    "AVATAR_EDGE",
    "DEMO_HANDLE",
    "PHOTO_HEIGHT",
    "PHOTO_WIDTH",
    "SeedCard",
    "SeedFollow",
    "SeedLike",
    "SeedPerson",
    "SeedPlan",
    "draw_avatar",
    "draw_photo",
    "plan",
]
