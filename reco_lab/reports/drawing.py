"""Figures as small drawings that need no program to be seen: every text in them shown as it stands.

They scale with the page and print sharply. Rows come as the charts take them, the first on top.
"""

from collections.abc import Hashable, Mapping, Sequence
from html import escape
from math import floor, isfinite, log10
from typing import Any

import pandas as pd

from reco_lab.charts.theme import Palette

WIDTH, LABELS, NUMBERS, ROW = 760, 230, 150, 36
LONGEST = 32
TICKS = 4
_FONT = "font-family='Source Sans,sans-serif'"


def dots(rows: pd.DataFrame, *, alt: str, palette: Palette, zero: bool = False, percent: bool = False) -> str:
    """One dot a row with its interval; with `zero` the values are gains and losses about a line at nothing.

    `rows` has `name`, `value`, `low`, `high` (NaN where there is no interval) and `role`: champion, challenger or
    reference.
    """
    ends = rows[["value", "low", "high"]].to_numpy(float).ravel()
    known = [one for one in ends.tolist() if isfinite(one)]
    scale = _Scale(min([0.0, *known]), max([0.0, *known]))
    lines = [_grid(scale, len(rows), palette, percent=percent, zero=zero)]
    for place, row in enumerate(rows.to_dict("records")):
        lines.append(_dot(row, scale, _middle(place), palette, percent=percent, signed=zero))
    return _drawing(lines, len(rows), alt)


def bars(rows: pd.DataFrame, *, alt: str, palette: Palette) -> str:
    """One lying bar a row; `rows` has `name`, `value` (nothing below 0), `text` (written beside it) and `role`."""
    scale = _Scale(0.0, max([0.0, *rows["value"].tolist()]))
    lines = []
    for place, row in enumerate(rows.to_dict("records")):
        colour = palette.accent if row["role"] == "champion" else palette.muted
        middle, end = _middle(place), scale.at(row["value"])
        lines.append(
            f"{_label(row['name'], middle, palette)}"
            f"<rect x='{LABELS}' y='{middle - 11}' width='{end - LABELS:.1f}' height='22' rx='4' fill='{colour}'/>"
            f"{_text(end + 10, middle + 5, row['text'], palette.text)}"
        )
    return _drawing(lines, len(rows), alt, foot=0)


class _Scale:
    """Where a value lies across the drawing."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high if high > low else low + 1.0

    def at(self, value: float) -> float:
        """The distance from the left edge."""
        room = WIDTH - LABELS - NUMBERS
        return LABELS + room * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        """Round values inside the scale."""
        raw = (self.high - self.low) / TICKS
        power = 10.0 ** floor(log10(raw))
        step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw)
        first = -floor(-self.low / step)
        return [place * step for place in range(first, floor(self.high / step + 1e-9) + 1)]


def _drawing(lines: Sequence[str], rows: int, alt: str, foot: int = 26) -> str:
    height = rows * ROW + foot + 6
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img' "
        f"aria-label='{escape(alt, quote=True)}'>{''.join(lines)}</svg>"
    )


def _grid(scale: _Scale, rows: int, palette: Palette, *, percent: bool, zero: bool) -> str:
    bottom = rows * ROW + 4
    lines = [
        f"<line x1='{scale.at(tick):.1f}' x2='{scale.at(tick):.1f}' y1='0' y2='{bottom}' stroke='{palette.grid}'/>"
        + _text(scale.at(tick), bottom + 18, _number(tick, percent=percent), palette.muted, "middle", 13)
        for tick in scale.ticks
    ]
    if zero:
        lines.append(
            f"<line x1='{scale.at(0):.1f}' x2='{scale.at(0):.1f}' y1='0' y2='{bottom}' "
            f"stroke='{palette.muted}' stroke-dasharray='4 4'/>"
        )
    return "".join(lines)


def _dot(
    row: Mapping[Hashable, Any], scale: _Scale, middle: int, palette: Palette, *, percent: bool, signed: bool
) -> str:
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    colours = {"champion": palette.accent, "reference": palette.muted}
    colour = colours.get(str(row["role"]), palette.text)
    parts = [_label(row["name"], middle, palette)]
    if isfinite(low) and isfinite(high):
        parts.append(
            f"<line x1='{scale.at(low):.1f}' x2='{scale.at(high):.1f}' y1='{middle}' y2='{middle}' "
            f"stroke='{colour}' stroke-width='2.5'/>"
        )
    at = scale.at(value)
    if row["role"] == "reference":
        parts.append(
            f"<path d='M{at:.1f} {middle - 7}l7 7l-7 7l-7 -7z' fill='{palette.page}' stroke='{colour}' stroke-width='2'/>"
        )
    else:
        parts.append(f"<circle cx='{at:.1f}' cy='{middle}' r='7' fill='{colour}'/>")
    told = f"{'+' if signed and value > 0 else ''}{_number(value, percent=percent)}"
    parts.append(_text(WIDTH - 4, middle + 5, told, palette.text, "end"))
    return "".join(parts)


def _label(name: object, middle: int, palette: Palette) -> str:
    words = " ".join(str(name).split())
    short = words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
    return _text(LABELS - 14, middle + 5, short, palette.text, "end")


def _text(x: float, y: float, words: object, colour: str, anchor: str = "start", size: int = 15) -> str:
    return (
        f"<text x='{x:.1f}' y='{y}' {_FONT} font-size='{size}' fill='{colour}' "
        f"text-anchor='{anchor}'>{escape(str(words), quote=True)}</text>"
    )


def _number(value: float, *, percent: bool) -> str:
    words = (
        f"{value:.0%}"
        if percent
        else f"{value:.3f}".rstrip("0").rstrip(".")
        if value == 0
        else f"{value:.3f}"
    )
    return words.replace("-", "\N{MINUS SIGN}")


def _middle(place: int) -> int:
    return place * ROW + ROW // 2
