from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.attributes import clean_attributes
from reco_lab.cleaning.ids import canonical_id, clean_ids
from reco_lab.cleaning.interactions import clean_interactions
from reco_lab.cleaning.kinds import clean_kinds
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import DataError, MappingError
from reco_lab.core.interactions import ColumnMap

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def column(*texts, name="column"):
    return pd.Series(texts, index=range(2, len(texts) + 2), name=name, dtype="str")


def reasons(cleaned):
    return {reason: np.flatnonzero(mask).tolist() for reason, mask in cleaned.refused.items() if mask.any()}


def test_ids_are_trimmed_and_composed_and_nothing_else():
    cleaned = clean_ids(column(" u1 ", "e\u0301", "é", "01", "1", "1.0"), "customer")
    assert cleaned.values.tolist() == ["u1", "é", "é", "01", "1", "1.0"]
    assert cleaned.mended == {"customer ids trimmed or their accents composed": 2}
    assert reasons(cleaned) == {}


def test_ids_that_cannot_be_ids_are_refused_with_the_reason():
    cleaned = clean_ids(column("u1", None, "  ", "a\tb", "x" * 257), "item")
    assert reasons(cleaned) == {
        "has no item id": [1, 2],
        "has control characters in the item id": [3],
        "has an item id of more than 256 characters": [4],
    }


def test_an_id_has_one_spelling():
    assert canonical_id(canonical_id(" e\u0301 ")) == canonical_id("é") == "é"


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1", "2.5", "-3", "1e3", ".5"], [1, 2.5, -3, 1000, 0.5]),
        (["1,5", "2", "-3,25"], [1.5, 2, -3.25]),
        (["1.234,50", "2,00"], [1234.5, 2]),
        (["1,234.50", "2,000"], [1234.5, 2000]),
    ],
)
def test_numbers_are_read_as_the_column_shows_them(texts, numbers):
    assert clean_values(column(*texts)).values.tolist() == numbers


def test_values_that_are_no_finite_numbers_are_refused():
    cleaned = clean_values(column("1", "NaN", "inf", "many", None, "1e30"))
    assert reasons(cleaned) == {
        "has a value that is not finite": [1, 2],
        "has a value that is no number": [3],
        "has no value": [4],
        "has a value beyond 1e+12": [5],
    }


