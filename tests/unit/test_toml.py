import tomllib

import pytest

from reco_lab.core.toml import pair


@pytest.mark.parametrize(
    "value",
    ["", "two\nlines", '"""', "back\\slash", "a\x7fb", "\x00\x1f\x85\u2028", "größer 😀", 0, -3, 1e-05, 2.5, True,
     [], [1, "a", [False]], {}, {"a b": {"ä": "\x7f"}, "b": [{"c": 1}]}],
)  # fmt: skip
def test_what_is_written_reads_back_to_the_same_value(value):
    assert tomllib.loads(pair("key", value)) == {"key": value}


@pytest.mark.parametrize("key", ["a-b_1", "a b", "a.b", "", "ä", 'q"', "\x7f"])
def test_any_text_can_be_a_key(key):
    assert tomllib.loads(pair(key, 1)) == {key: 1}


def test_what_is_none_in_a_table_is_left_out():
    assert tomllib.loads(pair("key", {"a": None, "b": 1})) == {"key": {"b": 1}}
