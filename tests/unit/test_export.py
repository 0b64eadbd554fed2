import csv as reader
import hashlib
import io
import itertools
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from openpyxl.utils.escape import unescape

from reco_lab.core.errors import InputError
from reco_lab.reports import workbook
from reco_lab.reports.export import Form, content, csv, write
from reco_lab.reports.harmless import guarded, original, visible

SIGNS = "=+-@＝＋－＠"
BODIES = (
    "1+1",
    'HYPERLINK("http://127.0.0.1/x","click")',
    "cmd|' /C calc'!A0",
    'WEBSERVICE("http://127.0.0.1/x")',
    "SUM(1+1)*cmd|' /C notepad'!A0",
    "2+5+cmd|'/C calc'!A0",
    "IMPORTXML(CONCAT(1),2)",
    "491234567",
)
LEADS = (
    "",
    "'",
    "''",
    " ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\x00",
    "\x01",
    "a;",
    "\x1f",
    "\u3000",
    "a\t",
)
PAYLOADS = [
    *(sign + body for sign, body in itertools.product(SIGNS, BODIES)),
    *(lead + sign + BODIES[0] for lead, sign in itertools.product(LEADS, SIGNS)),
    *(lead + "text" for lead in ("\t", "\r", "\n", "\x00", "'\t")),
    "a;=1+1;b", "a\n=1+1", "a\r=1+1\r", "x\n@SUM(1)", "-5", "+44 20 7946 0000", "--5", "-", "=", "'=", "''='",
]  # fmt: skip
CALM = [
    "plain",
    "it's",
    "'tis",
    "a-b",
    "a=b",
    "1-2",
    "naïve",
    "日本",
    "a'=b",
    "",
    " x",
    "_x0041_",
    "1e5",
    "00123",
    "NA",
]


def rows_of(data):
    return list(reader.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def squeezed(text):
    """What is left where blanks, which the program trims, and apostrophes do not count."""
    return "".join(text.replace("'", "").split())


def sheet_of(data):
    return openpyxl.load_workbook(io.BytesIO(data)).active


def test_there_are_two_hundred_payloads():
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("text", CALM)
def test_a_text_that_runs_nowhere_is_left_as_it_is(text):
    assert guarded(text) == text == original(text)


def test_every_payload_is_guarded_and_comes_back():
    assert [text for text in PAYLOADS if not guarded(text).removeprefix(text[0]).count("'")] == []
    assert [original(guarded(text)) for text in PAYLOADS] == PAYLOADS


@given(some.text(some.sampled_from("'=+-@＝;\t\r\n\x00 ab\u200b|,\""), max_size=12))
def test_whatever_was_guarded_comes_back(text):
    assert original(guarded(text)) == text


def test_no_cell_of_a_csv_begins_with_a_sign_under_any_separator():
    data = csv(pd.DataFrame({"=name": PAYLOADS, "n": -1})).decode("utf-8-sig")
    cells = [
        cell.strip().strip("\u200b\ufeff\x00")
        for separator in (",", ";", "\t")
        for row in reader.reader(io.StringIO(data, newline=""), delimiter=separator)
        for cell in row
    ]
    assert [cell for cell in cells if cell.startswith(tuple(SIGNS)) and cell != "-1"] == []


def test_a_csv_keeps_every_row_and_text_whatever_is_in_it():
    texts = [*PAYLOADS, *CALM, "two\r\nlines", "a\rb", 'quote " and, comma']
    rows = rows_of(csv(pd.DataFrame({"title": texts, "n": range(len(texts))})))
    assert [row[1] for row in rows[1:]] == [str(n) for n in range(len(texts))]
    assert [original(row[0]) for row in rows[1:]] == texts


def test_negative_numbers_stay_numbers_and_texts_of_digits_stay_texts():
    table = pd.DataFrame({"n": [-1, 2], "x": [-0.5, np.nan], "id": ["-5", "00123"], "any": [-7, "=1"]})
    assert csv(table).decode("utf-8-sig").splitlines() == ["n,x,id,any", "-1,-0.5,'-5,-7", "2,,00123,'=1"]
    sheet = sheet_of(content(table, Form.xlsx))
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        [-1, -0.5, "-5", -7],
        [2, None, "00123", "=1"],
    ]
    assert [cell.data_type for cell in sheet[2]] == ["n", "n", "s", "n"]


