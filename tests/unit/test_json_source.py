import gzip
import json

import pytest

from reco_lab.core.errors import DataError
from reco_lab.sources import sniff


@pytest.fixture
def table(tmp_path):
    def read(content, **options):
        path = tmp_path / "events.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return sniff(path).read(path, **options)

    return read


def cells(table):
    return table.frame.astype("object").where(table.frame.notna(), None).to_numpy().tolist()


def test_numbers_keep_the_digits_that_they_are_written_with(table):
    text = '{"user": 9007199254740993, "item": 1.0, "value": 1e5}\n{"user": 1, "item": 0.10, "value": -0}'
    assert cells(table(text)) == [["9007199254740993", "1.0", "1e5"], ["1", "0.10", "-0"]]


def test_ids_that_are_json_texts_stay_as_they_are(table):
    assert cells(table('{"user": "00123", "item": "NA"}\n{"user": "true", "item": "null"}')) == [
        ["00123", "NA"],
        ["true", "null"],
    ]


def test_inner_objects_are_named_with_dots_and_lists_stay_json(table):
    found = table(
        '[{"user": {"id": 7, "geo": {"city": "Köln"}}, "tags": ["a", 1.0, {"b": null}], "no": null}]'
    )
    assert list(found.frame.columns) == ["user.id", "user.geo.city", "tags", "no"]
    assert cells(found) == [["7", "Köln", '["a", 1.0, {"b": null}]', None]]


def test_an_array_over_many_lines_and_one_inside_an_object_are_read(table):
    objects = [{"user": "u1", "item": "i1"}, {"user": "u2", "item": "i2"}]
    for text in (json.dumps(objects, indent=2), json.dumps({"rows": objects, "next": None}, indent=1)):
        found = table(text)
        assert cells(found) == [["u1", "i1"], ["u2", "i2"]]
        assert found.dialect["format"] == "JSON array"


def test_objects_may_have_different_keys(table):
    assert cells(table('{"id": 1}\n{"id": 2, "name": "x"}\n\n{"name": "y"}')) == [
        ["1", None],
        ["2", "x"],
        [None, "y"],
    ]


BAD_LINES = {
    "names a key twice": '{"id": 1, "id": 2}',
    "has half a character": '{"id": "\\ud800"}',
    "has NUL characters": '{"id": "a\\u0000b"}',
    "is not an object": "[1, 2]",
    "is not JSON": '{"id": 1',
    "names 'a.b' twice": '{"a.b": 1, "a": {"b": 2}}',
    "nested too deeply": '{"a":' * 100_000,
}


@pytest.mark.parametrize(("reason", "line"), BAD_LINES.items(), ids=BAD_LINES)
def test_a_line_that_cannot_be_a_row_is_refused_by_number(reason, line, table):
    good = [f'{{"id": {n}}}' for n in range(200)]
    found = table("\n".join([*good[:50], line, *good[50:]]))
    assert [(one.line, reason in one.reason) for one in found.refused] == [(51, True)]
    assert found.rows_in_file == len(found.frame) + 1 == 201


def test_many_bad_lines_stop_the_load(table):
    with pytest.raises(DataError, match="2 of 4 rows cannot be read: line 2"):
        table('{"id": 1}\nhello\n{"id"\n{"id": 2}')


@pytest.mark.parametrize("text", ['[{"id": 1}, {"id"', "[]", "[[1, 2], [3, 4]]", '{"id": '])
def test_what_is_no_table_gets_a_sentence(text, table):
    with pytest.raises(DataError, match=r"\.$"):
        table(text)


def test_a_text_that_only_looks_like_json_is_read_as_a_table(table):
    assert table("[user],[item]\nu1,5\nu2,6\n").dialect["format"] == "delimited"


def test_a_preview_of_a_large_array_reads_its_beginning_only(table):
    array = json.dumps([{"user": f"u{n}", "item": f"i{n}", "note": "x" * 50} for n in range(60_000)])
    assert len(array) > 4 << 20
    found = table(array, rows=20)
    assert cells(found)[19][:2] == ["u19", "i19"]
    assert len(found.frame) == 20


def test_packed_lines_are_read(table):
    assert cells(table(gzip.compress(b'{"id": "01"}\n{"id": "1"}'))) == [["01"], ["1"]]


@pytest.mark.parametrize("text", ['[{"id": "Zoë"}, {"id": "山"}]', '{"id": "Zoë"}\n{"id": "山"}'])
def test_utf_16_with_its_mark_is_read(text, table):
    assert cells(table(text.encode("utf-16"))) == [["Zoë"], ["山"]]
