"""The last step of every source: Arrow columns of text to a frame, and the 1 % rule."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused
from reco_lab.core.words import count

MOST_COLUMNS = 1000
MOST_REFUSED = 0.01


def text_frame(columns: Sequence[Any], names: Sequence[str], lines: Any) -> pd.DataFrame:
    """A frame of text from Arrow columns: an empty cell is missing, the index is the line in the file."""
    table = pa.table([without_empty(column) for column in columns], names=list(names))
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index(np.asarray(lines, np.int64), name="line")
    return frame.astype("str")


def as_text(column: Any, name: str) -> Any:
    """A column as text. DataError for one that does not hold single values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type), name)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise DataError(
            f"Column {name!r} holds {kind}, not single values.", fix="Leave this column out of the file."
        )
    if pa.types.is_floating(kind):
        numbers = column.to_numpy()
        texts = pa.array([None if number != number else repr(float(number)) for number in numbers])  # noqa: PLR0124 - NaN alone differs from itself
        return pc.cast(texts, pa.large_string())
    return pc.cast(column, pa.large_string())


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names without blanks and repeats: "column 3" for an empty one, "price (2)" for a repeated one."""
    seen: set[str] = set()
    result = []
    for position, raw in enumerate(names, 1):
        name = base = raw.strip() or f"column {position}"
        copy = 2
        while name in seen:
            name = f"{base} ({copy})"
            copy += 1
        seen.add(name)
        result.append(name)
    return result


def without_repeated_names(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Refused]]:
    """The frame without rows that only repeat the column names, and these as refused rows."""
    again = np.ones(len(frame), bool)
    for name in frame.columns:
        again &= (frame[name] == name).to_numpy(bool, na_value=False)
        if not again.any():
            return frame, []
    text = ", ".join(map(str, frame.columns))
    lines = frame.index[again].tolist()
    return frame[~again], [Refused(line, text, "repeats the names of the columns") for line in lines]


def choose(wanted: Any, labels: Sequence[str], default: int, what: str, name: str) -> int:
    """The number (from 1) of what is wanted, given as a number or a label; `default` where nothing is.

    Raises DataError with what there is.
    """
    if wanted is None:
        return default
    if isinstance(wanted, str) and wanted in labels:
        return labels.index(wanted) + 1
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 1 <= wanted <= len(labels):
        return wanted
    raise DataError(
        f"There is no {what} {wanted!r}.", where=name, fix=f"There are: {'; '.join(labels) or 'none'}."
    )


def check_width(width: int, name: str) -> None:
    """Raise DataError for more than 1,000 columns."""
    if width > MOST_COLUMNS:
        raise DataError(
            f"It has {width} columns; at most {MOST_COLUMNS} are read.",
            where=name,
            fix="Leave out columns that are not needed.",
        )


def check_refused(refused: Sequence[Refused], rows: int, name: str) -> None:
    """Raise DataError where more than 1 % of the rows cannot be parsed, naming the first of them."""
    if len(refused) > MOST_REFUSED * max(rows, 1):
        first = "; ".join(f"line {one.line} {one.reason}" for one in refused[:3])
        raise DataError(
            f"{len(refused):,} of {count(rows, 'row')} cannot be read: {first}.",
            where=name,
            fix="At most 1 % may be refused. Mend these lines, or check delimiter and encoding.",
        )


def without_empty(column: Any) -> Any:
    """The column with nothing where it holds an empty text."""
    empty = pc.equal(column, "")
    return pc.if_else(empty, None, column) if pc.any(empty).as_py() else column
