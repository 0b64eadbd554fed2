"""Tables that leave the product: the one way out, so that no cell runs as a formula and nothing is lost unsaid.

- CSV: UTF-8 with a mark that spreadsheets look for, an apostrophe before text that a spreadsheet would run
  (`harmless.original` takes it away again); numbers stay numbers, also negative ones.
- Excel: every text is typed as text and stays so when it is edited, so nothing is put in front of it. More rows
  than a sheet holds go on in the next sheet.
- Parquet: everything exactly as it is.
- JSON: a list with an object a row, moments as ISO 8601; nothing that reads it runs a cell.

In CSV and Excel control characters are shown as their pictures (␀), in Excel every line break is a plain one.
"""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from numbers import Number
from pathlib import Path
from typing import BinaryIO

import orjson
import pandas as pd
from pandas.api import types

from reco_lab.core.errors import InputError
from reco_lab.reports.harmless import guarded
from reco_lab.store.durable import replaced, sync_files


class Form(StrEnum):
    """What a table can leave as; the value is the file's ending."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"
    json = "json"

    @property
    def label(self) -> str:
        """What a person calls it."""
        return {Form.csv: "CSV", Form.xlsx: "Excel", Form.parquet: "Parquet", Form.json: "JSON"}[self]

    @property
    def mime(self) -> str:
        """What a browser calls it."""
        return {
            Form.csv: "text/csv",
            Form.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Form.parquet: "application/vnd.apache.parquet",
            Form.json: "application/json",
        }[self]


@dataclass(frozen=True)
class Receipt:
    """What left: how many rows, and the SHA-256 of the file, so that a short or changed one is noticed."""

    file: str
    rows: int
    sha256: str


def content(frame: pd.DataFrame, form: Form) -> bytes:
    """The table (its columns, not its index) as a file's bytes. Raises InputError where Excel cannot hold it."""
    stream = io.BytesIO()
    _fill(frame, form, stream)
    return stream.getvalue()


def write(frame: pd.DataFrame, path: Path) -> Receipt:
    """Write the table to `path` (.csv, .xlsx, .parquet or .json): whole or not at all, its receipt beside it as `NAME.json`."""
    form = _form_of(path)
    receipt_path = path.with_name(f"{path.name}.json")
    with replaced(path) as draft:
        with draft.open("wb") as stream:
            _fill(frame, form, stream)
        with draft.open("rb") as stream:
            receipt = Receipt(path.name, len(frame), hashlib.file_digest(stream, "sha256").hexdigest())
        sync_files([draft])
        receipt_path.unlink(missing_ok=True)
    with replaced(receipt_path) as draft:
        draft.write_text(json.dumps(asdict(receipt), indent=2) + "\n", "utf-8")
    return receipt


def csv(frame: pd.DataFrame) -> bytes:
    """The table as CSV."""
    return content(frame, Form.csv)


def _form_of(path: Path) -> Form:
    try:
        return Form(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise InputError(
            f"A table cannot be written as {path.suffix or 'a file without an ending'}.",
            where=path.name,
            fix=f"End the name in {', '.join(f'.{form}' for form in Form)}.",
        ) from None


def _fill(frame: pd.DataFrame, form: Form, stream: BinaryIO) -> None:
    if form is Form.csv:
        _csv(frame, stream)
    elif form is Form.parquet:
        _parquet(frame, stream)
    elif form is Form.json:
        _json(frame, stream)
    else:
        from reco_lab.reports.workbook import fill

        fill(frame, stream)


def _csv(frame: pd.DataFrame, stream: BinaryIO) -> None:
    names = [guarded(str(name)) for name in frame.columns]
    columns = [_safe(frame.iloc[:, place]) for place in range(frame.shape[1])]
    safe = pd.concat(columns, axis=1) if columns else frame
    # both line ends in the terminator make the writer quote a cell that holds either of them
    safe.to_csv(stream, index=False, header=names, encoding="utf-8-sig", lineterminator="\r\n")


def _safe(column: pd.Series) -> pd.Series:
    """The column with its texts made harmless; numbers, truth values and moments stay what they are."""
    if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
        return column
    if isinstance(column.dtype, pd.StringDtype):
        codes, texts = pd.factorize(column)
        safe = pd.Index([*(guarded(text) for text in texts), None], dtype="object")
        return pd.Series(safe.take(codes), column.index)
    return column.astype("object").map(_value, na_action="ignore")


def _value(value: object) -> object:
    return value if isinstance(value, Number) else guarded(str(value))


def _json(frame: pd.DataFrame, stream: BinaryIO) -> None:
    named = frame.set_axis([str(name) for name in frame.columns], axis=1)
    for place in [at for at, kind in enumerate(named.dtypes) if types.is_datetime64_any_dtype(kind)]:
        named.isetitem(place, named.iloc[:, place].map(lambda at: at.isoformat(), na_action="ignore").array)
    plain = named.astype("object").where(named.notna(), None)
    stream.write(orjson.dumps(plain.to_dict("records"), default=str, option=orjson.OPT_SERIALIZE_NUMPY))


def _parquet(frame: pd.DataFrame, stream: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = frame.set_axis([str(name) for name in frame.columns], axis=1)
    for place in [at for at, kind in enumerate(named.dtypes) if kind == "object"]:
        column = named.iloc[:, place]
        try:
            pa.array(column, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # of several kinds: as text, which keeps all of them
            named.isetitem(place, column.map(str, na_action="ignore").array)
    table = pa.Table.from_pandas(named, preserve_index=False)
    pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
