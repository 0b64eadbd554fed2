import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, MappingError
from reco_lab.core.interactions import LONGEST_ID, ColumnMap, Interactions, Kind
from reco_lab.core.ordering import latest

COLUMNS = ColumnMap("who", "what", "stars", "when", "did")


def table(**changes):
    rows = {
        "who": ["b", "a", "a", "a"],
        "what": ["y", "x", "y", "x"],
        "stars": [1.0, 2.0, 3.0, 4.0],
        "when": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-01", "2024-01-02"]),
        "did": ["view", "rating", "view", "rating"],
    }
    return pd.DataFrame(rows | changes)


def test_rows_are_put_in_order_of_customer_and_time():
    log = Interactions.from_frame(table(), COLUMNS)

    assert log.user_ids[log.users].tolist() == ["a", "a", "a", "b"]
    assert log.item_ids[log.items].tolist() == ["y", "x", "x", "y"]
    assert log.values.tolist() == [3, 4, 2, 1]


def test_the_order_of_the_file_does_not_change_the_fingerprint():
    shuffled = table().sample(frac=1, random_state=1)

    assert Interactions.from_frame(shuffled, COLUMNS).fingerprint == (
        Interactions.from_frame(table(), COLUMNS).fingerprint
    )


def test_any_change_of_a_value_changes_the_fingerprint():
    other = table(stars=[1.0, 2.0, 3.0, 5.0])

    assert Interactions.from_frame(other, COLUMNS).fingerprint != (
        Interactions.from_frame(table(), COLUMNS).fingerprint
    )


@pytest.mark.parametrize("name", ["00123", "1e5", "NA", "nan", " x", "Ω", "1.0"])
def test_ids_stay_the_text_they_are(name):
    log = Interactions.from_frame(pd.DataFrame({"u": [name, "z"], "i": ["z", name]}), ColumnMap("u", "i"))

    assert set(log.user_ids) == set(log.item_ids) == {name, "z"}
    assert set(log.frame()["user"]) == {name, "z"}


def test_codes_keep_their_meaning_in_every_part():
    log = Interactions.from_frame(table(), COLUMNS)
    part = log.take(np.array([3]))

    assert part.frame()["user"].tolist() == ["b"]
    assert (part.n_users, part.n_items) == (2, 2)


def test_the_matrix_counts_a_repeated_pair_once():
    log = Interactions.from_frame(table(), COLUMNS)

    assert log.matrix.toarray().tolist() == [[1, 1], [0, 1]]
    assert log.item_counts.tolist() == [1, 2]


def test_the_latest_rating_of_a_pair_is_the_one_that_counts():
    log = Interactions.from_frame(table(), COLUMNS)

    assert log.ratings.frame()[["user", "item", "value"]].to_numpy().tolist() == [["a", "x", 2.0]]


def test_every_row_is_a_rating_where_none_is_marked_as_one():
    log = Interactions.from_frame(table().drop(columns="did"), ColumnMap("who", "what", "stars"))

    assert set(log.kinds) == {Kind.rating}
    assert len(log.ratings) == 3


def test_kinds_are_chosen_and_no_choice_means_all():
    log = Interactions.from_frame(table(), COLUMNS)

    assert len(log.of_kinds((Kind.view,))) == 2
    assert log.of_kinds(()) is log


def test_words_of_a_shop_are_translated_into_kinds():
    columns = ColumnMap("who", "what", kind="did", kinds={"sold": Kind.purchase})

    log = Interactions.from_frame(table(did=["sold", "view", "view", "cart"]), columns)

    assert sorted(log.kinds.tolist()) == [Kind.view, Kind.view, Kind.cart, Kind.purchase]


