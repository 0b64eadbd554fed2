"""Where a table lies in a grid of cells that a person laid out: titles above, names in several rows, notes below."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from reco_lab.sources._header import certain, has_header, header_rows, joined_names

MOST_PREAMBLE = 20
MOST_HEADER_ROWS = 8

Merged = tuple[int, int, int, int]


@dataclass(frozen=True)
class Grid:
    """The rows of a sheet that are not blank, as text of one width, with their numbers in the sheet (from 1).

    Merged cells (top, left, bottom, right, from 0) hold their value in each place.
    """

    lines: list[int]
    rows: list[list[str]]
    merged: tuple[Merged, ...] = ()

    def names(self, layout: "Layout") -> list[str]:
        """The columns' names, those of several rows joined; a cell merged downwards counts once."""
        below = {
            (row, column)
            for top, left, bottom, right in self.merged
            for row in range(top + 1, bottom + 1)
            for column in range(left, right + 1)
        }
        part = slice(layout.start, layout.first)
        labels = [
            ["" if (line - 1, column) in below else cell for column, cell in enumerate(row)]
            for line, row in zip(self.lines[part], self.rows[part], strict=True)
        ]
        return joined_names(labels) if labels else [""] * len(self.rows[0])


@dataclass(frozen=True)
class Layout:
    """Names are in the rows from `start` to before `first`, values from there to before `stop`; `why` says so."""

    start: int
    first: int
    stop: int
    why: str


def layout(grid: Grid, *, header: bool | None) -> Layout:
    """Find the table in a grid, by looking or as a person says."""
    rows = grid.rows
    if header is False:
        return Layout(0, 0, len(rows), "said by you")
    start, stop = _start(rows), len(rows)
    count, why = header_rows(rows[start:])
    if not certain(why) and (end := _end(rows)) < stop:
        nearer = _start(rows[:end])
        if certain(header_rows(rows[nearer:end])[1]):
            start, stop, (count, why) = nearer, end, header_rows(rows[nearer:end])
    if bottom := _merged_to(grid, grid.lines[start] - 1):
        count, why = max(count, sum(line <= bottom for line in grid.lines[start:])), "its cells are merged"
    if header:
        count, why = max(count, 1), "said by you"
    return Layout(start, start + count, stop, why)


def _start(rows: Sequence[Sequence[str]]) -> int:
    """The first row that surely names columns, else the first that is half as full as those below it are."""
    full = []
    for at in range(min(MOST_PREAMBLE, len(rows) - 1)):
        filled = [sum(map(bool, row)) for row in rows[at : at + 51]]
        usual = statistics.median(filled[1:])
        if filled[0] < min(max(2, usual / 2), usual):
            continue
        full.append(at)
        found, why = has_header(rows[at:])
        if found and certain(why) and filled[0] >= 0.8 * usual:
            return at
    return full[0] if full else 0


def _end(rows: Sequence[Sequence[str]]) -> int:
    """Before a tail of at most 20 rows that are less than half as full as rows usually are."""
    filled = [sum(map(bool, row)) for row in rows]
    least = statistics.median(filled) / 2
    tail = next((n for n, count in enumerate(reversed(filled)) if count >= least), 0)
    return len(rows) - tail if tail <= min(MOST_PREAMBLE, len(rows) // 3) else len(rows)


def _merged_to(grid: Grid, top: int) -> int:
    """The last line (from 1) that merged cells hold together with the row `top`; 0 if none of them is wide."""
    stop, wide = top, False
    for first, left, last, right in sorted(grid.merged):
        if top <= first <= stop and last < top + MOST_HEADER_ROWS:
            stop, wide = max(stop, last), wide or right > left
            stop += wide and stop == first == last
    return stop + 1 if wide else 0
