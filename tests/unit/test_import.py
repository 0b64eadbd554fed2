from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.attributes import clean_attributes
from reco_lab.cleaning.ids import canonical_id, clean_ids
from reco_lab.cleaning.interactions import Reading, clean_interactions
from reco_lab.cleaning.kinds import clean_kinds
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.clock import ManualClock
from reco_lab.core.dataset import Dataset, Truth
from reco_lab.core.errors import DataError, MappingError, NotFoundError, SpecError
from reco_lab.core.experiment import Columns, DataSpec
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.data import (
    check,
    import_file,
    list_datasets,
    load_dataset,
    preview,
    read_split_files,
    save_dataset,
    summary,
)
from reco_lab.workspace import Workspace

NOW = datetime(2025, 6, 1, tzinfo=UTC)
LOG = "user_id,item_id,rating,timestamp\nu1,a,5,881250949\nu1,b,3,881250950\nu2,a,4,881250951\n"


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(NOW))
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path):
    def write(content, name="shop.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


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
        "has a item id of more than 256 characters": [4],
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


def test_day_and_month_that_cannot_be_told_apart_are_asked_about():
    with pytest.raises(MappingError, match="day or month first"):
        clean_times(column("01/02/2024", "03/04/2024"), NOW)
    assert clean_times(column("01/02/2024"), NOW, day_first=True).values.iloc[0].month == 2
    assert clean_times(column("01/02/2024"), NOW, day_first=False).values.iloc[0].month == 1


def test_dates_written_in_two_ways_stop_the_load():
    with pytest.raises(DataError, match="in two ways: '31/01/2024' and '01/31/2024'"):
        clean_times(column("31/01/2024", "01/31/2024"), NOW)


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


def test_a_file_becomes_a_data_set_and_every_row_is_accounted_for(workspace, file):
    path = file(LOG + ",c,5,881250952\nu3,a,none,881250953\n")
    report = import_file(workspace, path, "shop", title="The shop")
    assert (report.rows_in_file, report.loaded, len(report.refused)) == (5, 3, 2)
    assert report.refused["line"].tolist() == [5, 6]
    assert report.reasons == {"has no customer id": 1, "has a value that is no number": 1}
    assert (report.dataset.title, report.version) == ("The shop", 1)
    assert report.summary["customers"] == 2
    assert report.summary["first"] == "1997-12-04T15:55:49"


def test_what_is_loaded_is_what_was_imported(workspace, file):
    report = import_file(workspace, file(LOG), "shop")
    data = load_dataset(workspace, "shop")
    assert data.fingerprint == report.fingerprint
    assert data.interactions.frame()["user"].tolist() == ["u1", "u1", "u2"]
    assert data.interactions.frame()["kind"].unique().tolist() == ["rating"]


def test_importing_the_same_file_twice_makes_no_second_copy(workspace, file):
    first = import_file(workspace, file(LOG), "shop")
    again = import_file(workspace, file(LOG.replace("\n", "\r\n"), "other.csv"), "shop")
    assert again.dataset == first.dataset
    assert [found.name for found in list_datasets(workspace)] == ["shop"]


def test_a_bad_file_leaves_the_earlier_version(workspace, file):
    import_file(workspace, file(LOG), "shop")
    with pytest.raises(DataError):
        import_file(workspace, file("user,item\n"), "shop")
    assert load_dataset(workspace, "shop").interactions.n_users == 2
    changed = import_file(workspace, file(LOG + "u9,a,1,881250960\n"), "shop")
    assert changed.version == 2
    assert len(load_dataset(workspace, "shop", 1).interactions) == 3


def test_customers_and_items_join_by_id_whatever_their_column_is_called(workspace, file):
    people = file("no,age\nu1,30\nu2,40\nu7,50\n", "people.csv")
    things = file("name;code\nRed shoe;a\nBlue coat;b\nGreen hat;z\n", "things.csv")
    import_file(workspace, file(LOG), "shop", customers=people, items=things)
    data = load_dataset(workspace, "shop")
    assert data.customers["age"].to_dict() == {"u1": 30.0, "u2": 40.0, "u7": 50.0}
    assert data.items["title"].to_dict() == {"a": "Red shoe", "b": "Blue coat", "z": "Green hat"}
    assert data.title(0) == "Red shoe"


def test_a_table_that_shares_no_ids_is_refused(workspace, file):
    with pytest.raises(MappingError, match="such as 'u1'"):
        import_file(workspace, file(LOG), "shop", customers=file("id,age\nx,1\ny,2\n", "people.csv"))


def test_columns_are_given_by_name_or_by_position(workspace, file):
    path = file("x,y,z\na,u1,881250949\nb,u1,881250950\na,u2,881250951\n")
    by_place = import_file(workspace, path, "one", columns=Columns(user=1, item=0, time=2))
    by_name = import_file(workspace, path, "two", columns=Columns(user="y", item="x", time="z"))
    assert by_place.fingerprint == by_name.fingerprint
    assert by_place.summary["customers"] == 2


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (Columns(user="user_id", item="user_id"), "both customer and item"),
        (Columns(user="nobody", item="item_id"), "no column 'nobody' for the customer. There are: user_id"),
        (Columns(user=0, item=9), "no column 9 for the item. Positions go from 0 to 3"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_to_change(columns, sentence, workspace, file):
    path = file(LOG)
    assert sentence in check(preview(path), columns)[0]
    with pytest.raises(MappingError) as caught:
        import_file(workspace, path, "shop", columns=columns)
    assert sentence in str(caught.value)


def test_a_customer_column_that_never_repeats_is_questioned(file):
    rows = "".join(f"r{n},u{n % 5},i{n % 7},word\n" for n in range(40))
    found = preview(file("row,user,item,note\n" + rows))
    assert check(found, Columns(user="user", item="item")) == []
    assert "no customer comes back" in check(found, Columns(user="row", item="item"))[0]
    assert "no number" in check(found, Columns(user="user", item="item", value="note"))[0]


def test_a_preview_shows_rows_guess_and_dialect(file):
    found = preview(file(LOG))
    assert (found.table_kind, found.format, len(found.rows)) == ("interactions", "delimited", 3)
    assert found.columns == Columns(user="user_id", item="item_id", value="rating", time="timestamp")
    assert found.dialect["delimiter"] == "comma"
    assert check(found, found.columns) == []


def test_one_customer_one_item_and_equal_rows_are_loaded(workspace, file):
    assert import_file(workspace, file("user,item\nu,a\n"), "one").loaded == 1
    assert import_file(workspace, file("user,item\n" + "u,a\n" * 5), "same").loaded == 5


def test_a_table_of_one_column_says_what_is_missing(workspace, file):
    with pytest.raises(MappingError, match="No column could be the item"):
        import_file(workspace, file("user\nu1\nu2\nu1\n"), "shop")


def test_what_a_person_knows_is_used(workspace, file):
    path = file("user;item;qty;day;event\nu;a;1,234;01/02/2024;zap\nu;b;2;03/02/2024;view\n")
    reading = Reading(decimal=",", day_first=True, zone="Europe/Berlin", kinds={"zap": "purchase"})
    report = import_file(workspace, path, "shop", reading=reading)
    log = load_dataset(workspace, "shop").interactions
    assert report.summary["kinds"] == {"view": 1, "purchase": 1}
    assert log.values[0] == np.float32(1.234)
    assert str(log.times[0]) == "2024-01-31T23:00:00.000000"


def test_a_simulated_shop_keeps_its_truth(workspace):
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"]})
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))
    start, end = np.datetime64("2024-01-01"), np.datetime64("2024-02-01")
    truth = Truth(np.array([[0.1, 0.2], [0.3, 0.4]], np.float32), start, end)
    items = pd.DataFrame({"title": ["X", None], "price": [1.5, 2.0]}, index=pd.Index(["x", "y"], dtype="str"))
    shop = Dataset("shop", log, None, items, truth, synthetic=True)
    version = save_dataset(workspace, shop, "A shop")
    loaded = load_dataset(workspace, "shop")
    assert (version.synthetic, version.title, loaded.synthetic) == (True, "A shop", True)
    np.testing.assert_array_equal(loaded.truth.probability, truth.probability)
    assert (loaded.truth.start, loaded.truth.end) == (start, end)
    assert loaded.fingerprint == shop.fingerprint == version.fingerprint
    assert summary(loaded)["item_columns"] == ["title", "price"]


