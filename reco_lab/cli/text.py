"""Tables and progress for a terminal."""

import sys
from collections.abc import Sequence
from typing import Any

from reco_lab.core.progress import Report


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned columns under a header; trailing blanks are cut."""
    lines = [tuple(header), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def progress() -> Report:
    """Progress on a terminal's standard error; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda _fraction, _message: None

    def show(fraction: float, message: str) -> None:
        sys.stderr.write(f"\r\033[K{fraction:4.0%} {message}" + ("" if fraction < 1 else "\n"))
        sys.stderr.flush()

    return show
