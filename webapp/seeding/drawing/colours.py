"""Colours, and the moods a picture can be in: a sky, its light and the tone of what stands before it."""

from typing import NamedTuple

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)


def colour(code: str) -> Colour:
    """The colour of six hexadecimal digits."""
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> int:
    """How far apart two colours are, from 0 to 765."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


class Mood(NamedTuple):
    """`sky` from the zenith to the horizon; far things fade into `haze`, near ones into `dark`."""

    sky: tuple[Colour, ...]
    light: Colour
    haze: Colour
    dark: Colour

    def at(self, depth: float) -> Colour:
        """The tone of something between far away (0) and right here (1)."""
        return mix(self.haze, self.dark, depth)


def mood(name: str) -> Mood:
    """The mood called `name`; see the table for names."""
    sky, light, haze, dark = (tuple(colour(code) for code in part.split()) for part in _MOODS[name].split("|"))
    return Mood(sky, light[0], haze[0], dark[0])


# sky from the top | sun or moon | haze at the horizon | foreground
_MOODS = {
    "dawn": "2f4373 6f73a6 c98fa8 f4b79d fde0b5 | fff4d6 | efb7a4 | 222a4a",
    "rose": "5a5f93 a27ea8 e19aa4 f8bfa6 ffe6c4 | fff7e0 | eeb8a6 | 3a2f52",
    "gold": "4f7ea3 8fb2bf e8cfa0 f9b96f ffdf9e | fffbe6 | f3c48d | 3a3142",
    "dusk": "1d1c4d 4f2b74 a63d74 ee6c5d fbb76c | ffe7b0 | d9646a | 1a1433",
    "violet": "261f55 5c3d8f ab5da8 ee8da3 ffd2a9 | fff0d0 | c97ba6 | 1f1842",
    "day": "2c79bd 5ca6da 9fd0ec d9eff7 | fffdf0 | c3e0ec | 1f4a4c",
    "spring": "4fa3d1 8cc7e0 c6e4e4 f4f1d8 | fffdf0 | d5e6d6 | 2d5a48",
    "mint": "6fbdb9 a5d8cc dcecd3 fbead0 | fffaf0 | cfe3d0 | 23504f",
    "peach": "ee9f94 f5bfa5 fadcbc fff1d8 | fffaf0 | f3c7ae | 6b3b4c",
    "silver": "60788b 8fa6b2 c3d0d2 ece8da | ffffff | c9d2d0 | 2b3b48",
    "night": "050a24 0e1d49 22396b 48628f | fdf6dc | 3b568a | 060b1e",
    "moonlit": "04101f 08283f 12495c 3a8288 | f6f7e4 | 2d6b78 | 04111c",
    "ink": "0a0820 1b1542 3a2868 6d4a86 | fff3da | 5b4380 | 0b0820",
}