def test_an_unknown_data_set_is_answered(workspace):
    with pytest.raises(NotFoundError):
        load_dataset(workspace, "nothing")


def test_train_and_test_files_become_one_data_set_with_marks(file, tmp_path):
    file("1\t10\t5\n1\t11\t3\n2\t10\t4\n", "train.rating")
    file("1 12\n2 11 12\n", "test.rating")
    spec = DataSpec(
        train="train.rating", test="test.rating", header=False, columns=Columns(user=0, item=1, value=2)
    )
    data, parts, candidates = read_split_files(spec, tmp_path)
    rows = data.interactions.frame().assign(part=parts)[["user", "item", "part"]].to_numpy().tolist()
    first = [["1", "10", 0], ["1", "11", 0], ["1", "12", 2]]
    expected = [*first, ["2", "10", 0], ["2", "11", 2], ["2", "12", 2]]
    assert sorted(rows) == expected
    assert candidates is None


def test_candidates_say_who_may_get_what(file, tmp_path):
    file("u1 a b\nu2 a\n", "train.txt")
    file("u1 c\nu2 b\n", "test.txt")
    file("u1 c d\nu2 b c d\n", "candidates.txt")
    spec = DataSpec(train="train.txt", test="test.txt", candidates="candidates.txt", format="lists")
    data, parts, candidates = read_split_files(spec, tmp_path)
    assert data.interactions.item_ids.tolist() == ["a", "b", "c", "d"]
    assert candidates.pairs.toarray().tolist() == [[0, 0, 1, 1], [0, 1, 1, 1]]
    assert np.bincount(parts).tolist() == [3, 0, 2]


