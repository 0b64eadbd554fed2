"""The quick way through a regular text: Arrow's reader with everything fixed, believed only where it is proved.

The positions of line ends and quotes tell how many records there must be and where each begins. Where a
quote stands in an odd place, or the counts differ, the answer is None and the careful way is taken.
"""

import csv
import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from reco_lab.core.source import Refused
from reco_lab.sources._dialect import Dialect
from reco_lab.sources._header import joined_names
from reco_lab.sources._records import MOST_LINES_IN_A_ROW
from reco_lab.sources._tables import text_frame, unique_names
from reco_lab.sources._text import Text

Read = tuple[pd.DataFrame, tuple[Refused, ...]]
_BLOCK_BYTES = 8 << 20


def fast(text: Text, dialect: Dialect) -> Read | None:
    """Every record of the text, none refused; None where that cannot be had."""
    odd = dialect.skip_space or dialect.preamble or dialect.quote not in {"", '"'}
    if odd or text.damaged or text.mixed_ends or b"\0" in text.data:
        return None
    starts = record_lines(text, dialect)
    if starts is None:
        return None
    first = dialect.header_rows
    header = [_names(text, int(line), dialect) for line in starts[:first]]
    if len(starts) < first or any(len(names) != dialect.width for names in header):
        return None
    table = parsed(text.data, dialect, skipped=int(starts[first - 1]) if first else 0)
    lines = starts[first:]
    if table is None or table.num_rows != len(lines):
        return None
    names = joined_names(header) if header else [""] * dialect.width
    return text_frame(table.columns, unique_names(names), lines), ()


def record_lines(text: Text, dialect: Dialect) -> NDArray[np.int64] | None:
    """The line on which each record begins; None where quotes do not follow the rules to the letter."""
    data = np.frombuffer(text.data, np.uint8)
    stops = text.ends if text.data.endswith(b"\n") else np.append(text.ends, len(data))
    begins = np.concatenate(([0], stops[:-1] + 1))
    full = stops - begins > (data[np.maximum(stops - 1, 0)] == ord("\r"))
    if dialect.quote:
        quotes = np.flatnonzero(data == ord('"'))
        if not _regular(data, quotes, dialect.cut):
            return None
        outside = np.searchsorted(quotes, begins) % 2 == 0
        full &= outside
        if np.diff(np.flatnonzero(outside)).max(initial=0) > MOST_LINES_IN_A_ROW:
            return None
    starts = np.flatnonzero(full) + 1
    return starts if len(starts) else None


def _regular(data: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: str) -> bool:
    if len(quotes) % 2:
        return False
    edges = np.zeros(256, bool)
    edges[[ord(delimiter), ord("\n"), ord("\r"), ord('"')]] = True
    opened, closed = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opened - 1, 0)]
    after = data[np.minimum(closed + 1, len(data) - 1)]
    return bool((edges[before] | (opened == 0)).all() and (edges[after] | (closed == len(data) - 1)).all())


def _names(text: Text, line: int, dialect: Dialect) -> list[str]:
    start = int(text.ends[line - 2]) + 1 if line > 1 else 0
    stop = int(text.ends[line - 1]) if line <= len(text.ends) else len(text.data)
    header = text.data[start:stop].decode("utf-8")
    return next(csv.reader(io.StringIO(header, newline=""), **dialect.csv()), [])


def parsed(
    data: bytes, dialect: Dialect, *, skipped: int = 0, only: Sequence[int] | None = None
) -> pa.Table | None:
    """The text cut into columns of text (`only` those at these places); None where it is not regular."""
    keys = [str(position) for position in range(dialect.width)]
    wanted = keys if only is None else [keys[position] for position in only]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=keys, skip_rows=skipped, block_size=_BLOCK_BYTES),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.cut,
                quote_char=dialect.quote or False,
                newlines_in_values=bool(dialect.quote),
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.large_string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
