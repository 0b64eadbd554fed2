import re
from datetime import UTC, datetime

import pandas as pd
import pytest

from reco_lab.core.words import of_many
from reco_lab.ui import export, intake
from reco_lab.ui.words import count, day, joined, md, score, seconds, signed, time_left, when


@pytest.mark.parametrize(
    "text", ["**b**", "[x](http://a.example)", "<b>", "$e$", "`c`", "~~s~~", "# h", "a|b"]
)
def test_every_sign_of_markdown_is_made_literal(text):
    assert joined(md(text).replace("\\", "")) == text
    assert all(md(text)[at - 1] == "\\" for at, sign in enumerate(md(text)) if sign in "*[]()<>$`~#|")


def test_an_emoji_or_icon_code_is_broken():
    assert ":material/home:" not in md(":material/home:").replace("\\", "")


@pytest.mark.parametrize(
    "text",
    ["http://a.example", "HTTPS://a.example", "www.a.example", "see http://a.example", "ann@a.example"],
)
def test_a_bare_address_does_not_become_a_link(text):
    """Streamlit's Markdown links addresses after it has read the backslashes, so the parts are kept apart."""
    shown = md(text).replace("\\", "")

    assert re.search(r"https?://|www\.|[\w.]@[\w-]+\.", shown, re.IGNORECASE) is None
    assert joined(shown) == text


def test_a_line_break_cannot_begin_a_heading():
    assert "\n" not in md("one\n# two")


def test_a_number_has_its_noun():
    assert (count(1, "item"), count(12345, "item")) == ("1 item", "12,345 items")


def test_what_is_not_known_is_a_dash():
    assert score(None) == "–"
    assert score(0.12345) == "0.123"


def test_durations_read_as_a_person_says_them():
    assert [seconds(value) for value in (0, 0.02, 2.5, 40, 600)] == [
        "< 1 ms",
        "20 ms",
        "2.5 s",
        "40 s",
        "10 min",
    ]
    assert time_left((30.0, 60.0)) == "30 s to 60 s left"
    assert time_left(None) == ""


def test_moments_read_alike_from_text_and_from_clocks():
    assert (
        when("2026-11-02T18:04:00") == when(datetime(2026, 11, 2, 18, 4, tzinfo=UTC)) == "2 Nov 2026, 18:04"
    )


def test_a_cell_that_a_spreadsheet_would_run_is_made_text():
    table = pd.DataFrame({"title": ["=1+1", "plain"], "n": [-1, 2]})

    assert export.csv(table).decode("utf-8-sig").splitlines() == ["title,n", "'=1+1,-1", "plain,2"]


@pytest.mark.parametrize(
    ("file", "name"),
    [("u.data", "u"), ("My Shop (1).CSV.gz", "my-shop-1"), ("---", "my-data"), ("ä.txt", "my-data")],
)
def test_a_file_s_name_becomes_a_data_set_s_name(file, name):
    assert intake.name_of(file) == name


def test_a_day_and_a_difference_read_as_people_write_them():
    assert day("2025-12-07T10:00:00") == "7 Dec 2025"
    assert signed(-0.0114) == "−0.011"


def test_a_name_does_not_turn_what_stands_behind_it():
    assert md("\u202etxt\u2067exe") == "txtexe"


@pytest.mark.parametrize(
    ("number", "many", "words"),
    [
        (1, "trained models and their lists", "1 trained model and its lists"),
        (1, "experiments told to run again", "1 experiment told to run again"),
        (1, "rows of the log", "1 row of the log"),
        (2, "rows of data", "2 rows of data"),
        (0, "jobs waiting", "0 jobs waiting"),
    ],
)
def test_one_of_many_is_said_as_one(number, many, words):
    assert of_many(number, many) == words
