"""Models that look at the order and the time of what customers do."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.algorithms import session_knn
from reco_lab.algorithms._sequences import Fade, days_back, places_back
from reco_lab.algorithms.markov import followed
from reco_lab.algorithms.recent_item_knn import last_days
from reco_lab.algorithms.session_knn import sessions
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

DAY = pd.Timedelta(days=1)


def log_of(rows):
    """Rows of customer, item and day."""
    frame = pd.DataFrame(rows, columns=["user", "item", "day"])
    frame["time"] = pd.Timestamp("2024-01-01") + frame["day"] * DAY
    return Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))


def chains(n_users=40, length=5, n_items=12, seed=0):
    """Each customer walks round a circle of items from somewhere on, a step a day."""
    rng = np.random.default_rng(seed)
    return log_of(
        [
            (f"u{user:02d}", f"i{(start + step) % n_items:02d}", step)
            for user, start in enumerate(rng.integers(0, n_items, n_users))
            for step in range(length)
        ]
    )


def batch_of(rows):
    log = log_of(rows)
    return UserBatch.of(log, np.arange(log.n_users))


def fit(algorithm, log, **settings):
    return recommender({"algorithm": algorithm} | settings).fit(Dataset("chains", log), FitContext())


def best(scorer, history):
    batch = UserBatch.stranger(history)
    scores = scorer.score(batch)[0]
    scores[history] = -np.inf
    return int(np.argmax(scores))


def test_a_chain_recommends_what_follows_the_last_item():
    scorer = fit("markov", chains(), decay=0.5)

    assert best(scorer, [2, 3, 4]) == 5
    assert best(scorer, [1, 9]) == 10


def test_sessions_like_the_latest_part_of_the_history_are_asked():
    scorer = fit("session_knn", chains(n_users=240), decay=0.1)

    assert best(scorer, [1, 9]) in {8, 10}
    assert best(scorer, [9, 1]) in {0, 2}


def test_entries_of_one_moment_share_their_place():
    batch = batch_of([("a", "x", 0), ("a", "y", 1), ("a", "z", 1), ("b", "x", 5)])

    assert places_back(batch).tolist() == [1, 0, 0, 0]
    assert days_back(batch).tolist() == [1, 0, 0, 0]


def test_without_times_the_order_gives_the_places_and_no_day_passes():
    batch = UserBatch.stranger([4, 2, 7])

    assert places_back(batch).tolist() == [2, 1, 0]
    assert days_back(batch).tolist() == [0, 0, 0]


def test_an_item_that_came_again_counts_once_by_its_latest_entry():
    batch = batch_of([("a", "x", 0), ("a", "y", 1), ("a", "x", 2), ("b", "y", 0)])

    assert Fade("places", 0.5).of(batch).tolist() == [0, 0.5, 1, 1]
    assert Fade("days", 0.5).matrix(batch, 2).toarray().tolist() == [[1, 0.5], [0, 1]]


def test_a_transition_counts_both_ways_between_entries_of_one_moment():
    log = log_of([("a", "x", 0), ("a", "y", 0), ("a", "z", 1)])

    assert followed(log, 1).toarray().tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert followed(log, 2).toarray().tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_what_followed_rarely_is_drawn_towards_popularity():
    log = log_of([("a", "x", 0), ("a", "y", 1), *[(f"c{code}", "z", 0) for code in range(9)]])
    sure, doubting = fit("markov", log, shrink=0.0), fit("markov", log, shrink=100.0)

    assert sure.score(UserBatch.stranger([0])).tolist() == [[0, 1, 0]]
    assert best(doubting, [0]) == 2
    np.testing.assert_allclose(doubting.score(UserBatch.stranger([0])).sum(), 1, rtol=1e-6)


def test_sessions_end_with_a_pause():
    log = log_of([("a", "x", 0), ("a", "y", 0.5), ("a", "x", 3), ("b", "z", 1), ("b", "z", 1.2)])
    found, ages = sessions(log, pause=1.0)

    assert found.toarray().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(ages, [2.5, 0, 1.8], atol=1e-6)


def test_an_old_session_counts_less_than_a_new_one():
    log = log_of([("a", "x", 0), ("a", "y", 0), ("b", "x", 100), ("b", "z", 100)])
    scorer = fit("session_knn", log, half_life=50.0, rarity=0.0)
    scores = scorer.score(UserBatch.stranger([0]))[0]

    np.testing.assert_allclose(scores[1], scores[2] / 4, rtol=1e-6)


def test_more_sessions_than_short_codes_number_are_all_found(monkeypatch):
    log = chains(n_users=240)
    batch = UserBatch.of(log, np.arange(log.n_users))
    short = fit("session_knn", log).score(batch)
    monkeypatch.setattr(session_knn, "SHORT", 100)

    assert np.array_equal(fit("session_knn", log).score(batch), short)


def test_the_rarest_item_of_a_session_is_the_one_that_the_fewest_have():
    found = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1]], np.float32))

    assert session_knn.rarest_items(found).tolist() == [1, 0, 2]


def test_sessions_that_tie_for_the_last_place_share_it():
    log = log_of([(user, item, 0) for user, items in {"a": "xy", "b": "xz"}.items() for item in items])
    scores = fit("session_knn", log, neighbours=1, rarity=0.0).score(UserBatch.stranger([0]))[0]

    np.testing.assert_allclose(scores[1:], [0.5 / np.sqrt(2)] * 2, rtol=1e-6)


def test_last_days_are_those_of_each_pairs_latest_row():
    log = log_of([("a", "x", 0), ("a", "x", 4), ("a", "y", 1), ("b", "y", 2)])

    assert last_days(log).toarray().tolist() == [[4, 1], [0, 2]]


def test_items_touched_soon_after_one_another_are_more_alike():
    rows = [(f"u{code}", item, day) for code in range(6) for item, day in (("x", 0), ("y", 1), ("z", 61))]
    scores = fit("recent_item_knn", log_of(rows), pair_half_life=30.0, shrink=0.0).score(
        UserBatch.stranger([0])
    )[0]

    np.testing.assert_allclose(scores[1] / scores[2], 2 ** (60 / 30), rtol=1e-4)


def test_pairs_that_do_not_fade_make_the_item_k_nn_of_cosines():
    log = chains(n_users=60)
    recent = fit("recent_item_knn", log, pair_half_life=3650.0, history_half_life=3650.0, shrink=0.0)
    plain = fit("item_knn", log, shrink=0.0)
    batch = UserBatch.of(log, np.arange(log.n_users))

    np.testing.assert_allclose(recent.score(batch), plain.score(batch), rtol=5e-3, atol=1e-6)


def test_what_a_customer_did_lately_says_more():
    rows = [(f"u{code}", item, 0) for code in range(6) for item in ("ab" if code % 2 else "cd")]
    scorer = fit("recent_item_knn", log_of(rows), history_half_life=10.0)
    old_a = batch_of([("me", "a", 0), ("me", "c", 20)])
    scores = scorer.score(replace(old_a, items=np.array([0, 2], np.int32)))[0]

    np.testing.assert_allclose(scores[1] / scores[3], 0.25, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["markov", "session_knn", "recent_item_knn"])
def test_nothing_depends_on_the_number_of_threads(algorithm):
    data = Dataset("chains", chains(n_users=80))
    batch = UserBatch.of(data.interactions, np.arange(80))
    one, two = (
        recommender({"algorithm": algorithm}).fit(data, FitContext(threads=threads)).score(batch)
        for threads in (1, 2)
    )

    np.testing.assert_array_equal(one, two)
