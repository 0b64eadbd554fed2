"""Tables and progress for a terminal."""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reco_lab.core.errors import InputError
from reco_lab.core.progress import Report
from reco_lab.store.durable import replaced

STEPS = 10


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Aligned columns under a header; trailing blanks are cut."""
    lines = [tuple(header), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write(path: Path, text: str) -> None:
    """Write a file as a whole; InputError where that cannot be, as in a folder that is not there."""
    require_place(path)
    try:
        with replaced(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritten(path, error.strerror) from error


def require_place(path: Path) -> None:
    """Refuse a file that could not be written, before any work is done for it: InputError as `write`."""
    if path.is_dir() or not path.parent.is_dir():
        raise _unwritten(path, os.strerror(errno.EISDIR if path.is_dir() else errno.ENOENT))


def _unwritten(path: Path, why: str | None) -> InputError:
    return InputError(f"It cannot be written: {why}.", where=str(path), fix="Name another file.")


def progress(*, everywhere: bool = False) -> Report:
    """Progress on a terminal's standard error; elsewhere silence, or a line for each tenth of the way (`everywhere`)."""
    if not sys.stderr.isatty():
        return _lines() if everywhere else lambda _fraction, _message: None

    def show(fraction: float, message: str) -> None:
        sys.stderr.write(f"\r\033[K{fraction:4.0%} {message}" + ("" if fraction < 1 else "\n"))
        sys.stderr.flush()

    return show


def announced(sentence: str, report: Report) -> Report:
    """The same report, with a line before its first word: where nothing is left to do, nothing is announced."""
    begun = False

    def show(fraction: float, message: str) -> None:
        nonlocal begun
        if not begun:
            begun = True
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()
        report(fraction, message)

    return show


def _lines() -> Report:
    told = 0

    def show(fraction: float, message: str) -> None:
        nonlocal told
        if (now := int(fraction * STEPS)) > told:
            told = now
            sys.stderr.write(f"{fraction:4.0%} {message}\n")
            sys.stderr.flush()

    return show
