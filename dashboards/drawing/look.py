"""How one series is shown: the panel's defaults, with the overrides that name it on top."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dashboards.drawing.board import Defaults, FieldConfig, Matcher, Step
from dashboards.drawing.units import told

# Grafana's names of colours, in our own.
_HUES: Final = {
    "blue": "#1d4f91",
    "red": "#b8291c",
    "yellow": "#e0a030",
    "orange": "#d3702a",
    "green": "#4b8a56",
    "purple": "#7a5c99",
    "gray": "#8a8f98",
    "grey": "#8a8f98",
    "black": "#16253d",
    "white": "#fffdf7",
    "text": "#16253d",
}
_SHADES: Final = {"super-light": 0.55, "light": 0.3, "semi-dark": -0.12, "dark": -0.28}


@dataclass(frozen=True)
class Look:
    """`custom` is what belongs to one kind of panel: stacking, filling, the style of its thresholds."""

    unit: str = ""
    decimals: float | None = None
    low: float | None = None
    high: float | None = None
    no_value: str = ""
    name: str = ""
    colour: str | None = None
    steps: tuple[Step, ...] = ()
    by_threshold: bool = False
    mappings: tuple[Mapping[str, Any], ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)

    def told(self, value: float) -> str:
        """The value in words; what it is mapped to, if it is."""
        mapped = self._mapped(value)
        return str(mapped["text"]) if mapped and mapped.get("text") else told(value, self.unit, self.decimals)

    def colour_of(self, value: float) -> str | None:
        """What a mapping or the thresholds give it."""
        mapped = self._mapped(value)
        if mapped and mapped.get("color"):
            return colour(str(mapped["color"]))
        passed = [step for step in self.steps if step.value is None or value >= step.value]
        return colour(passed[-1].color) if passed and not math.isnan(value) else None

    def _mapped(self, value: float) -> Mapping[str, Any] | None:
        for mapping in self.mappings:
            read = _MAPPED.get(str(mapping.get("type")))
            found = read(mapping["options"], value) if read else None
            if found is not None:
                return found
        return None


def look_of(config: FieldConfig, name: str, ref_id: str) -> Look:
    """Of the series with this name, which the query `ref_id` found."""
    found = _of_defaults(config.defaults)
    for override in config.overrides:
        if _matches(override.matcher, name, ref_id):
            for change in override.properties:
                found = _changed(found, change.id, change.value)
    return found


def colour(name: str) -> str:
    """A colour of ours for one of Grafana's; `#rrggbb` is itself."""
    if name.startswith("#"):
        return name
    shade, _, hue = name.rpartition("-")
    base = _HUES.get(hue, _HUES["gray"])
    share = _SHADES.get(shade, 0.0)
    towards = 255 if share > 0 else 0
    parts = (int(base[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (towards - part) * abs(share)):02x}" for part in parts)


def _of_defaults(defaults: Defaults) -> Look:
    return Look(
        unit=defaults.unit,
        decimals=defaults.decimals,
        low=defaults.min,
        high=defaults.max,
        no_value=defaults.no_value,
        name=defaults.display_name,
        colour=_fixed(defaults.color),
        by_threshold=defaults.color.get("mode") == "thresholds",
        steps=defaults.thresholds.steps if defaults.thresholds.mode == "absolute" else (),
        mappings=defaults.mappings,
        custom=defaults.custom,
    )


def _changed(look: Look, what: str, value: Any) -> Look:
    part, _, rest = what.partition(".")
    if part == "custom":
        return replace(look, custom={**look.custom, rest: value})
    if what == "color":
        return replace(look, colour=_fixed(value), by_threshold=value.get("mode") == "thresholds")
    if what == "thresholds":
        return replace(look, steps=tuple(Step(each["color"], each.get("value")) for each in value.get("steps", ())))
    if what == "mappings":
        return replace(look, mappings=tuple(value))
    plain = {"unit": "unit", "decimals": "decimals", "min": "low", "max": "high", "displayName": "name"}
    plain |= {"noValue": "no_value"}
    return replace(look, **{plain[what]: value}) if what in plain else look


def _fixed(told_colour: Mapping[str, Any]) -> str | None:
    return colour(str(told_colour["fixedColor"])) if told_colour.get("fixedColor") else None


def _matches(matcher: Matcher, name: str, ref_id: str) -> bool:
    if matcher.id == "byName":
        return bool(name == matcher.options)
    if matcher.id == "byFrameRefID":
        return bool(ref_id == matcher.options)
    if matcher.id == "byRegexp":
        pattern = str(matcher.options)
        return re.search(pattern.strip("/") if pattern.startswith("/") else pattern, name) is not None
    return False


def _one_of(options: Mapping[str, Any], value: float) -> Mapping[str, Any] | None:
    return next((result for key, result in options.items() if _is(key, value)), None)


def _is(key: str, value: float) -> bool:
    try:
        return float(key) == value
    except ValueError:
        return False


def _within(options: Mapping[str, Any], value: float) -> Mapping[str, Any] | None:
    low, high = options.get("from"), options.get("to")
    if (low is None or value >= low) and (high is None or value <= high):
        result: Mapping[str, Any] = options["result"]
        return result
    return None


def _special(options: Mapping[str, Any], value: float) -> Mapping[str, Any] | None:
    if options.get("match") in ("nan", "null", "null+nan", "empty") and math.isnan(value):
        result: Mapping[str, Any] = options["result"]
        return result
    return None


_MAPPED: Final[dict[str, Callable[[Mapping[str, Any], float], Mapping[str, Any] | None]]] = {
    "value": _one_of,
    "range": _within,
    "special": _special,
}
