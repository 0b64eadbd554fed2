from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.interactions import Reading
from reco_lab.core.clock import ManualClock
from reco_lab.core.dataset import Dataset, Truth
from reco_lab.core.errors import DataError, MappingError, NotFoundError, SpecError
from reco_lab.core.experiment import Columns, DataSpec, Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import recipes
from reco_lab.services.data import (
    check,
    encoding_report,
    import_file,
    list_datasets,
    load_dataset,
    preview,
    quality,
    read_split_files,
    save_dataset,
    summary,
)
from reco_lab.services.experiments import run as conduct

NOW = datetime(2025, 6, 1, tzinfo=UTC)
LOG = "user_id,item_id,rating,timestamp\nu1,a,5,881250949\nu1,b,3,881250950\nu2,a,4,881250951\n"


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


@pytest.mark.parametrize(
    ("table", "title"),
    [
        ("code;Supplier ref;Description\na;supa01x;Fine tea\nb;supb02x;Dark coffee\n", "Fine tea"),
        ("code;Supplier;Label\na;Harbour;Fine tea\nb;Kestrel;Dark coffee\n", "Fine tea"),
        ("code;Supplier\na;Harbour\nb;Kestrel\n", None),
        ("code;link\na;www/tea one\nb;http://x.example/a b c\n", None),
    ],
)
def test_only_a_column_that_reads_like_names_becomes_the_title(table, title, workspace, file):
    report = import_file(workspace, file(LOG), "shop", items=file(table, "things.csv"))
    items = load_dataset(workspace, "shop").items
    assert ("title" in items) == (title is not None)
    assert ("is the title" in report.notes.get("table of items", "")) == (title is not None)
    assert any("call it 'title'" in one for one in report.warnings) == (title is None)
    if title is not None:
        assert items.loc["a", "title"] == title


def test_a_table_that_shares_no_ids_is_refused(workspace, file):
    with pytest.raises(MappingError, match="such as 'u1'"):
        import_file(workspace, file(LOG), "shop", customers=file("id,age\nx,1\ny,2\n", "people.csv"))


def test_a_table_of_customers_alone_is_not_taken_for_interactions(workspace, file):
    path = file("customer_id,age,city\nu1,30,Rome\nu2,30,Oslo\nu3,41,Rome\n", "people.csv")
    assert "table of customers" in preview(path).warnings[0]
    with pytest.raises(MappingError, match=r"people\.csv: It looks like a table of customers"):
        import_file(workspace, path, "shop")


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
    data, parts, candidates = read_split_files(spec, tmp_path, ManualClock(NOW))
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
    data, parts, candidates = read_split_files(spec, tmp_path, ManualClock(NOW))
    assert data.interactions.item_ids.tolist() == ["a", "b", "c", "d"]
    assert candidates.pairs.toarray().tolist() == [[0, 0, 1, 1], [0, 1, 1, 1]]
    assert np.bincount(parts).tolist() == [3, 0, 2]


def test_one_candidate_a_line_holds_for_everybody(file, tmp_path):
    file("1 10 11\n2 10\n", "train.txt")
    file("1 12\n2 11\n", "test.txt")
    file("12\n11\n", "candidates.txt")
    spec = DataSpec(train="train.txt", test="test.txt", candidates="candidates.txt", header=False)
    _, _, candidates = read_split_files(spec, tmp_path, ManualClock(NOW))
    assert candidates.items.tolist() == [False, True, True]


def test_what_is_the_future_in_the_files_of_a_split_is_told_by_the_clock_that_is_given(file, tmp_path):
    file("user,item,time\nu1,a,2025-06-20\nu2,b,2025-06-21\n", "train.csv")
    spec = DataSpec(train="train.csv", columns=Columns(user="user", item="item", time="time"))

    assert len(read_split_files(spec, tmp_path, ManualClock(datetime(2025, 7, 1, tzinfo=UTC)))[1]) == 2
    with pytest.raises(DataError, match="2025-06-2"):
        read_split_files(spec, tmp_path, ManualClock(NOW))


def test_a_split_without_a_train_file_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"Give data\.train"):
        read_split_files(DataSpec(test="test.txt"), tmp_path, ManualClock(NOW))


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
    data, parts, _ = read_split_files(spec, folder, ManualClock(NOW))
    assert np.bincount(parts).tolist() == [80_000, 0, 20_000]
    assert (data.interactions.n_users, data.interactions.n_items) == (943, 1682)


