import pytest

from reco_lab.core.errors import DataError
from reco_lab.sources import sniff


def read(path, **options):
    return sniff(path).read(path, **options)


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "file.csv"
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return write


def cells(table):
    return table.frame.astype("object").where(table.frame.notna(), None).to_numpy().tolist()


@pytest.mark.parametrize("delimiter", ["||", "~", "^", "\x1f", "¦"])
def test_unusual_delimiters_are_found_too(delimiter, file):
    lines = ["user item rating", *(f"u{n % 5} i{n} {n % 5}" for n in range(30))]
    table = read(file("\n".join(line.replace(" ", delimiter) for line in lines)))
    assert table.frame.shape == (30, 3)
    assert table.dialect["delimiter"] == delimiter


def test_a_delimiter_of_several_characters_may_stand_inside_quotes(file):
    table = read(file('user::item\n"u1"::"a::b"\n"u2"::"c"\n'), delimiter="::")
    assert cells(table) == [["u1", "a::b"], ["u2", "c"]]


def test_backslashes_before_quotes_and_delimiters_are_undone_and_all_others_stay(file):
    quoted = [f'u{n},"5\\" pipe","C:\\new\\temp"' for n in range(9)]
    assert cells(read(file("user,item,path\n" + "\n".join(quoted))))[0] == ["u0", '5" pipe', "C:\\new\\temp"]
    bare = [f"u{n},red\\, large,C:\\new" for n in range(9)]
    assert cells(read(file("user,item,path\n" + "\n".join(bare))))[0] == ["u0", "red, large", "C:\\new"]


def test_several_header_rows_are_joined(file):
    body = "".join(f"u{n},{n},{n * 2}\n" for n in range(20))
    table = read(file("who,spring,autumn\nid,sales,returns\n" + body))
    assert list(table.frame.columns) == ["who id", "spring sales", "autumn returns"]
    assert (table.dialect["header_rows"], len(table.frame)) == (2, 20)


def test_a_first_row_with_missing_values_is_no_second_header(file):
    body = "".join(f"u{n},{n},{n * 2}\n" for n in range(20))
    assert len(read(file("who,spring,autumn\nu99,NA,unknown\n" + body)).frame) == 21


def test_comments_are_left_out_and_counted(file):
    table = read(file("# made by the shop\nuser;count\nu1;1\n# a pause\nu2;2\n"))
    assert cells(table) == [["u1", "1"], ["u2", "2"]]
    assert [(one.line, one.reason) for one in table.refused] == [(1, "is a comment"), (4, "is a comment")]


def test_names_that_come_again_further_down_are_left_out_and_counted(file):
    part = "user,count\n" + "".join(f"u{n},{n}\n" for n in range(40))
    table = read(file(part + part))
    assert len(table.frame) == 80
    assert [(one.line, one.reason) for one in table.refused] == [(42, "repeats the names of the columns")]


def two_tables():
    orders = [f"u{n},i{n},{n}" for n in range(50)]
    people = [f"u{n};{20 + n}" for n in range(20)]
    return "\n".join(["user,item,count", *orders, "", "user;age", *people]) + "\n"


def test_of_several_tables_one_is_read_and_the_rows_of_the_others_are_counted(file):
    table = read(file(two_tables()))
    assert (table.frame.shape, len(table.refused), table.rows_in_file) == ((50, 3), 21, 71)
    assert {one.reason for one in table.refused} == {"belongs to table 2 of the file"}
    assert [one.line for one in table.refused] == list(range(53, 74))
    assert "2 tables" in table.dialect["warning"]


def test_a_person_chooses_the_table(file):
    path = file(two_tables())
    table = read(path, table=2)
    assert list(table.frame.columns) == ["user", "age"]
    assert table.frame.index.tolist() == list(range(54, 74))
    assert table.rows_in_file == 71
    with pytest.raises(DataError, match=r"no table 3.*table 1: lines 1 to 52, 3 columns; table 2"):
        read(path, table=3)


def test_a_person_may_load_a_damaged_file_without_its_damaged_rows(file):
    path = file("user,item\nu1,i1\nu2\nu3,i3\n")
    with pytest.raises(DataError, match="1 of 3 rows"):
        read(path)
    assert len(read(path, allow_refused=True).frame) == 2


def test_half_a_character_costs_its_line_whatever_the_encoding(tmp_path):
    path = tmp_path / "file.csv"
    lines = [f"Zoë{n},{n}" for n in range(300)]
    for encoding, bad in (("utf-16-le", b"\x00\xd8"), ("utf-8", b"\xff")):
        encoded = [line.encode(encoding) for line in ("name,item", *lines)]
        encoded[101] = bad + encoded[101]
        path.write_bytes(
            ("\ufeff".encode(encoding) if "16" in encoding else b"") + "\n".encode(encoding).join(encoded)
        )
        for chosen in (None, encoding):
            table = read(path, encoding=chosen)
            assert [one.line for one in table.refused] == [102]
            assert len(table.frame) == 299


@pytest.mark.parametrize(
    "line", ["user,item", "a,b,c", "Preis €,Menge 2", "_id;sku#", "u1,i1", '"user","item"', "user\titem"]
)
def test_a_header_without_rows_is_no_table(file, line):
    path = file(f"{line}\n\n")
    with pytest.raises(DataError, match="It has a header but no rows"):
        sniff(path).read(path)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("quoted", [True, False])
def test_backslashes_are_letters_like_all_others(file, delimiter, quoted):
    ids = ["\\", "\\\\", "a\\b", "C:\\x\\", "\\N", "\\t", "x\\", "z"]
    rows = [(one, other) for one in ids for other in ids]
    cells = [[f'"{cell}"' if quoted else cell for cell in row] for row in rows]
    path = file("\n".join(delimiter.join(row) for row in [["user", "item"], *cells]))
    assert list(sniff(path).read(path).frame.itertuples(index=False, name=None)) == rows