def test_a_comma_that_could_be_either_is_asked_about():
    with pytest.raises(DataError, match="'1,234': a decimal comma, or thousands"):
        clean_values(column("1,234", "5"))
    assert clean_values(column("1,234", "5"), ",").values.tolist() == [1.234, 5]
    assert clean_values(column("1,234", "5"), ".").values.tolist() == [1234, 5]


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["881250949", "978300760"], "1997-12-04T15:55:49"),
        (["881250949.0"], "1997-12-04T15:55:49"),
        (["1433221332117"], "2015-06-02T05:02:12.117"),
        (["1433221332117000"], "2015-06-02T05:02:12.117"),
        (["1433221332117000000"], "2015-06-02T05:02:12.117"),
        (["19970101", "19980630"], "1997-01-01"),
        (["2024-01-31"], "2024-01-31"),
        (["2024-01-31 10:30:00"], "2024-01-31T10:30"),
        (["2024-01-31T10:30:00.25Z"], "2024-01-31T10:30:00.25"),
        (["2024-01-31T10:30:00+02:00"], "2024-01-31T08:30"),
        (["2024-01-31 10:30:00 UTC"], "2024-01-31T10:30"),
        (["31.01.2024 10:30", "01.02.2024 11:00"], "2024-01-31T10:30"),
        (["31/1/2024", "1/2/2024"], "2024-01-31"),
        (["12/1/2010 8:26", "12/31/2010 8:26"], "2010-12-01T08:26"),
        (["1/31/24 1:05 PM"], "2024-01-31T13:05"),
        (["1/31/24 12:05 AM"], "2024-01-31T00:05"),
        (["20240131103000"], "2024-01-31T10:30"),
        (["202401311030"], "2024-01-31T10:30"),
        (["20240131T103000"], "2024-01-31T10:30"),
        (["2024/01/31 10:30"], "2024-01-31T10:30"),
        (["2024.1.31 8:05"], "2024-01-31T08:05"),
        (["2024-01-31 10:30:00 +0200"], "2024-01-31T08:30"),
        (["2024-01-31T10:30-05"], "2024-01-31T15:30"),
        (["31/01/2024 10:30 +02:00"], "2024-01-31T08:30"),
        (["31.01.2024 10:30 CET"], "2024-01-31T09:30"),
        (["1/31/2024 10:30 PM EST"], "2024-02-01T03:30"),
        (["31-01-24"], "2024-01-31"),
        (["31 Jan 2024"], "2024-01-31"),
        (["Jan 31, 2024 10:30 PM"], "2024-01-31T22:30"),
        (["January 31st, 2024"], "2024-01-31"),
        (["31-Jan-24 10:30"], "2024-01-31T10:30"),
        (["2024-Jan-31"], "2024-01-31"),
        (["Wed, 31 Jan 2024 10:30:00 +0100"], "2024-01-31T09:30"),
        (["Wed, 31 Jan 2024 10:30:00 GMT"], "2024-01-31T10:30"),
        (["Wed Jan 31 10:30:00 2024"], "2024-01-31T10:30"),
        (["[31/Jan/2024:10:30:00 +0000]"], "2024-01-31T10:30"),
        (["31. Januar 2024 10:30 Uhr"], "2024-01-31T10:30"),
        (["5. März 2024"], "2024-03-05"),
        (["31 janvier 2024 à 10h30"], "2024-01-31T10:30"),
        (["1er août 2024"], "2024-08-01"),
        (["31 de enero de 2024"], "2024-01-31"),
    ],
)
def test_times_are_decided_for_the_whole_column(texts, first):
    cleaned = clean_times(column(*texts), NOW)
    assert cleaned.values.iloc[0] == pd.Timestamp(first)
    assert reasons(cleaned) == {}
    assert cleaned.note


def test_times_without_a_zone_are_of_the_zone_that_is_named():
    times = clean_times(column("2024-07-01 12:00", "2024-01-01 12:00"), NOW, zone="Europe/Berlin").values
    assert [str(time) for time in times] == ["2024-07-01 10:00:00", "2024-01-01 11:00:00"]


def test_zones_that_differ_from_row_to_row_are_brought_to_one():
    for texts in (
        ["2024-07-01T12:00:00+02:00", "2024-07-01T12:00:00Z", "2024-07-01 12:00"],
        ["31/07/2024 12:00 +02:00", "31/07/2024 12:00 UTC", "31/07/2024 12:00"],
    ):
        hours = [time.hour for time in clean_times(column(*texts), NOW, zone="America/New_York").values]
        assert hours == [10, 12, 16]


def test_day_and_month_that_cannot_be_told_apart_are_asked_about():
    with pytest.raises(MappingError, match="day or month first"):
        clean_times(column("01/02/2024", "03/04/2024"), NOW)
    assert clean_times(column("01/02/2024"), NOW, day_first=True).values.iloc[0].month == 2
    assert clean_times(column("01/02/2024"), NOW, day_first=False).values.iloc[0].month == 1


def test_dates_written_in_two_ways_stop_the_load():
    with pytest.raises(DataError, match="in two ways: '31/01/2024' and '01/31/2024'"):
        clean_times(column("31/01/2024", "01/31/2024"), NOW)


