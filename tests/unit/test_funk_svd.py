import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms import funk_svd
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.recommender import FitContext, recommender

SPEC = recommender({"algorithm": "funk_svd", "factors": 6})


@pytest.fixture(scope="module")
def data():
    """Two tastes: even customers give 5 to even items and 1 to odd ones, odd customers the other way round."""
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((60, 30)) < 0.5)
    stars = np.where(users % 2 == items % 2, 5, 1)
    frame = pd.DataFrame({"user": users + 100, "item": items + 100, "stars": stars})
    return Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item", value="stars")))


def test_a_step_is_that_of_the_formula():
    from reco_lab.algorithms._kernels.funk_svd import descend

    rng = np.random.default_rng(0)
    p, q = (rng.normal(0, 0.1, (4, 3)).astype(np.float32) for _ in range(2))
    strict, loved = np.zeros(4, np.float32), np.zeros(4, np.float32)
    rows = [(0, 1, 1.5), (2, 1, -0.5), (0, 3, 0.25)]
    vectors = [p.astype(float), q.astype(float), np.zeros(4), np.zeros(4)]
    for user, item, above in rows:
        mine, its, bu, bi = vectors
        error = above - bu[user] - bi[item] - mine[user] @ its[item]
        bu[user] += 0.1 * (error - 0.02 * bu[user])
        bi[item] += 0.1 * (error - 0.02 * bi[item])
        step = 0.1 * (error * its[item] - 0.02 * mine[user]), 0.1 * (error * mine[user] - 0.02 * its[item])
        mine[user] += step[0]
        its[item] += step[1]
    users, items, above = (np.array(column) for column in zip(*rows, strict=True))
    codes = users.astype(np.int32), items.astype(np.int32)
    descend(*codes, above.astype(np.float32), strict, loved, p, q, np.float32(0.1), np.float32(0.02))
    for found, expected in zip((p, q, strict, loved), vectors, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_it_predicts_as_well_as_surprise(data):
    from surprise import SVD, Reader
    from surprise import Dataset as SurpriseDataset

    log = data.interactions
    test = np.random.default_rng(1).random(len(log)) < 0.2
    train, asked = data.take(~test), log.take(test)
    frame = pd.DataFrame({"u": log.users, "i": log.items, "s": log.values.astype(float)})[~test]
    oracle = SVD(random_state=0, n_epochs=60).fit(
        SurpriseDataset.load_from_df(frame, Reader()).build_full_trainset()
    )
    theirs = [oracle.predict(user, item).est for user, item in zip(asked.users, asked.items, strict=True)]
    users, owners = np.unique(asked.users, return_inverse=True)
    scorer = recommender({"algorithm": "funk_svd", "epochs": 60}).fit(train, FitContext())
    ours = scorer.predict(UserBatch.of(train.interactions, users), owners, asked.items)
    assert np.sqrt(np.mean((ours - asked.values) ** 2)) < 1.05 * np.sqrt(
        np.mean((np.array(theirs) - asked.values) ** 2)
    )


def test_a_stranger_who_picked_even_items_is_predicted_to_love_the_others(data):
    scores = (
        SPEC.model_copy(update={"epochs": 100}).fit(data, FitContext()).score(UserBatch.stranger([0, 4, 8]))
    )
    assert scores[0, 2::2].min() > scores[0, 1::2].max()


def test_what_a_stranger_rated_counts_as_rated_and_what_she_only_saw_is_passed_over(data):
    scorer = SPEC.fit(data, FitContext())
    hated = UserBatch.stranger([0, 4, 8, 3])
    kinds = np.array([Kind.rating] * 3 + [Kind.view], np.uint8)
    rated = UserBatch(hated.codes, hated.indptr, hated.items, np.array([1, 1, 1, 9], np.float32), kinds)
    alone = UserBatch(rated.codes, np.array([0, 3]), rated.items[:3], rated.values[:3], kinds[:3])
    np.testing.assert_array_equal(scorer.score(rated), scorer.score(alone))
    assert scorer.score(rated).mean() < scorer.score(hated).mean()


def test_the_latest_of_two_ratings_counts(data):
    scorer = SPEC.fit(data, FitContext())
    picked = UserBatch.stranger([5, 7, 5])
    kinds = np.full(3, Kind.rating, np.uint8)
    twice = UserBatch(picked.codes, picked.indptr, picked.items, np.array([1, 3, 5], np.float32), kinds)
    once = UserBatch(picked.codes, np.array([0, 2]), picked.items[1:], twice.values[1:], kinds[1:])
    np.testing.assert_array_equal(scorer.score(twice), scorer.score(once))


def test_blocks_that_are_taken_at_a_time_share_no_customer_and_no_item(data, monkeypatch):
    monkeypatch.setattr(funk_svd, "RATINGS_A_BLOCK", 100)
    log = data.interactions
    order, turns = funk_svd.taking_turns(log.users, log.items)
    assert len(turns) > 1
    for turn in turns:
        for codes in (log.users[order], log.items[order]):
            taken = np.concatenate([np.unique(codes[block]) for block in turn])
            assert len(taken) == len(set(taken.tolist()))
    rows = np.concatenate([order[block] for turn in turns for block in turn])
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(log)))


@pytest.mark.parametrize("ratings_a_block", [50, 1_000_000])
def test_the_number_of_threads_changes_nothing(data, monkeypatch, ratings_a_block):
    monkeypatch.setattr(funk_svd, "RATINGS_A_BLOCK", ratings_a_block)
    one, two = (SPEC.fit(data, FitContext(threads=threads)) for threads in (1, 2))
    np.testing.assert_array_equal(one.users, two.users)
    np.testing.assert_array_equal(one.items, two.items)


def test_learning_block_by_block_predicts_as_well(data, monkeypatch):
    log = data.interactions
    asked = (UserBatch.of(log, np.arange(log.n_users)), log.users, log.items)
    whole = SPEC.fit(data, FitContext()).predict(*asked)
    monkeypatch.setattr(funk_svd, "RATINGS_A_BLOCK", 50)
    blocks = SPEC.fit(data, FitContext()).predict(*asked)
    errors = [np.sqrt(np.mean((found - log.values) ** 2)) for found in (whole, blocks)]
    assert (whole != blocks).any()
    assert errors[1] < 1.05 * errors[0]
