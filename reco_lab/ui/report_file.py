"""The report as one file for somebody who was not there: it opens anywhere, loads nothing and prints well."""

from collections.abc import Iterable, Sequence

import pandas as pd

from reco_lab.charts.theme import LIGHT, Palette
from reco_lab.reports import drawing
from reco_lab.reports.document import (
    badge,
    bullets,
    cards,
    document,
    folded,
    heading,
    numbers,
    paragraph,
    section,
    sums,
)
from reco_lab.reports.document import drawing as drawn
from reco_lab.ui.report_sections import Column, Drawn, Section

CHOSEN = "✓ Chosen afterwards"


def page(
    title: str,
    sections: Sequence[Section],
    others: Iterable[Section],
    assumptions: pd.DataFrame,
    *,
    synthetic: bool,
) -> str:
    """The whole page; `others` are more real customers, folded away below the first."""
    first, *rest = sections
    parts = [
        heading(first.finding, 1),
        *([badge("Example data (simulated)")] if synthetic else []),
        *_inside(first),
    ]
    folds = [folded(one.finding, _inside(one)) for one in others]
    for one in rest:
        more = (
            folds if one.columns else [numbers(assumptions)] if one.id == "money" and len(assumptions) else []
        )
        parts.append(section(one.label, [heading(one.finding), *_inside(one), *more]))
    return document(title, parts)


def figure(one: Drawn, finding: str, palette: Palette) -> str:
    """The figure of a section as a drawing."""
    if one.form == "bars":
        return drawing.bars(one.rows, alt=finding, palette=palette)
    return drawing.dots(one.rows, alt=finding, palette=palette, zero=one.zero, percent=one.percent)


def _inside(one: Section) -> list[str]:
    parts = [paragraph(line) for line in one.lines]
    if one.sums:
        parts.append(sums(one.sums))
    if one.figure is not None and not one.figure.rows.empty:
        parts.append(drawn(figure(one.figure, one.finding, LIGHT), one.figure.axis))
    if one.table is not None:
        parts.append(folded("The numbers as a table", [numbers(one.table)]))
    if one.columns:
        parts.append(cards({column.title: (column.about, _cards(column)) for column in one.columns}))
    for title, points in one.lists:
        parts += [heading(title, 3), bullets(points)]
    return parts


def _cards(column: Column) -> list[tuple[str, str, str, str]]:
    return [(item.title, item.facts, item.why, CHOSEN if item.chosen else "") for item in column.items]