@pytest.mark.parametrize(
    ("texts", "last", "note"),
    [
        (["31.01.2024 10:30", "01.02.2024", "2024-03-05 08:00:00"], "2024-03-05T08:00", "the day before month; some as ISO dates, taken as UTC"),
        (["01/31/2024", "01/30/2024", "2024-03-05T08:00:00Z"], "2024-03-05T08:00", "month before day; some as ISO dates, taken as UTC"),
        (["2024-01-31", "2024-02-01", "05.03.2024"], "2024-03-05", "ISO dates; some as dates with the day before month"),
        (["31 Jan 2024", "1 Feb 2024", "2024-03-05"], "2024-03-05", "; some as ISO dates"),
        (["1706697000", "1706697001", "2024-03-05"], "2024-03-05", "seconds since 1970, UTC; some as ISO dates"),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_than_most_is_read_where_it_can_mean_one_day_only(texts, last, note):
    cleaned = clean_times(column(*texts), NOW)
    assert cleaned.values.iloc[-1] == pd.Timestamp(last)
    assert reasons(cleaned) == {}
    assert note in cleaned.note


def test_what_could_mean_two_days_is_refused_among_others():
    texts = ["2024-01-31", "2024-02-01", "2024-02-02", "05/03/2024", "2024"]
    refused = {"has a time that cannot be read": [3]}
    assert reasons(clean_times(column(*texts), NOW)) == refused
    assert clean_times(column(*texts), NOW, day_first=False).values.iloc[3] == pd.Timestamp("2024-05-03")


@pytest.mark.parametrize("text", ["1970-01-01", "2025-06-03", "9999-12-31"])
def test_a_time_before_1990_or_in_the_future_stops_the_load(text):
    with pytest.raises(DataError, match=text):
        clean_times(column("2024-01-01", "2024-01-02", text, name="day"), NOW)


def test_the_line_of_an_impossible_time_is_named():
    with pytest.raises(DataError, match="line 3: Column 'day' says '1970-01-01'"):
        clean_times(column("2024-01-01", "1970-01-01", name="day"), NOW)


def test_seconds_among_milliseconds_stop_the_load():
    with pytest.raises(DataError, match="before 1990"):
        clean_times(column("1433221332117", "1433221332118", "1433221332"), NOW)


def test_rows_without_a_readable_time_are_refused():
    cleaned = clean_times(column("2024-01-01", "soon", None, "2024-02-30", "2024-03-01", "2024-04-01"), NOW)
    assert reasons(cleaned) == {"has no time": [2], "has a time that cannot be read": [1, 3]}


def test_a_column_of_words_or_counts_is_no_time():
    with pytest.raises(MappingError, match="does not hold times, for example 'red'"):
        clean_times(column("red", "blue"), NOW)
    with pytest.raises(MappingError, match="no times between 1990 and now"):
        clean_times(column("1", "2"), NOW)


def test_words_for_kinds_are_known_and_can_be_overruled():
    words = column("addtocart", "View", "transaction", "purchase")
    assert clean_kinds(words).values.tolist() == ["cart", "view", "purchase", "purchase"]
    assert clean_kinds(words, {"View": "click"}).values.iloc[1] == "click"
    assert reasons(clean_kinds(words, {"View": ""})) == {"is of a kind that is left out": [1]}


def test_unknown_words_for_kinds_are_named():
    with pytest.raises(MappingError, match=r"'frobnicate' of column 'event'.*interaction, view"):
        clean_kinds(column("view", "frobnicate", name="event"))


def test_a_refused_row_keeps_its_line_its_text_and_its_first_reason():
    frame = pd.DataFrame(
        {"u": column("a", None, "c"), "i": column("x", "y", "z"), "v": column("1", "no", "no")}
    )
    clean = clean_interactions(frame, ColumnMap("u", "i", "v"), NOW)
    assert clean.refused.to_dict("records") == [
        {"line": 3, "reason": "has no customer id", "text": " | y | no"},
        {"line": 4, "reason": "has a value that is no number", "text": "c | z | no"},
    ]
    assert clean.frame["user"].tolist() == ["a"]


def test_a_mapping_that_leaves_no_row_is_refused():
    with pytest.raises(DataError, match="No row can be used: each has a value that is no number"):
        clean_interactions(pd.DataFrame({"u": column("a"), "i": column("b")}), ColumnMap("u", "i", "i"), NOW)


def test_attributes_become_numbers_only_where_nothing_is_lost():
    frame = pd.DataFrame(
        {
            "id": column("1", "2"),
            "age": column("20", None),
            "zip": column("01234", "99999"),
            "brand_id": column("7", "8"),
        }
    )
    table, _ = clean_attributes(frame, "id", "customer")
    assert table["age"].dtype == np.float64
    assert table["zip"].tolist() == ["01234", "99999"]
    assert table["brand_id"].tolist() == ["7", "8"]
