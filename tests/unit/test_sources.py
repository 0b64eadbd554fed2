import csv
import gzip
import io
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from reco_lab.core.errors import DataError, InputError
from reco_lab.sources import sniff
from reco_lab.testing.sources import IDS


def read(path, **options):
    return sniff(path).read(path, **options)


def cells(table):
    return table.frame.astype("object").where(table.frame.notna(), None).to_numpy().tolist()


ids = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\x1f"),
    min_size=1,
    max_size=20,
).filter(lambda text: text == text.strip())


def as_csv(rows, **options):
    stream = io.StringIO(newline="")
    csv.writer(stream, **options).writerows(rows)
    return stream.getvalue().encode()


def gzipped(rows):
    return gzip.compress(as_csv(rows))


def zipped(rows):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", as_csv(rows))
    return stream.getvalue()


def as_parquet(rows):
    sink = pa.BufferOutputStream()
    columns = list(zip(*rows[1:], strict=True))
    parquet.write_table(pa.table(dict(zip(rows[0], columns, strict=True))), sink)
    return sink.getvalue().to_pybytes()


WRITERS = {
    "csv": as_csv,
    "tsv": lambda rows: as_csv(rows, delimiter="\t"),
    "all quoted": lambda rows: as_csv(rows, quoting=csv.QUOTE_ALL),
    "utf-16": lambda rows: as_csv(rows).decode().encode("utf-16"),
    "utf-8 with a mark": lambda rows: b"\xef\xbb\xbf" + as_csv(rows),
    "gz": gzipped,
    "zip": zipped,
    "parquet": as_parquet,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_ids_that_readers_like_to_change_arrive_unchanged(write, file):
    rows = [[one, other] for one, other in zip(IDS, IDS[::-1], strict=True)]
    assert cells(read(file(write([["user_id", "item_id"], *rows])))) == rows


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(rows=st.lists(st.tuples(ids, ids, ids), min_size=3, max_size=8))
def test_any_ids_arrive_unchanged(write, file, rows):
    path = file(write([("user_id", "item_id", "shop_id"), *rows]))
    table = sniff(path).source.read(path, header=True)  # here, as a process for each example would take long
    assert cells(table) == [list(row) for row in rows]
    assert table.rows_in_file == len(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "::", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_delimiter_and_line_end_is_found(delimiter, end, file):
    lines = ["user item rating day", *(f"u{n % 5} i{n} {n % 5 + 1} 2020-01-0{n % 9 + 1}" for n in range(30))]
    table = read(file(end.join(line.replace(" ", delimiter) for line in lines)))
    assert table.frame.shape == (30, 4)
    assert table.dialect["header"] is True
    assert table.frame.iloc[7].tolist() == ["u2", "i7", "3", "2020-01-08"]


def test_a_decimal_comma_is_not_taken_for_a_delimiter(file):
    table = read(file("user\tprice\tweight\n" + "".join(f"u{n}\t{n},5\t1,{n}\n" for n in range(9))))
    assert table.frame.shape == (9, 3)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("1,2,3\n1,3,4\n2,2,5\n", False),
        ("user,item,rating\n1,2,3\n1,3,4\n", True),
        ("anna,shoe\nbert,coat\nanna,coat\n", False),
        ("who,what\nanna,shoe\nbert,coat\n", True),
        ("u1,i1\nu1,i2\nu2,i1\n", False),
        ("person,thing\nu1,i1\nu1,i2\n", True),
        ("2020-01-01,u1,i1\n2020-01-02,u1,i2\n", False),
    ],
)
def test_the_header_is_decided_by_looking_and_says_why(text, header, file):
    dialect = read(file(text)).dialect
    assert dialect["header"] is header
    assert dialect["header_reason"]


def test_a_person_overrules_the_look(file):
    path = file("user,item\n1,2\n3,4\n")
    assert len(read(path, header=False).frame) == 3
    assert read(path, delimiter=";").frame.shape == (2, 1)


def test_repeated_and_empty_column_names_become_distinct(file):
    table = read(file("id,id,,price\nu1,2,3,4\nu2,3,4,5\n"))
    assert list(table.frame.columns) == ["id", "id (2)", "column 3", "price"]


def test_windows_letters_are_read_and_the_guess_is_shown(file):
    table = read(file("name,item\nJosé,1\nZoë,2\n".encode("cp1252")))
    assert table.frame["name"].tolist() == ["José", "Zoë"]
    assert "Windows-1252" in table.dialect["warning"]
    assert "José" in table.dialect["warning"]


def test_broken_bytes_in_a_utf8_text_cost_their_line_only(file):
    lines = [f"Zoë{n},{n}\n".encode() for n in range(300)]
    lines[100] = b"bad\xff,100\n"
    table = read(file(b"name,item\n" + b"".join(lines)))
    assert len(table.frame) == 299
    assert [(one.line, one.reason) for one in table.refused] == [(102, "has bytes that are not UTF-8")]


def test_bytes_of_no_known_encoding_are_refused(file):
    with pytest.raises(DataError, match=r"not UTF-8 .line 2., and in no other encoding"):
        read(file(b"name,item\n" + b"\x81\x8d\x8f\x90\x9d\x81\x8d,1\n" * 5))