def test_a_workbook_holds_no_formula_and_every_text_as_it_was():
    texts = [*PAYLOADS, *CALM]
    table = pd.DataFrame({"=1+1": texts, "category": pd.Categorical(texts)})
    sheet = sheet_of(content(table, Form.xlsx))
    cells = list(itertools.chain.from_iterable(sheet.iter_rows()))
    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    expected = [visible(text.replace("\r\n", "\n").replace("\r", "\n")) for text in texts]
    for column in (1, 2):
        assert [unescape(sheet.cell(row, column).value) for row in range(2, len(texts) + 2)] == expected
    assert sheet["A1"].value == "=1+1"
    assert all(sheet.cell(2, column).quotePrefix for column in (1, 2))


def test_no_name_of_a_column_is_a_formula_either():
    names = list(dict.fromkeys(PAYLOADS))
    table = pd.DataFrame([range(len(names))], columns=names)
    cells = sheet_of(content(table, Form.xlsx))[1]
    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    shown = [visible(text.replace("\r\n", "\n").replace("\r", "\n")) for text in names]
    assert [unescape(cell.value) for cell in cells] == shown
    assert [original(name) for name in rows_of(csv(table))[0]] == names


def test_parquet_keeps_everything_exactly():
    table = pd.DataFrame(
        {
            "id": [*PAYLOADS, *CALM],
            "mixed": [1, "a"] * (len(PAYLOADS + CALM) // 2) + [None] * (len(PAYLOADS + CALM) % 2),
        }
    )
    back = pd.read_parquet(io.BytesIO(content(table, Form.parquet)))
    assert back["id"].tolist() == table["id"].tolist()
    assert back["mixed"].tolist()[:2] == ["1", "a"]


def test_control_characters_and_broken_letters_break_no_file():
    texts = ["a\x00b", "\x07", "x\x1fy\x7f", "\ud800"]
    table = pd.DataFrame({"t": pd.Series(texts, dtype="object")})
    shown = ["a␀b", "␇", "x␟y␡", "\ufffd"]
    assert [row[0] for row in rows_of(csv(table))[1:]] == shown
    assert [cell.value for cell in sheet_of(content(table, Form.xlsx))["A"][1:]] == shown


def test_moments_truths_and_large_numbers_keep_their_meaning_in_a_workbook():
    table = pd.DataFrame({
        "at": [pd.Timestamp("2026-03-01 10:00", tz="Europe/Berlin"), pd.NaT],
        "day": [date(2026, 3, 1), date(1066, 10, 14)],
        "yes": [True, False],
        "big": [2**60, 1],
        "odd": [np.inf, np.nan],
    })  # fmt: skip
    first, second = [
        [cell.value for cell in row] for row in sheet_of(content(table, Form.xlsx)).iter_rows(min_row=2)
    ]
    assert [str(one) for one in first[:2]] == ["2026-03-01 09:00:00", "2026-03-01 00:00:00"]
    assert first[2:] == [True, str(2**60), "inf"]
    assert second == [None, "1066-10-14", False, 1, None]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next_and_it_is_said_before(monkeypatch):
    monkeypatch.setattr(workbook, "SHEET_ROWS", 10)
    assert workbook.notice(10) == ""
    assert "25 rows become 3 sheets" in workbook.notice(25)
    book = openpyxl.load_workbook(io.BytesIO(content(pd.DataFrame({"n": range(25)}), Form.xlsx)))
    values = [cell.value for sheet in book for cell in sheet["A"]]
    assert values == ["n", *range(10), "n", *range(10, 20), "n", *range(20, 25)]
    assert "more than 8 sheets" in workbook.notice(81)
    with pytest.raises(
        InputError, match=r"81 rows are more than 8 sheets of Excel hold. Take it as CSV or Parquet"
    ):
        content(pd.DataFrame({"n": range(81)}), Form.xlsx)


@pytest.mark.slow
def test_the_true_limit_of_excel_loses_no_row():
    rows = workbook.SHEET_ROWS + 2
    data = content(pd.DataFrame({"n": np.arange(rows)}), Form.xlsx)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    assert [sheet.max_row for sheet in book] == [1_048_576, 3]
    assert [row[0] for row in book["Sheet2"].iter_rows(values_only=True)] == ["n", rows - 2, rows - 1]


def test_a_text_too_long_for_a_cell_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "list.xlsx"
    with pytest.raises(InputError, match=r"column 'title': A text has 32,768 characters"):
        write(pd.DataFrame({"title": ["x" * 32_768]}), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.json])
