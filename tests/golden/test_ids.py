"""100,000 ids of every kind through every format and back: none may change."""

import csv
import gzip
import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pytest
import xlsxwriter
import zstandard
from pyarrow import parquet

from reco_lab.sources import sniff
from reco_lab.testing.sources import IDS

COUNT = 100_000
WORDS = (
    "NA",
    "null",
    "None",
    "nan",
    "true",
    "False",
    "inf",
    "yes",
    "n/a",
    "-",
    "#N/A",
    "NULL",
    "undefined",
    "1e5",
)
LETTERS = "aZ09 _-.@:/\\#%&+='\"`~^|;,()[]{}<>!?*$€éßøñçЖщΩλ中文字かナ한글עבअİıſ🛒🎁\u0301\u200b\u2028\ufeff"


def every_kind(rng):
    """Endless ids: digits with zeros in front, numbers, dates, words with a meaning, letters of all scripts."""
    yield from IDS
    yield from (
        "_x0041_",
        "_x000D_",
        "0x1F",
        "1_000",
        "١٢٣",
        "１２３",
        "½",
        "'5",
        "1,234.50",
        "12:30:00",
        "1/2/2024",
    )
    letters = np.array(list(LETTERS))
    while True:
        number = int(rng.integers(1 << 62))
        yield f"{number % 10**6:08d}"
        yield str(number * int(rng.integers(1, 1 << 20)))
        yield f"{number % 10**7}.0"
        yield f"{number % 997}e{number % 300}"
        yield f"-{number % 10**9}"
        yield f"20{number % 100:02d}-{number % 12 + 1:02d}-{number % 28 + 1:02d} {number % 24:02d}:00:{number % 60:02d}"
        yield f"{WORDS[number % len(WORDS)]}{number % 10**5}"
        yield f"{number % 10**4}{'%dED'[number % 4]}{number % 10**5}"
        yield "".join(rng.choice(letters, int(rng.integers(1, 12)))).strip(" \u2028\u200b\ufeff'\"")
        yield f"user{number}@example.org"


@pytest.fixture(scope="module")
def ids():
    found = {}
    for one in every_kind(np.random.default_rng(20)):
        if one and one == one.strip():
            found[one] = None
        if len(found) == COUNT:
            return list(found)
    raise AssertionError


def as_csv(ids, delimiter=","):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([("user_id", "item"), *((one, "i1") for one in ids)])
    return stream.getvalue().encode()


def as_parquet(ids):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"user_id": ids, "item": ["i1"] * len(ids)}), sink)
    return sink.getvalue().to_pybytes()


def as_xlsx(ids):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for row, one in enumerate(["user_id", *ids]):
            sheet.write_string(row, 0, one)
            sheet.write_string(row, 1, "i1" if row else "item")
    return stream.getvalue()


def as_json_lines(ids):
    return "\n".join(json.dumps({"user_id": one, "item": "i1"}) for one in ids).encode()


def as_json_array(ids):
    return json.dumps([{"user_id": one, "item": "i1"} for one in ids], ensure_ascii=False, indent=1).encode()


def as_zip(ids):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ids.csv", as_csv(ids))
    return stream.getvalue()


FORMATS = {
    "csv": as_csv,
    "tsv": lambda ids: as_csv(ids, "\t"),
    "utf-16": lambda ids: as_csv(ids).decode().encode("utf-16"),
    "csv.gz": lambda ids: gzip.compress(as_csv(ids), 1),
    "csv.zst": lambda ids: zstandard.compress(as_csv(ids)),
    "zip": as_zip,
    "parquet": as_parquet,
    "parquet.zst": lambda ids: zstandard.compress(as_parquet(ids)),
    "xlsx": as_xlsx,
    "jsonl": as_json_lines,
    "jsonl.gz": lambda ids: gzip.compress(as_json_lines(ids), 1),
    "json": as_json_array,
}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow) if one == "xlsx" else one for one in FORMATS]
)
def test_no_id_is_changed_on_its_way_through(name, ids, tmp_path):
    path = tmp_path / f"ids.{name}"
    path.write_bytes(FORMATS[name](ids))
    table = sniff(path).read(path, header=True)
    assert len(table.frame) == table.rows_in_file == COUNT
    changed = [(one, other) for one, other in zip(ids, table.frame["user_id"], strict=True) if one != other]
    assert changed == []
