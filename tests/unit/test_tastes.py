"""Interests by category, the next category and look-alikes: planted tastes are found, and none where there are none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis import next_category
from reco_lab.analysis.interests import interests
from reco_lab.analysis.lookalikes import lookalikes
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.interactions import ColumnMap, Interactions

WORDS = np.array(["bikes", "books", "games", "plants", "tools", "toys"])


def shop(categories, seed=0):
    """Customers x visits: which of six categories each visit holds, one line a visit, a few days apart."""
    rng = np.random.default_rng(seed)
    who, which = np.divmod(np.arange(categories.size), categories.shape[1])
    frame = pd.DataFrame(
        {
            "user": [f"c{code:05}" for code in who],
            "item": [f"i{code}{rng.integers(5)}" for code in categories.ravel()],
            "day": 9 * which + who % 9 + rng.integers(0, 3, categories.size),
        }
    )
    frame["time"] = np.datetime64("2025-01-01", "us") + (frame["day"] * 86_400e6).to_numpy("timedelta64[us]")
    items = [f"i{code}{one}" for code in range(6) for one in range(5)]
    table = pd.DataFrame({"category": np.repeat(WORDS, 5), "price": np.arange(30) + 1.0}, index=items)
    log = Interactions.from_frame(
        frame.assign(kind="purchase"), ColumnMap("user", "item", time="time", kind="kind")
    )
    return Dataset.join("shop", log, items=table)


@pytest.fixture(scope="module")
def keen():
    """Each of 600 customers has a favourite that she takes in half of her 12 visits."""
    rng = np.random.default_rng(1)
    favourite = np.arange(600) % 6
    anything = rng.integers(0, 6, (600, 12))
    return shop(np.where(rng.random((600, 12)) < 0.5, favourite[:, None], anything)), favourite


@pytest.fixture(scope="module")
def aimless():
    return shop(np.random.default_rng(2).integers(0, 6, (600, 12)))


def test_those_keen_on_a_category_are_those_with_it_as_favourite(keen):
    data, favourite = keen
    found = interests(data)
    games = found.customers("games", above=2)

    assert (favourite[games] == 2).mean() > 0.9
    assert found.of("games").loc[games].is_monotonic_decreasing
    table = found.table(above=2).set_index("category")
    assert table.loc["games", "interested"] == len(games)
    assert table["share"].sum() == pytest.approx(1)


def test_where_tastes_do_not_differ_nobody_is_keen(aimless):
    assert interests(aimless).table(above=2)["interested"].sum() <= 6


def test_few_lines_move_nobody_far_from_everyone():
    rng = np.random.default_rng(3)
    categories = np.where(
        rng.random((300, 12)) < 0.6, (np.arange(300) % 6)[:, None], rng.integers(0, 6, (300, 12))
    )
    data = shop(categories)
    log = data.interactions
    one = data.take(np.append(log.user_starts[0], np.arange(log.user_starts[1], len(log))))
    bought = WORDS[int(str(one.interactions.item_ids[one.interactions.items[0]])[1])]
    found = interests(one).of(bought)

    assert 1 < found.loc[0] < found.max()


def test_an_unknown_category_is_refused(keen):
    with pytest.raises(NotFoundError, match="'cars'"):
        interests(keen[0]).of("cars")


def test_a_favourite_is_the_next_category(keen):
    data, favourite = keen
    told = next_category.next_category(data)
    found = next_category.held_out(data)

    assert told.habit >= 0.5
    assert (told.customers["first"] == WORDS[favourite]).mean() > 0.9
    assert found.hits == pytest.approx(0.5 + 0.5 / 6, abs=0.06)
    assert found.hits > 2 * found.hits_popular
    assert found.said == pytest.approx(found.hits, abs=0.1)
    assert found.hits_three > found.hits


def test_what_always_follows_is_told_from_the_last_visit():
    steps = (np.arange(400)[:, None] + np.arange(12)) % 6
    data = shop(steps)
    told = next_category.next_category(data)

    assert told.habit <= 0.5
    assert (told.customers["first"].to_numpy() == WORDS[(steps[:, -1] + 1) % 6]).all()
    assert next_category.held_out(data).hits > 0.95


@pytest.mark.parametrize("second", [0, 1])
def test_one_customer_who_came_twice_makes_no_chance_certain_or_nil(second):
    visits = np.array([[0, second], [1, 1]])
    log = shop(visits).interactions
    once = shop(visits)
    found = next_category.next_category(
        replace(once, interactions=log.take(np.flatnonzero((log.users == 0) | (np.arange(len(log)) == 2))))
    )

    assert found.customers["chance"].between(0.3, 0.9).all()


def test_where_nothing_can_be_foretold_it_says_so(aimless):
    found = next_category.held_out(aimless)

    assert found.hits == pytest.approx(1 / 6, abs=0.06)
    assert found.hits_popular == pytest.approx(1 / 6, abs=0.06)


def test_without_categories_or_times_nothing_is_said_of_them(keen):
    data, _ = keen
    with pytest.raises(DataError, match="No item has a category"):
        interests(replace(data, items=None))
    with pytest.raises(DataError, match="time and a category"):
        next_category.next_category(replace(data, interactions=replace(data.interactions, times=None)))


def test_customers_like_those_on_the_list_come_first(keen):
    data, favourite = keen
    listed = (favourite == 3) & (np.arange(600) // 6 % 2 == 0)
    found = lookalikes(data, listed, np.random.default_rng(0))
    best = found.most(50)

    assert found.recognised
    assert found.auc > 0.85
    assert not listed[best].any()
    assert (favourite[best] == 3).mean() > 0.85
    assert len(found.scores) == 600 - listed.sum()
    assert found.scores.is_monotonic_decreasing
    pd.testing.assert_series_equal(found.scores, lookalikes(data, listed, np.random.default_rng(0)).scores)


def test_a_random_list_is_not_told_apart_from_chance(aimless):
    listed = np.random.default_rng(8).random(600) < 0.2
    found = lookalikes(aimless, listed, np.random.default_rng(0))

    assert not found.recognised
    assert "random" in found.sentence


def test_a_list_of_a_few_is_refused(keen):
    listed = np.arange(600) < 5
    with pytest.raises(DataError, match="names 5 customers"):
        lookalikes(keen[0], listed, np.random.default_rng(0))