def test_a_table_without_rows_keeps_its_names(form):
    data = content(pd.DataFrame({"a": [], "b": pd.Series([], dtype="str")}), form)
    read = {
        Form.csv: pd.read_csv,
        Form.xlsx: partial(pd.read_excel, engine="openpyxl"),
        Form.parquet: pd.read_parquet,
    }[form]
    assert list(read(io.BytesIO(data)).columns) == ["a", "b"]


def test_json_is_a_list_with_an_object_a_row():
    table = pd.DataFrame({
        "text": ["=1+1", None], "number": [19.9, float("nan")], "at": pd.to_datetime(["2026-01-01T10:00:00Z", None]),
    })  # fmt: skip
    assert json.loads(content(table, Form.json)) == [
        {"text": "=1+1", "number": 19.9, "at": "2026-01-01T10:00:00+00:00"},
        {"text": None, "number": None, "at": None},
    ]
    assert json.loads(content(table.iloc[:0], Form.json)) == []


@pytest.mark.parametrize("form", Form)
def test_the_same_table_is_the_same_file(form):
    table = pd.DataFrame({"a": PAYLOADS, "at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert content(table, form) == content(table, form)


@pytest.mark.parametrize("form", Form)
def test_a_file_has_its_receipt_beside_it(tmp_path, form):
    path = tmp_path / f"list.{form}"
    receipt = write(pd.DataFrame({"a": PAYLOADS}), path)
    assert receipt.rows == len(PAYLOADS)
    assert receipt.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    beside = json.loads((tmp_path / f"list.{form}.json").read_text())
    assert beside == {"file": path.name, "rows": receipt.rows, "sha256": receipt.sha256}
    assert {one.name for one in tmp_path.iterdir()} == {path.name, f"{path.name}.json"}


def test_what_fails_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "list.xlsx"
    write(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()
    with pytest.raises(InputError):
        write(pd.DataFrame({"a": ["x" * 40_000]}), path)
    assert path.read_bytes() == before
    assert (tmp_path / "list.xlsx.json").exists()


def test_an_ending_that_is_not_known_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"list.doc: A table cannot be written as .doc. End the name in .csv"
    ):
        write(pd.DataFrame({"a": [1]}), tmp_path / "list.doc")


@pytest.mark.slow
@pytest.mark.parametrize("form", [Form.csv, Form.xlsx])
def test_an_office_program_evaluates_nothing(tmp_path, form):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("there is no LibreOffice on this machine")
    file = tmp_path / f"list.{form}"
    write(pd.DataFrame({"a": PAYLOADS, "n": -1}), file)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    # comma, quote, UTF-8, from line 1; special numbers found, blanks trimmed, formulas evaluated
    strict = [] if form == Form.xlsx else ["--infilter=CSV:44,34,76,1,,0,false,true,false,false,true,-1,true"]
    command = [office, profile, "--headless", *strict, "--convert-to", "ods", "--outdir", tmp_path, file]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    seen = pd.read_excel(tmp_path / "list.ods", dtype=str, keep_default_na=False, engine="calamine")
    assert [squeezed(text) for text in seen["a"]] == [squeezed(visible(text)) for text in PAYLOADS]
    assert b"table:formula" not in zipfile.ZipFile(tmp_path / "list.ods").read("content.xml")
