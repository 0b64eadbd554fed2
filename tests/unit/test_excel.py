import datetime as dt
import io
import zipfile

import pytest
import xlsxwriter

from reco_lab.core.errors import DataError
from reco_lab.core.source import sources
from reco_lab.sources import sniff


@pytest.fixture
def book(tmp_path):
    def write(fill, name="book.xlsx"):
        path = tmp_path / name
        with xlsxwriter.Workbook(str(path)) as workbook:
            fill(workbook)
        return path

    return write


def read(path, **options):
    """Read here, not in a process of its own: what that adds is tested with the bombs."""
    return sources()["excel"].read(path, **options)


def rows(*table):
    def fill(workbook):
        sheet = workbook.add_worksheet("orders")
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)

    return fill


def repacked(path, change):
    """The same workbook with the bytes of its parts changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    path.write_bytes(stream.getvalue())
    return path


def test_numbers_dates_and_truths_become_plain_text(book):
    def fill(workbook):
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["who", "count", "price", "day", "paid"])
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for row in (1, 2):
            sheet.write_row(row, 0, ["anna", 5, 0.1])
            sheet.write_datetime(row, 3, dt.datetime(2024, 2, 29, 13, 5), day)  # noqa: DTZ001 - a workbook knows no zones
            sheet.write_boolean(row, 4, row == 1)

    frame = read(book(fill)).frame
    assert frame.iloc[0].tolist() == ["anna", "5", "0.1", "2024-02-29 13:05:00", "true"]
    assert frame.index.tolist() == [2, 3]


def test_ids_that_are_numbers_come_with_a_warning(book):
    warning = read(book(rows(["customer_id", "item"], [123, "a"], [45, "b"]))).dialect["warning"]
    assert "'customer_id' holds numbers" in warning
    assert "leading zeros cannot be recovered" in warning


def test_a_format_that_shows_zeros_is_noticed_whatever_the_column_is_called(book):
    def fill(workbook):
        sheet = workbook.add_worksheet()
        padded = workbook.add_format({"num_format": "00000"})
        sheet.write_row(0, 0, ["who", "what"])
        for row in (1, 2):
            sheet.write_number(row, 0, 123 + row, padded)
            sheet.write_string(row, 1, f"i{row}")

    assert "'who' holds numbers" in read(book(fill)).dialect["warning"]


def test_numbers_that_excel_cannot_keep_exactly_are_named(book):
    warning = read(book(rows(["card", "item"], [2**53, "a"], [2**53, "b"]))).dialect["warning"]
    assert "more than 15 digits" in warning


def test_text_ids_get_no_warning(book):
    table = read(book(rows(["customer_id", "item"], ["00123", "a"], ["045", "b"])))
    assert table.frame["customer_id"].tolist() == ["00123", "045"]
    assert "warning" not in table.dialect


def test_a_formula_without_a_value_is_refused_and_counted(book):
    def fill(workbook):
        rows(["who", "what", "count"], ["u1", "i1", 1], ["u2", "i2", 2], ["u3", "i3", 3])(workbook)
        workbook.worksheets()[0].write_formula(2, 2, "=1+1")

    path = repacked(book(fill), lambda _, part: part.replace(b"<f>1+1</f><v>0</v>", b"<f>1+1</f>"))
    table = read(path)
    assert [(one.line, one.reason) for one in table.refused] == [
        (3, "holds a formula without a value (cell C3)")
    ]
    assert table.rows_in_file == len(table.frame) + 1 == 3


def test_a_formula_with_its_value_is_that_value(book):
    def fill(workbook):
        rows(["who", "count"], ["u1", 1], ["u2", 2])(workbook)
        workbook.worksheets()[0].write_formula(1, 1, "=20+1", value=21)

    assert read(book(fill)).frame["count"].tolist() == ["21", "2"]


def test_an_error_in_a_cell_is_never_taken_for_an_id(book):
    def fill(workbook):
        rows(["who", "what"], *([f"u{n}", f"i{n}"] for n in range(200)))(workbook)
        workbook.worksheets()[0].write_formula(1, 0, "=NA()", value="#N/A")

    table = read(book(fill))
    assert [(one.line, one.reason) for one in table.refused] == [(2, "holds the error #N/A (cell A2)")]


def test_the_first_sheet_with_rows_is_read_and_the_others_are_named(book):
    def fill(workbook):
        workbook.add_worksheet("cover").write(0, 0, "Shop report")
        for name in ("orders", "returns"):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, ["who", "what"])
            sheet.write_row(1, 0, [name, "i1"])

    path = book(fill)
    table = read(path)
    assert table.frame["who"].tolist() == ["orders"]
    assert "'orders'" in table.dialect["warning"]
    assert "returns" in table.dialect["warning"]
    assert read(path, sheet="returns").frame["who"].tolist() == ["returns"]
    assert read(path, sheet=3).frame["who"].tolist() == ["returns"]
    with pytest.raises(DataError, match=r"no sheet 'sales'.*cover; orders; returns"):
        read(path, sheet="sales")


def test_header_rows_with_merged_cells_are_joined(book):
    def fill(workbook):
        sheet = workbook.add_worksheet()
        sheet.merge_range(0, 0, 1, 0, "customer")
        sheet.merge_range(0, 1, 0, 2, "2024")
        sheet.write_row(1, 1, ["spring", "autumn"])
        sheet.write_string(0, 3, "region")
        for row in range(2, 6):
            sheet.write_row(row, 0, [f"u{row}", row, row * 2, "north"])

    table = read(book(fill))
    assert list(table.frame.columns) == ["customer", "2024 spring", "2024 autumn", "region"]
    assert table.dialect["header_rows"] == 2
    assert len(table.frame) == 4


def test_a_title_above_the_table_is_left_out_and_counted(book):
    table = read(book(rows(["Orders of 2024"], [], ["who", "count"], ["u1", 1], ["u2", 2])))
    assert list(table.frame.columns) == ["who", "count"]
    assert [(one.line, one.reason) for one in table.refused] == [(1, "stands before the table")]
    assert table.frame.index.tolist() == [4, 5]


def test_a_sheet_without_header_keeps_its_first_row(book):
    assert len(read(book(rows([1, 2, 3], [4, 5, 6]))).frame) == 2


def test_entities_declared_in_a_workbook_are_refused(book):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'

    def change(name, part):
        return part.replace(b"?>", b"?>" + bomb, 1) if name == "xl/sharedStrings.xml" else part

    with pytest.raises(DataError, match="declares entities"):
        read(repacked(book(rows(["who", "what"], ["u1", "i1"])), change))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04 xl/ not a zip", "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "no workbook that can be read"),
    ],
)
def test_a_damaged_workbook_gets_a_sentence(content, sentence, tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read(path)


def test_an_empty_sheet_gets_a_sentence(book):
    with pytest.raises(DataError, match="The sheet is empty"):
        read(book(lambda workbook: workbook.add_worksheet()))


def test_a_workbook_is_recognised_whatever_it_is_called_and_read_in_a_process_of_its_own(book):
    path = book(rows(["who", "what"], ["u1", "i1"], ["u2", "i2"]), "orders.csv")
    found = sniff(path)
    assert found.name == "excel"
    assert found.read(path).frame["who"].tolist() == ["u1", "u2"]
    with pytest.raises(DataError, match=r"orders\.csv: There is no sheet 9"):
        found.read(path, sheet=9)