def test_ragged_rows_are_refused_by_line(file):
    lines = [f"u{n},i{n},{n}" for n in range(400)]
    lines[9], lines[19], lines[29] = "u9,i9", "u19,i19,1,2", "u29"
    table = read(file("user,item,value\n" + "\n".join(lines)))
    assert table.rows_in_file == 400
    assert [(one.line, one.reason) for one in table.refused] == [
        (11, "has 2 values where 3 are expected"),
        (21, "has 4 values where 3 are expected"),
        (31, "has 1 value where 3 are expected"),
    ]
    assert table.refused[0].text == "u9,i9"
    assert table.frame.index[9] == 12


def test_a_quote_that_is_never_closed_costs_its_line_only(file):
    lines = [f'u{n},"item, {n}"' for n in range(400)]
    lines[49] = 'u49,"item 49'
    table = read(file("user,item\n" + "\n".join(lines)))
    assert len(table.frame) == 399
    assert [one.line for one in table.refused] == [51]
    assert table.frame["item"].iloc[-1] == "item, 399"


def test_values_may_hold_delimiters_quotes_and_line_ends(file):
    rows = [["a,b", 'say "yes"', "two\nlines"], ["", "x", "y"], ["1", "2", "3"]]
    table = read(file(as_csv([["one", "two", "three"], *rows])))
    assert cells(table) == [rows[0], [None, "x", "y"], rows[2]]
    assert table.frame.index.tolist() == [2, 4, 5]


def test_the_quick_and_the_careful_way_agree(file, monkeypatch):
    rng = np.random.default_rng(3)
    words = np.array(["a", "b,c", 'd "e"', "f\ng", "", "NA", "é", " h "])
    path = file(as_csv([["one", "two", "three"], *words[rng.integers(len(words), size=(500, 3))].tolist()]))
    quick = read(path, header=True)
    monkeypatch.setattr("reco_lab.sources.delimited.fast", lambda *_: None)
    careful = read(path, header=True)
    assert quick.frame.equals(careful.frame)
    assert quick.frame.index.tolist() == careful.frame.index.tolist()


def test_a_stray_quote_inside_a_value_is_only_a_letter(file):
    table = read(file('user;item\nu1;5" pipe\nu2;7" pipe\n'))
    assert table.frame["item"].tolist() == ['5" pipe', '7" pipe']


def test_lines_before_the_table_are_refused_and_do_not_stop_it(file):
    body = "".join(f"u{n},i{n},{n}\n" for n in range(20))
    table = read(file("Export of the shop\n\nuser,item,value\n" + body))
    assert list(table.frame.columns) == ["user", "item", "value"]
    assert [one.reason for one in table.refused] == ["stands before the table"]
    assert table.rows_in_file == 21


def test_a_nul_character_costs_its_line(file):
    lines = [f"u{n},i{n}" for n in range(300)]
    lines[7] = "u\0,i7"
    table = read(file("user,item\n" + "\n".join(lines)))
    assert [(one.line, one.reason) for one in table.refused] == [(9, "has NUL characters")]


PIECES = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b";", b"::", b" ", b'""', b"\x1f", b""]


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_text_is_refused_or_every_line_of_it_is_accounted_for(seed, file):
    rng = np.random.default_rng(seed)
    clean = b"user,item,value\n" + b"".join(b"u%d,i%d,%d\n" % (n % 9, n % 13, n % 5) for n in range(150))
    for _ in range(30):
        text = clean
        for at in rng.integers(len(clean), size=rng.integers(1, 4)):
            text = text[:at] + PIECES[rng.integers(len(PIECES))] + text[at + rng.integers(3) :]
        try:
            table = read(file(text))
        except DataError:
            continue
        assert table.rows_in_file == len(table.frame) + len(table.refused)
        if b'"' not in text:
            lines = [line for line in text.replace(b"\r", b"\n").split(b"\n") if line.strip()]
            assert table.rows_in_file + table.dialect["header"] == len(lines)


def test_blank_lines_are_no_rows(file):
    table = read(file("user,item\n\nu1,i1\n\r\n\nu2,i2\n\n\n"))
    assert table.frame.index.tolist() == [3, 6]
    assert table.rows_in_file == 2


def many_columns():
    return ",".join(f"c{n}" for n in range(1001)) + "\n" + ",".join("1" * 1001) + "\n"


