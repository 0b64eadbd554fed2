import json

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.features import Encoder, texts
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

ROWS = 40


def table(**columns):
    return pd.DataFrame(columns)


def many(values):
    return [values[place % len(values)] for place in range(ROWS)]


def test_numbers_are_standardised_and_missing_ones_become_zero():
    prices = [*np.linspace(1.5, 90.5, ROWS - 1), np.nan]
    encoded = Encoder.learn(table(price=prices)).apply(table(price=prices)).toarray()
    assert encoded[-1, 0] == 0
    assert encoded[:-1].mean() == pytest.approx(0, abs=1e-6)
    assert encoded[:-1].std() == pytest.approx(1, rel=1e-5)


def test_a_category_becomes_one_column_a_level_and_a_new_level_none():
    encoder = Encoder.learn(table(colour=many(["red", "blue"])))
    assert encoder.names == ("colour = blue", "colour = red")
    asked = table(colour=["red", "green", None])
    assert encoder.apply(asked).toarray().tolist() == [[0, 1], [0, 0], [0, 0]]


def test_a_cell_with_several_categories_has_them_all():
    encoder = Encoder.learn(table(genre=many(["drama|war", "comedy", "war | war", None])))
    assert encoder.names == ("genre = comedy", "genre = drama", "genre = war")
    assert encoder.apply(table(genre=["drama|war"])).toarray().tolist() == [[0, 1, 1]]
    assert encoder.apply(table(genre=["war|war"])).toarray().tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("flags", [[0, 1], [0.0, 1.0], [False, True], ["no", "yes"]])
def test_of_a_yes_no_column_only_the_yes_counts(flags):
    encoder = Encoder.learn(table(on_sale=many(flags)))
    assert encoder.apply(table(on_sale=flags)).toarray().tolist() == [[0], [1]]


@pytest.mark.parametrize(
    "column",
    [
        list(range(ROWS)),
        [f"https://shop/{place}" for place in range(ROWS)],
        list(pd.date_range("2026-01-01", periods=ROWS)),
        ["same"] * ROWS,
        [None] * ROWS,
    ],
    ids=["row number", "address", "time", "constant", "empty"],
)
def test_columns_that_say_nothing_two_rows_share_are_left_out(column):
    assert Encoder.learn(table(column=column)).encodings == ()


def test_a_numeric_code_is_a_category():
    encoder = Encoder.learn(table(brand_id=many(list(range(100, 115)))))
    assert encoder.encodings[0].kind == "category"


@pytest.mark.parametrize("name", ["paid", "solid"])
def test_a_word_that_ends_like_a_code_is_still_a_number(name):
    assert Encoder.learn(table(**{name: many(list(range(15)))})).encodings[0].kind == "number"


def test_an_encoder_survives_json():
    encoder = Encoder.learn(table(colour=many(["red", "blue"]), price=np.linspace(1.5, 3.5, ROWS)))
    assert Encoder.from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


def test_texts_join_the_free_text_columns():
    assert texts(table(title=["Red shoe", None], description=["soft", "warm"])) == ["Red shoe soft", "warm"]
    assert texts(table(price=[1.0])) == [""]


def catalogue():
    items = pd.DataFrame(
        {
            "title": ["red shoe", "red boot", "blue shirt", "blue jacket", None, "red shoe new"],
            "category": ["feet", "feet", "body", "body", None, "feet"],
        },
        index=["a", "b", "c", "d", "e", "f"],
    )
    frame = pd.DataFrame({"user": ["u", "v", "w"], "item": ["a", "c", "e"]})
    return Dataset.join("shop", Interactions.from_frame(frame, ColumnMap("user", "item")), items=items)


def test_content_finds_the_item_that_nobody_touched():
    scorer = recommender({"algorithm": "content"}).fit(catalogue(), FitContext())
    scores = scorer.score(UserBatch.stranger([0]))[0]
    assert scores[0] == pytest.approx(1)
    assert scores[1:].argmax() + 1 == 5
    assert scores[2] == scores[4] == 0


def test_content_has_no_answer_for_a_history_that_nothing_is_known_of():
    scorer = recommender({"algorithm": "content"}).fit(catalogue(), FitContext())
    assert scorer.answers(UserBatch.stranger([4])).tolist() == [False]
    assert scorer.answers(UserBatch.stranger([4, 0])).tolist() == [True]


@pytest.mark.parametrize(("weight", "alike"), [(1.0, 0), (0.0, 1)])
def test_the_weight_decides_between_words_and_attributes(weight, alike):
    items = pd.DataFrame(
        {"title": ["shoe", "shirt", "shoe", "shirt"], "kind": ["x", "x", "y", "y"]}, index=list("abcd")
    )
    frame = pd.DataFrame({"user": ["u"], "item": ["a"]})
    data = Dataset.join("shop", Interactions.from_frame(frame, ColumnMap("user", "item")), items=items)
    scorer = recommender({"algorithm": "content", "text_weight": weight}).fit(data, FitContext())
    assert scorer.score(UserBatch.stranger([0]), np.array([2, 1]))[0].argmax() == alike


def test_contents_contributions_add_up_to_the_cosine():
    scorer = recommender({"algorithm": "content"}).fit(catalogue(), FitContext())
    batch, items = UserBatch.stranger([0, 2, 0]), np.array([1, 3, 5])
    why = scorer.contributions(batch, items)
    np.testing.assert_allclose(why.weights.sum(0) + why.base, scorer.score(batch, items)[0], rtol=1e-5)