def test_times_with_a_zone_are_kept_in_utc():
    zoned = pd.to_datetime(["2024-01-01T12:00+02:00"] * 4, utc=True).tz_convert("Asia/Tokyo")

    log = Interactions.from_frame(table(when=zoned), COLUMNS)

    assert log.times[0] == np.datetime64("2024-01-01T10:00")


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"who": [None, "a", "a", "a"]}, DataError, "1 row has no customer id"),
        ({"what": ["x" * (LONGEST_ID + 1), "x", "x", "x"]}, DataError, "257 characters"),
        ({"stars": ["many", 1, np.inf, 1]}, DataError, "2 values in column 'stars'"),
        ({"when": [1, 2, 3, 4]}, MappingError, "'when' does not hold times"),
        ({"when": pd.to_datetime([None, *["2024-01-01"] * 3])}, DataError, "1 row has no time"),
        ({"did": ["stole", "view", "view", "view"]}, MappingError, "'stole', which is not known"),
    ],
)
def test_what_is_not_clean_is_refused_in_words(changes, error, sentence):
    with pytest.raises(error, match=sentence):
        Interactions.from_frame(table(**changes), COLUMNS)


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(MappingError, match=r"no column 'nobody'.*who, what"):
        Interactions.from_frame(table(), ColumnMap("nobody", "what"))


def test_an_empty_table_is_refused():
    with pytest.raises(DataError, match="no interactions"):
        Interactions.from_frame(table()[:0], COLUMNS)


def test_a_batch_holds_the_histories_of_its_customers_in_time_order():
    log = Interactions.from_frame(table(), COLUMNS)

    batch = UserBatch.of(log, np.array([1, 0]))

    assert batch.codes.tolist() == [1, 0]
    assert np.split(batch.items, batch.indptr[1:-1])[1].tolist() == [1, 0, 0]
    assert batch.matrix(2).toarray().tolist() == [[0, 1], [1, 1]]
    assert batch.rows(1, 2).items.tolist() == [1, 0, 0]


def test_a_stranger_has_a_history_and_no_code():
    batch = UserBatch.stranger([2, 0])

    assert batch.codes.tolist() == [UNKNOWN]
    assert batch.matrix(3).toarray().tolist() == [[1, 0, 1]]
    assert UserBatch.stranger([]).lengths.tolist() == [0]


def test_items_that_only_a_table_knows_join_the_codes():
    log = Interactions.from_frame(table(), COLUMNS)
    items = pd.DataFrame({"title": ["new", "Y", "Y again"]}, index=["w", "y", "y"])

    data = Dataset.join("shop", log, items=items)

    assert data.interactions.item_ids.tolist() == ["w", "x", "y"]
    assert data.interactions.frame()["item"].tolist() == log.frame()["item"].tolist()
    assert [data.title(code) for code in range(3)] == ["new", "x", "Y again"]


def test_the_fingerprint_of_a_data_set_sees_its_tables():
    log = Interactions.from_frame(table(), COLUMNS)
    cheap, dear = (Dataset.join("s", log, items=pd.DataFrame({"price": [p]}, index=["x"])) for p in (1, 2))

    assert len({cheap.fingerprint, dear.fingerprint, Dataset("s", log).fingerprint}) == 3


def test_rows_cannot_be_taken_out_of_order():
    log = Interactions.from_frame(pd.DataFrame({"u": list("aab"), "i": list("xyx")}), ColumnMap("u", "i"))
    with pytest.raises(ValueError, match="ascending"):
        log.take(np.array([2, 0]))
    assert len(log.take(np.array([0, 2]))) == 2


def test_an_item_beyond_the_known_ones_never_lands_in_another_history():
    batch = UserBatch.stranger([12, 2])
    with pytest.raises(ValueError, match="beyond"):
        batch.matrix(10)
    assert batch.within(10).items.tolist() == [2]
    assert batch.within(10).matrix(10).indices.tolist() == [2]


@pytest.mark.parametrize(
    ("numbers", "places"), [([], []), ([2, 5, 9], [0, 1, 2]), ([5, 2, 5, 2, 2], [4, 2]), ([3, 3], [1])]
)
def test_of_equal_numbers_the_last_place_is_found(numbers, places):
    assert latest(np.array(numbers, np.int64)).tolist() == places