UNUSABLE = {
    "nothing": (b"", "It is empty"),
    "white space": (b" \n\n \n", "It is empty"),
    "header only": (b"user,item,rating\n", "header but no rows"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG picture"),
    "photo": (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG picture"),
    "page": (b"<!DOCTYPE html><html></html>", "web page"),
    "bytes": (bytes(range(256)) * 20, "binary file"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "no workbook that can be read"),
    "damaged gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "cannot be read"),
    "long line": (b"user,item\n" + b"x" * (1 << 20) + b",1\n" + b"u,i\n" * 500, "Line 2 is longer than 1 MB"),
    "too wide": (many_columns().encode(), "1001 columns"),
    "mostly ragged": (b"a,b\n1,2\n1,2,3\n1\n4,5\n", "2 of 4 rows cannot be read: line 3 has 3 values"),
    "damaged parquet": (b"PAR1" + b"\0" * 100, "damaged"),
}


@pytest.mark.parametrize(("content", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_file_gets_a_sentence(content, sentence, file):
    with pytest.raises(DataError, match=sentence) as caught:
        read(file(content, "data.csv"))
    assert "data.csv" in str(caught.value)
    assert str(caught.value).endswith(".")


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as found:
        for name, content in members.items():
            found.writestr(name, content)
    return stream.getvalue()


def test_an_archive_with_several_files_names_them(file):
    with pytest.raises(DataError, match=r"2 files \(one.csv, two.csv\)"):
        read(file(archive(**{"one.csv": "a,b\n1,2\n", "two.csv": "a,b\n1,2\n"})))


def test_a_bomb_is_refused_before_it_fills_the_memory(file):
    with pytest.raises(DataError, match="unpacks to more than"):
        read(file(gzip.compress(b"1,2,3\n" * (12 << 20), 9), "small.csv.gz"))


def test_a_missing_file_is_answered_by_name(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: There is no such file"):
        read(tmp_path / "nowhere.csv")


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(InputError, match="This is a folder, not a file"):
        read(tmp_path)


def test_an_unknown_format_is_answered_with_those_there_are(file):
    with pytest.raises(
        DataError, match="clickstream, delimited, excel, ga4, json_lines, lists, matomo, parquet, snowplow"
    ):
        sniff(file("a,b\n1,2\n"), "word")


def test_lists_become_pairs_and_a_customer_without_items_is_counted(file):
    table = read(file("1 20 30 40\n2 20\n3\n\n007 1e5 NA7\n", "train.txt"))
    assert cells(table) == [
        ["1", "20"],
        ["1", "30"],
        ["1", "40"],
        ["2", "20"],
        ["007", "1e5"],
        ["007", "NA7"],
    ]
    assert table.frame.index.tolist() == [1, 1, 1, 2, 5, 5]
    assert [(one.line, one.text) for one in table.refused] == [(3, "3")]
    assert table.rows_in_file == 7


def test_parquet_numbers_and_times_become_exact_text(tmp_path):
    columns = {
        "id": pa.array([2**53 + 1, 7], pa.int64()),
        "share": [1.0, 0.1],
        "day": pa.array([0, 10**6], pa.timestamp("us")),
        "flag": [True, None],
        "word": pa.array(["NA", ""]).dictionary_encode(),
    }
    parquet.write_table(pa.table(columns), tmp_path / "file")
    assert cells(read(tmp_path / "file")) == [
        ["9007199254740993", "1.0", "1970-01-01 00:00:00.000000", "true", "NA"],
        ["7", "0.1", "1970-01-01 00:00:01.000000", None, None],
    ]


def test_nested_parquet_columns_are_refused_by_name(tmp_path):
    parquet.write_table(pa.table({"user": ["a"], "basket": [["x", "y"]]}), tmp_path / "file")
    with pytest.raises(DataError, match="'basket' holds list"):
        read(tmp_path / "file")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "shape", "delimiter", "header"),
    [
        ("ml-100k/u.data", (100_000, 4), "tab", False),
        ("ml-100k/u.item", (1682, 24), "bar", False),
        ("ml-1m/movies.dat", (3883, 3), "double colon", False),
        ("ml-1m/users.dat", (6040, 5), "double colon", False),
        ("golden-ml-100k/ml-100k.train.rating", (80_000, 3), "tab", False),
        ("cdnow/CDNOW_sample.txt", (6919, 5), "space", False),
        ("complete-journey/demographics.csv", (801, 8), "comma", True),
    ],
)
def test_real_files_are_read_whole(real_data, name, shape, delimiter, header):
    table = read(real_data(name))
    assert (table.frame.shape, table.refused) == (shape, ())
    assert (table.dialect["delimiter"], table.dialect["header"]) == (delimiter, header)


@pytest.mark.data
def test_published_lists_are_recognised_by_content(real_data):
    table = read(real_data("golden-ml-100k/ml-100k.test.rating"))
    assert (len(table.frame), table.dialect["format"]) == (20_000, "lists")


@pytest.mark.data
def test_a_title_with_an_accent_survives_latin_1(real_data):
    titles = read(real_data("ml-1m/movies.dat")).frame["column 2"]
    assert titles.str.contains("Misérables").any()


@pytest.mark.data
def test_the_polluted_files_lose_nothing_silently(real_data):
    folder = real_data("messy-csv/pollock")
    outcomes = {path.name: outcome(path, folder / "clean" / path.name) for path in folder.glob("*.csv")}
    assert {name for name, found in outcomes.items() if found == "lost"} == set()
    assert sum(found == "right" for found in outcomes.values()) >= 12


def outcome(path, clean):
    try:
        table = read(path)
    except DataError:
        return "refused"
    with clean.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.reader(stream) if row]
    return "right" if table.rows_in_file >= len(rows) - 1 else "lost"
