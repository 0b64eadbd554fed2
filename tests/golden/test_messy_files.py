"""Files that break readers, from the test suites of other projects: read right, or refused with a sentence."""

import csv
import io
import json
import re
import sys
import time
from pathlib import Path

import pytest

from reco_lab.core.errors import InputError
from reco_lab.sources import sniff
from reco_lab.sources._files import contents

SECONDS = 20.0
GIVEN = {"clean", "expected"}
TEXTS = {".csv", ".txt", ".gz", ".zst"}
REFUSED = {
    "csvkit/bad.csv": "2 of 3 rows",
    "csvkit/null_byte.csv": "binary file",
    "csvkit/test_empty_columns_long_row.csv": "1 of 2 rows",
    "duckdb/duplicate_key.ndjson": "line 3 names a key twice",
    "duckdb/nullbyte_header.csv": "binary file",
    "duckdb/some_escaped_some_not.csv": "2 of 4 rows",
    "frictionless/merged-cells.xlsx": "a header but no rows",
    "pollock/file_field_delimiter_0x20.csv": "rows cannot be read",  # spaces that part, and spaces that do not
    "pollock/file_header_only.csv": "a header but no rows",
    "pollock/file_no_payload.csv": "It is empty",
    "pollock/file_quotation_char_0x27.csv": "rows cannot be read",  # apostrophes that quote, and that do not
    "pollock/row_extra_quote10_col3.csv": "1 of 83 rows cannot be read: line 11",
    "pollock/row_less_sep_row10_col3.csv": "1 of 83 rows cannot be read: line 11 has 8 values",
    "pollock/row_more_sep_row10_col3.csv": "1 of 83 rows cannot be read: line 11 has 10 values",
    "readxl/empty-sheets.xlsx": "The sheet is empty",
}


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data("messy-csv")


@pytest.fixture(scope="module")
def outcomes(folder):
    """What became of each file: its table or its sentence, and the seconds that it took."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not GIVEN & set(path.parts):
            started = time.monotonic()
            try:
                outcome = sniff(path).read(path)
            except InputError as error:
                outcome = str(error)
            found[path.relative_to(folder).as_posix()] = (outcome, time.monotonic() - started)
    return found


def cells(table):
    return table.frame.astype("object").where(table.frame.notna(), "").to_numpy().tolist()


def given_rows(folder, name):
    """The names and rows that the publisher says are in a file; None where nothing is said."""
    path = folder / name
    clean, expected = path.parent / "clean" / path.name, path.parent / "expected" / f"{path.stem}.json"
    if clean.exists():
        with clean.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream)) or [[]]
        return rows[0], rows[1:]
    if expected.exists():
        objects = json.loads(expected.read_bytes())
        kept = (
            b"\r" in path.read_bytes()
        )  # the copy at hand may have lost the CRs that the expected version has
        rows = [[one if kept else one.replace("\r\n", "\n") for one in row.values()] for row in objects]
        return list(objects[0]), rows
    return None


def told(outcome):
    if isinstance(outcome, str):
        return "refused", "", "", outcome
    return "loaded", len(outcome.frame), len(outcome.refused), outcome.dialect.get("warning", "")


@pytest.mark.data
@pytest.mark.slow
def test_every_file_is_loaded_or_refused_with_a_sentence_and_nothing_hangs(outcomes, folder, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\n{'file':52}{'outcome':9}{'rows':>7}{'refused':>8}  sentence\n")
        for name, (outcome, _) in outcomes.items():
            what, rows, refused, sentence = told(outcome)
            right = what == "loaded" and given_rows(folder, name) is not None
            sys.stdout.write(
                f"{name:52}{'right' if right else what:9}{rows:>7}{refused:>8}  {sentence[:110]}\n"
            )
    assert len(outcomes) > 100
    assert {name for name, (outcome, _) in outcomes.items() if isinstance(outcome, str)} == set(REFUSED)
    assert max(seconds for _, seconds in outcomes.values()) < SECONDS
    for name, fragment in REFUSED.items():
        assert fragment in outcomes[name][0]
        assert outcomes[name][0].endswith(".")


@pytest.mark.data
@pytest.mark.slow
def test_what_is_loaded_equals_the_version_that_the_publisher_gives(outcomes, folder):
    compared = 0
    for name, (outcome, _) in outcomes.items():
        given = given_rows(folder, name)
        if given is None or isinstance(outcome, str):
            continue
        names, rows = given
        if outcome.dialect["header"]:
            assert list(outcome.frame.columns) == names, name
        else:
            rows = [names, *rows]
        assert cells(outcome) == rows, name
        compared += 1
    assert compared >= 25


@pytest.mark.data
@pytest.mark.slow
def test_every_row_is_accounted_for_and_no_letter_is_changed(outcomes, folder):
    for name, (table, _) in outcomes.items():
        if isinstance(table, str):
            continue
        assert table.rows_in_file == len(table.frame) + len(table.refused), name
        if Path(name).suffix in TEXTS:
            check_against_the_text(name, table, folder / name)


def check_against_the_text(name, table, path):
    """An independent count of the records, and each value looked up in the text."""
    encoding = table.dialect["encoding"].removesuffix(" with a mark")
    text = contents(path).decode(encoding, "surrogateescape").removeprefix("\ufeff")
    text = re.sub(r"\r\n?", "\n", text)
    if not any('"' in one.text for one in table.refused):
        records = count_records(text, table.dialect["delimiter"])
        headers = table.dialect.get("header_rows", int(table.dialect["header"]))
        assert records == table.rows_in_file + headers, name
    plain = re.sub(r"\\(?=[\"'])", "", text).replace('""', '"').replace("\\", "")
    for row in cells(table)[:500]:
        for cell in row:
            said = re.sub(r"\r\n?", "\n", cell).replace('""', '"').replace("\\", "")
            assert said in plain, (name, cell)


def count_records(text, word):
    delimiter = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "space": " "}.get(word, "\x1f")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return sum(
        len(row) > 1 or any(cell if word == "none" else cell.strip() for cell in row) for row in reader
    )
