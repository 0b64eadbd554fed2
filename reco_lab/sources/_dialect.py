"""How a delimited text is to be understood, decided on a sample and then fixed."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from reco_lab.sources._header import header_rows

STAND_IN = "\x1f"
ESCAPED = "\x1e"
SAMPLE_CHARS = 256 << 10
SAMPLE_ROWS = 1000
MOST_PREAMBLE = 20
_CONSISTENT = 0.9
_USUAL = ("\t", ";", "|", "::", ",")
_UNUSUAL = ("||", "|~|", STAND_IN, "\x01", "~", "^", "¦", "§")
_WORDS = {"\t": "tab", ";": "semicolon", "|": "bar", "::": "double colon", ",": "comma", " ": "space"}
_SPACES = re.compile(rb" {2,}")
_SPACES_AT_ENDS = re.compile(rb"^ | (?=\r?$)", re.MULTILINE)
_BETWEEN_QUOTES = re.compile(r'(?<=[^"]")[^"]{1,3}(?="[^"])')
_LINES_LOOKED_AT = 20
_COMMENT = re.compile(r"^#.*(?:\n|$)", re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Dialect:
    """The fixed reading of a text.

    `quote` is empty where nothing is quoted, `escape` a backslash (before quotes and delimiters) or empty.
    `preamble` rows stand before the table, `header_rows` name its columns, for the reason `why`.
    """

    delimiter: str
    quote: str
    escape: str
    skip_space: bool
    width: int
    preamble: int
    header_rows: int
    why: str

    @property
    def cut(self) -> str:
        """The delimiter as one character, after `prepare`."""
        return _cut(self.delimiter)

    def csv(self) -> dict[str, Any]:
        """The arguments for a reader of the csv module, strict."""
        return _csv(self.cut, self.quote, self.skip_space) | {"strict": True}

    def prepare(self, data: bytes) -> bytes:
        """The text for a reader that knows one-character delimiters and doubled quotes; lines stay lines."""
        return _prepare(data, self.delimiter, self.quote, self.escape)

    def restore(self, text: str) -> str:
        """What stood in the file, from a piece of prepared text."""
        if self.escape:
            text = text.replace(ESCAPED, "\\" + self.delimiter)
        return text.replace(STAND_IN, self.delimiter) if self.cut == STAND_IN else text

    def words(self) -> dict[str, Any]:
        """What a person checks."""
        return {
            "delimiter": _WORDS.get(self.delimiter, self.delimiter) if self.width > 1 else "none",
            "quote": self.quote or "none",
            **({"escape": "backslash"} if self.escape else {}),
            "header": self.header_rows > 0,
            **({"header_rows": self.header_rows} if self.header_rows > 1 else {}),
            "header_reason": self.why,
            "columns": self.width,
        }


def sample_of(data: bytes) -> str:
    """Whole lines from the beginning of a text, as many as `decide` needs."""
    if len(data) <= SAMPLE_CHARS:
        return data.decode("utf-8", "replace")
    return data[: data.rfind(b"\n", 0, SAMPLE_CHARS) + 1 or SAMPLE_CHARS].decode("utf-8", "replace")


def decide(
    sample: str, *, header: bool | None = None, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """Decide delimiter, quoting, width and header from the beginning of a text, in that order.

    What is given is not decided; an empty `quote` says that nothing is quoted.
    """
    best = _Reading(sample, delimiter, quote) if delimiter else _best(sample, quote)
    if "#" in sample and best.width < 2 and (bare := _COMMENT.sub("", sample)).strip():
        without = _best(bare, quote)
        best = without if without.good else best
    table = [row for row in best.rows[best.preamble :] if len(row) == best.width]
    found, why = header_rows(table or [[""]])
    if header is not None:
        found, why = max(found, 1) if header else 0, "said by you"
    return Dialect(
        best.delimiter, best.quote, best.escape, best.skip_space, best.width, best.preamble, found, why
    )


class _Reading:
    """What a sample looks like when it is cut at one delimiter."""

    def __init__(self, sample: str, delimiter: str, quote: str | None) -> None:
        self.delimiter = delimiter
        self.quote, self.escape = _quoting(sample, delimiter, quote)
        self._cut(sample)
        if not self.quote and delimiter != STAND_IN and f"\\{delimiter}" in sample:
            plain = self.consistent
            self.escape = "\\"
            self._cut(sample)
            if self.consistent <= plain:
                self.escape = ""
                self._cut(sample)
        lead = next((n for n, row in enumerate(self.rows) if self._begins(row)), 0)
        self.preamble = lead if lead <= MOST_PREAMBLE else 0

    def _cut(self, sample: str) -> None:
        text = _prepare(sample.encode(), self.delimiter, self.quote, self.escape).decode()
        self.skip_space = self.delimiter == "," and text.count(", ") >= 0.9 * max(text.count(","), 1)
        self.rows = _rows(text, _csv(_cut(self.delimiter), self.quote, self.skip_space))
        widths = Counter(map(len, self.rows))
        self.width = max(widths, key=lambda width: (widths[width], width)) if widths else 1
        self.consistent = widths[self.width] / max(len(self.rows), 1)

    def _begins(self, row: list[str]) -> bool:
        filled = sum(bool(cell.strip()) for cell in row)
        return len(row) == self.width and (filled > 1 or self.width < 3)

    @property
    def good(self) -> bool:
        """Whether nearly all rows have one width, or stand in a few long runs of one (several tables)."""
        if self.width < 2:
            return False
        runs = [(width, len(list(run))) for width, run in groupby(map(len, self.rows))]
        long = [(width, size) for width, size in runs if width > 1 and size >= 3]
        few = len({width for width, _ in long}) <= 3 and len(long) <= 6
        return self.consistent >= _CONSISTENT or (
            few and sum(size for _, size in long) >= _CONSISTENT * len(self.rows)
        )

    def has_decimal_commas(self) -> bool:
        """Whether commas stand in its cells, and all of them as decimal commas."""
        cells = [cell for row in self.rows for cell in row if "," in cell]
        return bool(cells) and all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _best(sample: str, quote: str | None) -> _Reading:
    usual = [one for one in _USUAL if one in sample] or [","]
    if sample.count("|") == 2 * sample.count("||"):
        usual = ["||" if one == "|" else one for one in usual]
    readings = [_Reading(sample, one, quote) for one in usual]
    good = [one for one in readings if one.good]
    comma_free = [one for one in good if one.delimiter != "," and one.has_decimal_commas()]
    if good:
        return max(comma_free or good, key=lambda one: (one.consistent >= _CONSISTENT, one.width))
    for delimiter in (*_between_quotes(sample), *_UNUSUAL, " "):
        if sample.count(delimiter) >= sample.count("\n") and (one := _Reading(sample, delimiter, quote)).good:
            return one
    return max(readings[::-1], key=lambda one: (one.width > 1, one.consistent))


def _between_quotes(sample: str) -> set[str]:
    """What stands between closing and opening quotes, where that is the same on every line."""
    lines = sample.splitlines()[:_LINES_LOOKED_AT]
    found = [set(_BETWEEN_QUOTES.findall(line)) for line in lines if line]
    return found[0] if found and len(found[0]) == 1 and all(one == found[0] for one in found) else set()


def _quoting(text: str, delimiter: str, given: str | None) -> tuple[str, str]:
    edge = re.escape(delimiter)
    for quote in ('"', "'") if given is None else given:
        start = rf"(?:^|{edge}) ?{quote}"
        end = rf"{quote}(?=\s*{edge}|\s*$)"
        closed = _closed(rf"{start}((?:[^{quote}]|{quote}{quote})*+{end})?", text)
        if not closed:
            continue
        escaped = [False]
        if f"\\{quote}" in text:
            escaped = _closed(rf"{start}((?:[^{quote}\\]|\\.|{quote}{quote})*+{end})?", text)
        shares = [sum(one) / len(one) for one in (closed, escaped)]
        if given or max(shares) >= (0.5 if quote == '"' else 0.9):
            return quote, "\\" if shares[1] > shares[0] else ""
    return "", ""


def _closed(pattern: str, text: str) -> list[bool]:
    """For each quote that opens a value, whether one closes it; what stands between is passed over."""
    return [bool(found.group(1)) for found in re.finditer(pattern, text, re.MULTILINE | re.DOTALL)]


def _cut(delimiter: str) -> str:
    return delimiter if len(delimiter.encode()) == 1 else STAND_IN


def _prepare(data: bytes, delimiter: str, quote: str, escape: str) -> bytes:
    if escape:
        data = _unescaped(data, delimiter, quote)
    if _cut(delimiter) != delimiter:
        return data.replace(delimiter.encode(), STAND_IN.encode())
    if delimiter == " " and b'"' not in data:
        return _SPACES_AT_ENDS.sub(b"", _SPACES.sub(b" ", data))
    return data


def _unescaped(data: bytes, delimiter: str, quote: str) -> bytes:
    """Backslashes before a quote are undone, those before a delimiter leave a sign; all others are text."""
    if not quote:
        return data.replace(b"\\" + delimiter.encode(), ESCAPED.encode())

    def undone(found: re.Match[bytes]) -> bytes:
        count = len(found.group(1))
        return b"\\" * (count // 2) + quote.encode() * (1 + count % 2)

    return re.sub(rb"(\\+)" + quote.encode(), undone, data)


def _csv(cut: str, quote: str, skip_space: bool) -> dict[str, Any]:
    return {
        "delimiter": cut,
        "quoting": csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        "quotechar": quote or None,
        "skipinitialspace": skip_space,
    }


def _rows(text: str, settings: dict[str, Any]) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), **settings)
    try:
        rows = list(islice(reader, SAMPLE_ROWS))
    except csv.Error:
        return []
    return [row for row in rows if len(row) > 1 or any(cell.strip() for cell in row)]