def test_columns_of_items_and_customers_go_by_the_names_that_recommenders_look_for(workspace, file):
    things = file(
        'sku,Produktname,Warengruppe,Preis,Bild\na,Roter Schuh,Schuhe,"12,50 €",http://x/a.jpg\n'
        'b,Blauer Mantel,Jacken,"99,00 €",http://x/b.jpg\n',
        "things.csv",
    )
    people = file(
        "kunde,alter,geschlecht,registriert\nu1,30,w,2020-01-31\nu2,40,m,2021-05-01\n", "people.csv"
    )
    report = import_file(workspace, file(LOG), "shop", customers=people, items=things)
    data = load_dataset(workspace, "shop")
    assert data.items.loc["a", ["category", "price"]].tolist() == ["Schuhe", 12.5]
    assert set(data.items.columns) == {"title", "category", "price", "image"}
    assert set(data.customers.columns) == {"age", "gender", "signup"}
    assert data.customers["signup"].dt.year.tolist() == [2020, 2021]
    assert "'Preis' is the price" in report.notes["table of items"]
    assert report.warnings == ()


def test_what_was_done_with_every_attribute_is_said(workspace, file):
    rows = "".join(f"u{n},{n % 50 + 18},{('m', 'f')[n % 2]},{'' if n == 3 else 'x'},{n}\n" for n in range(60))
    people = file("id,age,gender,plan,row\n" + rows, "people.csv")
    log = "user,item\n" + "".join(f"u{n},i{n % 7}\n" for n in range(60)) * 2
    import_file(workspace, file(log), "shop", customers=people)
    said = {one.column: one for one in encoding_report(load_dataset(workspace, "shop"))}
    assert {name: one.how for name, one in said.items()} == {
        "age": "number", "gender": "category", "plan": "left out", "row": "left out",
    }  # fmt: skip
    assert said["gender"].levels == ("f", "m")
    assert said["plan"].missing == 1
    assert said["plan"].sentence == "Left out: it always says 'x'. 1 missing."


def test_a_table_of_personal_data_alone_brings_nothing(workspace, file):
    people = file("id,email\nu1,a@example.com\nu2,b@example.com\n", "people.csv")
    import_file(workspace, file(LOG), "shop", customers=people)
    assert load_dataset(workspace, "shop").customers is None


@pytest.mark.slow
@pytest.mark.data
def test_online_retail_is_understood_mended_replayed_and_trained_on(workspace, real_data, tmp_path):
    path = real_data("online-retail/OnlineRetail.csv")
    report = quality(workspace, path)
    found = {(one.step.kind(), getattr(one.step, "what", "")): one for one in report.findings}
    assert found["missing_ids", ""].rows == 135_080
    assert "24.9%" in found["missing_ids", ""].sentence
    assert found["cancelled_orders", ""].rows == 9_288
    assert found["not_positive", "price"].rows == 2_517
    assert found["exact_copies", ""].rows == 5_268
    assert "month before day" in report.notes["time"]
    first = import_file(workspace, path, "retail", recipe=report.recipe())
    assert (first.rows_in_file, first.loaded, len(first.refused)) == (541_909, 392_692, 149_217)
    assert first.summary["customers"] == 4338
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(recipes.dump(first.recipe), "utf-8")
    again = import_file(workspace, path, "again", recipe=recipes.load(recipe))
    assert again.fingerprint == first.fingerprint
    data = load_dataset(workspace, "retail")
    asked = {
        "seeds": 1,
        "data": {"dataset": "retail"},
        "split": {"kind": "global_time"},
        "recommenders": [{"algorithm": "item_knn"}],
        "metrics": {"names": ["ndcg"], "k": [10]},
    }
    answer = conduct(workspace, Experiment(**asked), lambda _fraction, _message: None)
    scores = {row.algorithm: row.metrics["ndcg@10"].value for row in answer.leaderboard}
    assert scores["item_knn"] > scores["random"]
    assert data.interactions.n_items == 3665


@pytest.mark.slow
@pytest.mark.data
def test_complete_journey_is_three_joined_tables(workspace, real_data):
    report = import_file(
        workspace,
        real_data("complete-journey/transactions_sample.csv"),
        "journey",
        customers=real_data("complete-journey/demographics.csv"),
        items=real_data("complete-journey/products.csv"),
    )
    data = load_dataset(workspace, "journey")
    assert (report.rows_in_file, report.loaded) == (75_000, 75_000)
    assert report.summary["kinds"] == {"purchase": 75_000}
    assert (data.interactions.n_items, len(data.customers)) == (92_336, data.interactions.n_users)
    assert data.customers["age"].notna().sum() == 801
    assert {"category", "brand", "title"} <= set(data.items.columns)
