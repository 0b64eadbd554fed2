"""How a delimited text is to be understood, decided on a sample and then fixed."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any

from reco_lab.sources._header import has_header

DOUBLE_COLON = "::"
STAND_IN = "\x1f"
SAMPLE_CHARS = 256 << 10
SAMPLE_ROWS = 1000
MOST_PREAMBLE = 20
_CONSISTENT = 0.9
_CANDIDATES = ("\t", ";", "|", STAND_IN, ",")
_WORDS = {"\t": "tab", ";": "semicolon", "|": "bar", STAND_IN: "double colon", ",": "comma", " ": "space"}
_SPACES = re.compile(rb" {2,}")
_SPACES_AT_ENDS = re.compile(rb"^ | (?=\r?$)", re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


@dataclass(frozen=True)
class Dialect:
    """The fixed reading of a text: `delimiter` is one character (STAND_IN for a double colon).

    `quote` is empty where nothing is quoted, `escape` a backslash or empty. `preamble` rows stand before
    the table. `why` gives the reason for `header`.
    """

    delimiter: str
    quote: str
    escape: str
    skip_space: bool
    width: int
    preamble: int
    header: bool
    why: str

    @property
    def plain(self) -> bool:
        """Whether a line is simply cut at its delimiters."""
        return not (self.quote or self.escape or self.skip_space or self.preamble)

    def csv(self) -> dict[str, Any]:
        """The arguments for a reader of the csv module, strict."""
        return _csv(self.delimiter, self.quote, self.escape, self.skip_space) | {"strict": True}

    def words(self) -> dict[str, Any]:
        """What a person checks."""
        return {
            "delimiter": _WORDS.get(self.delimiter, self.delimiter) if self.width > 1 else "none",
            "quote": self.quote or "none",
            **({"escape": "backslash"} if self.escape else {}),
            "header": self.header,
            "header_reason": self.why,
            "columns": self.width,
        }


def decide(sample: str, *, header: bool | None = None, delimiter: str | None = None) -> Dialect:
    """Decide delimiter, quoting, width and header from the beginning of a text, in that order."""
    given = None if delimiter is None else STAND_IN if delimiter == DOUBLE_COLON else delimiter
    best = _Reading(sample, given) if given else _best(sample)
    table = best.rows[best.preamble :]
    found, why = has_header([row for row in table if len(row) == best.width] or [[""]])
    if header is not None:
        found, why = header, "said by you"
    return Dialect(
        best.delimiter,
        best.quote,
        best.escape,
        best.skip_space,
        best.width,
        best.preamble,
        found,
        why,
    )


def stand_in(data: bytes, delimiter: str) -> bytes:
    """The text with delimiters that are one character: double colons replaced, runs of spaces made one."""
    if delimiter == STAND_IN:
        return data.replace(DOUBLE_COLON.encode(), STAND_IN.encode())
    if delimiter == " " and b'"' not in data:
        return _SPACES_AT_ENDS.sub(b"", _SPACES.sub(b" ", data))
    return data


class _Reading:
    """What a sample looks like when it is cut at one delimiter."""

    def __init__(self, sample: str, delimiter: str) -> None:
        text = stand_in(sample.encode(), delimiter).decode()
        self.delimiter = delimiter
        self.quote, self.escape = _quoting(text, delimiter)
        self.skip_space = delimiter == "," and text.count(", ") >= 0.9 * max(text.count(","), 1)
        settings = _csv(delimiter, self.quote, self.escape, self.skip_space)
        self.rows = _rows(text, settings)
        widths = Counter(map(len, self.rows))
        self.width = max(widths, key=lambda width: (widths[width], width)) if widths else 1
        self.consistent = widths[self.width] / max(len(self.rows), 1)
        lead = next((n for n, row in enumerate(self.rows) if self._begins(row)), 0)
        self.preamble = lead if lead <= MOST_PREAMBLE else 0

    def _begins(self, row: list[str]) -> bool:
        filled = sum(bool(cell.strip()) for cell in row)
        return len(row) == self.width and (filled > 1 or self.width < 3)

    def has_decimal_commas(self) -> bool:
        """Whether commas stand in its cells, and all of them as decimal commas."""
        cells = [cell for row in self.rows for cell in row if "," in cell]
        return bool(cells) and all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _best(sample: str) -> _Reading:
    readings = [_Reading(sample, one) for one in _CANDIDATES]
    good = [one for one in readings if one.width > 1 and one.consistent >= _CONSISTENT]
    comma_free = [one for one in good if one.delimiter != "," and one.has_decimal_commas()]
    if good:
        return max(comma_free or good, key=lambda one: one.width)
    space = _Reading(sample, " ")
    if space.width > 1 and space.consistent >= _CONSISTENT:
        return space
    return max(readings[::-1], key=lambda one: (one.width > 1, one.consistent))


def _quoting(text: str, delimiter: str) -> tuple[str, str]:
    edge = re.escape(delimiter)
    for quote in ('"', "'"):
        start = rf"(?:^|{edge}) ?{quote}"
        opened = len(re.findall(start, text, re.MULTILINE))
        if not opened or delimiter == STAND_IN:
            continue
        end = rf"{quote}(?=\s*{edge}|\s*$)"
        closed = len(re.findall(rf"{start}(?:[^{quote}]|{quote}{quote})*+{end}", text, re.MULTILINE))
        escaped = 0
        if f"\\{quote}" in text:
            body = rf"(?:[^{quote}\\]|\\.|{quote}{quote})*+"
            escaped = len(re.findall(rf"{start}{body}{end}", text, re.MULTILINE | re.DOTALL))
        if max(closed, escaped) >= 0.9 * opened or (quote == '"' and max(closed, escaped) >= 0.5 * opened):
            return quote, "\\" if escaped > closed else ""
    return "", ""


def _csv(delimiter: str, quote: str, escape: str, skip_space: bool) -> dict[str, Any]:
    return {
        "delimiter": delimiter,
        "quoting": csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        "quotechar": quote or None,
        "escapechar": escape or None,
        "skipinitialspace": skip_space,
    }


def _rows(text: str, settings: dict[str, Any]) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), **settings)
    try:
        rows = list(islice(reader, SAMPLE_ROWS))
    except csv.Error:
        return []
    return [row for row in rows if len(row) > 1 or any(cell.strip() for cell in row)]