def test_one_candidate_a_line_holds_for_everybody(file, tmp_path):
    file("1 10 11\n2 10\n", "train.txt")
    file("1 12\n2 11\n", "test.txt")
    file("12\n11\n", "candidates.txt")
    spec = DataSpec(train="train.txt", test="test.txt", candidates="candidates.txt", header=False)
    _, _, candidates = read_split_files(spec, tmp_path)
    assert candidates.items.tolist() == [False, True, True]


def test_a_split_without_a_train_file_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"Give data\.train"):
        read_split_files(DataSpec(test="test.txt"), tmp_path)


@pytest.mark.data
def test_movielens_is_imported_with_its_people_and_films(workspace, real_data):
    report = import_file(
        workspace,
        real_data("ml-100k/u.data"),
        "ml-100k",
        customers=real_data("ml-100k/u.user"),
        items=real_data("ml-100k/u.item"),
    )
    data = load_dataset(workspace, "ml-100k")
    assert (report.rows_in_file, report.loaded, data.interactions.n_users, data.interactions.n_items) == (
        100_000,
        100_000,
        943,
        1682,
    )
    assert data.items.loc["1", "title"] == "Toy Story (1995)"
    assert report.summary["first"] == "1997-09-20T03:05:10"


@pytest.mark.data
def test_online_retail_loads_although_many_rows_have_no_customer(workspace, real_data, tmp_path):
    with real_data("online-retail/OnlineRetail.csv").open("rb") as stream:
        (tmp_path / "retail.csv").write_bytes(b"".join(stream.readline() for _ in range(5001)))
    with pytest.raises(MappingError, match="'12/1/2010 8:26': day or month first"):
        import_file(workspace, tmp_path / "retail.csv", "retail")
    report = import_file(workspace, tmp_path / "retail.csv", "retail", reading=Reading(day_first=False))
    assert report.rows_in_file == report.loaded + len(report.refused) == 5000
    assert set(report.reasons) == {"has no customer id"}
    assert report.summary["kinds"] == {"purchase": report.loaded}


@pytest.mark.data
def test_the_published_split_is_read_from_its_two_files(real_data):
    folder = real_data("golden-ml-100k")
    spec = DataSpec(
        train="ml-100k.train.rating",
        test="ml-100k.test.rating",
        header=False,
        columns=Columns(user=0, item=1, value=2),
    )
    data, parts, _ = read_split_files(spec, folder)
    assert np.bincount(parts).tolist() == [80_000, 0, 20_000]
    assert (data.interactions.n_users, data.interactions.n_items) == (943, 1682)
