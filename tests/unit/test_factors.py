from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms._factors import Factors, HalfStep, Ridge, Weighting, occurrences, products, signed
from reco_lab.algorithms.ials import on_lines
from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, recommender

FACTOR_MODELS = ["ials", "bpr", "logistic_mf"]


def shop(users=60, items=40, seed=0):
    """Customers of even and odd taste, with histories of very different lengths and some repeats."""
    rng = np.random.default_rng(seed)
    lengths = np.linspace(1, items // 2, users).astype(int)
    rows = [
        (f"u{user}", f"i{item:02d}")
        for user, length in enumerate(lengths)
        for item in [*(2 * rng.permutation(items // 2)[:length] + user % 2), user % 2]
    ]
    log = Interactions.from_frame(pd.DataFrame(rows, columns=["user", "item"]), ColumnMap("user", "item"))
    return Dataset("shop", log)


def fitted(name, data=None, **params):
    return recommender({"algorithm": name, **params}).fit(data or shop(), FitContext(seed=3))


def everybody(data):
    return UserBatch.of(data.interactions, np.arange(data.interactions.n_users))


def only_codes(users):
    empty = UserBatch.stranger([])
    return UserBatch(
        np.asarray(users, np.int32),
        np.zeros(len(users) + 1, np.int64),
        empty.items,
        empty.values,
        empty.kinds,
    )


@pytest.fixture
def half_step():
    rng = np.random.default_rng(1)
    items = rng.normal(size=(30, 4)).astype(np.float32)
    return HalfStep(
        items, rng.normal(size=4), 2 * np.eye(4), 0.1 * np.eye(4), 1.0, Weighting(0.7, "log", 0.5)
    )


@pytest.fixture
def histories():
    rng = np.random.default_rng(2)
    lengths = rng.integers(0, 40, 25)
    return occurrences(rng.integers(0, 30, lengths.sum()), np.append(0, lengths.cumsum()), 30)


def solved_by_hand(step, items, counts):
    x = step.items[items].astype(np.float64) - step.centre
    extra = 0.7 * np.log(1 + counts.astype(np.float64) / 0.5)
    system = step.base + len(items) * step.per_entry + (x.T * extra) @ x
    return np.linalg.solve(system, x.T @ (1 + extra))


def test_the_half_step_of_a_block_is_each_customers_own_least_squares_solution(half_step, histories):
    expected = [
        solved_by_hand(half_step, row.indices, row.data) if row.nnz else np.zeros(4) for row in histories
    ]
    np.testing.assert_allclose(half_step.fold(histories), expected, rtol=1e-9, atol=1e-12)


def test_blocks_and_threads_change_nothing(half_step, histories, monkeypatch):
    whole = half_step.fold(histories)
    monkeypatch.setattr("reco_lab.algorithms._factors.ROWS", 7)
    np.testing.assert_array_equal(half_step.fold(histories, threads=2), whole)


def test_a_system_too_stiff_for_single_precision_is_still_solved_exactly(histories):
    rng = np.random.default_rng(3)
    items = (rng.normal(size=(30, 4)) * [1, 1, 1, 1e-5]).astype(np.float32)
    stiff = HalfStep(items, np.zeros(4), 1e-14 * np.eye(4), np.zeros((4, 4)), 1.0, Weighting(0.7, "log", 0.5))
    rows = histories[np.diff(histories.indptr) > 8]
    expected = [solved_by_hand(stiff, row.indices, row.data) for row in rows]
    np.testing.assert_allclose(stiff.fold(rows), expected, rtol=1e-6)


def test_the_shares_of_a_history_add_up_to_its_vector(half_step, histories):
    row = histories[3]
    np.testing.assert_allclose(half_step.shares(row.indices, row.data).sum(axis=0), half_step.fold(row)[0])


def test_the_product_of_each_pair_is_that_of_its_rows_though_nobody_may_write_to_them():
    rng = np.random.default_rng(4)
    left, right = rng.normal(size=(5, 7)).astype(np.float32), rng.normal(size=(4, 6)).astype(np.float32)
    right.flags.writeable = False
    owners, items = np.array([4, 0, 4]), np.array([1, 3, 1])
    expected = (left[owners, 1:] * right[items]).sum(axis=1)
    assert products(owners, items, left[:, 1:], right) == pytest.approx(expected, abs=1e-5)


def test_ials_folds_in_as_implicit_recalculates_a_user():
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    data = shop()
    scorer = fitted("ials", data, factors=6, regularization=0.5, alpha=2.0)
    history = occurrences(data.interactions.items, data.interactions.user_starts, scorer.n_items)
    history.data = 1 + 2.0 * history.data
    with threadpool_limits(1, "blas"):
        oracle = AlternatingLeastSquares(factors=6, regularization=0.5, num_threads=1)
    oracle.item_factors = scorer.items
    expected = oracle.recalculate_user(np.arange(history.shape[0]), history)
    np.testing.assert_allclose(scorer.vectors(everybody(data)), expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", FACTOR_MODELS)
class TestFactorModels:
    def test_a_history_and_the_code_of_its_customer_score_alike(self, name):
        data = shop()
        scorer = fitted(name, data)
        by_code = scorer.score(only_codes(np.arange(data.interactions.n_users)))
        np.testing.assert_allclose(scorer.score(everybody(data)), by_code, rtol=1e-4, atol=1e-5)

    def test_a_stranger_with_a_history_is_recommended_more_of_the_same_taste(self, name):
        odd = UserBatch.stranger([1, 3, 5, 7])
        assert set(recommend(fitted(name), odd, 5).items[0] % 2) == {1}

    def test_a_stranger_without_a_history_gets_the_items_biases_and_no_answer_of_her_own(self, name):
        scorer = fitted(name)
        nobody = UserBatch.stranger([])
        np.testing.assert_array_equal(scorer.score(nobody)[0], scorer.biases)
        assert not scorer.answers(nobody)[0]

    def test_contributions_of_a_history_with_repeats_add_up_to_the_scores(self, name):
        scorer = fitted(name)
        batch = UserBatch.stranger([4, 9, 4, 2])
        items = np.array([0, 7, 11])
        why = scorer.contributions(batch, items)
        np.testing.assert_allclose(
            why.weights.sum(0) + why.base, scorer.score(batch, items)[0], rtol=1e-5, atol=1e-6
        )
        assert (why.weights[2] == 0).all()

    def test_the_same_seed_gives_the_same_arrays_and_leaves_the_global_random_state_alone(self, name):
        before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is what is looked at
        first, second = fitted(name), fitted(name)
        np.testing.assert_array_equal(first.items, second.items)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - likewise

    def test_a_restored_model_scores_the_same(self, name):
        data = shop()
        spec = recommender({"algorithm": name})
        scorer = spec.fit(data, FitContext())
        again = spec.restore(scorer.state())
        np.testing.assert_array_equal(again.score(everybody(data)), scorer.score(everybody(data)))

    def test_a_cancelled_fit_ends_in_the_middle(self, name):
        heard = []

        def cancel(fraction, _message):
            heard.append(fraction)
            if fraction > 0.3:
                raise CancelledError

        with pytest.raises(CancelledError):
            recommender({"algorithm": name}).fit(shop(), FitContext(report=cancel))
        assert 0.3 < heard[-1] < 0.5

    def test_the_data_is_left_untouched(self, name):
        data = shop()
        before = data.interactions.matrix.copy()
        fitted(name, data)
        assert (data.interactions.matrix != before).nnz == 0


def test_without_a_half_step_a_history_alone_gets_no_answer():
    scorer = Factors(
        np.ones((2, 1), np.float32),
        np.ones((3, 1), np.float32),
        np.zeros(3, np.float32),
        np.array([True, False]),
    )
    assert not scorer.folds_in
    assert scorer.answers(only_codes([0, 1, -1, 7])).tolist() == [True, False, False, False]
    assert scorer.contributions(UserBatch.stranger([0]), np.array([1])) is None


def test_log_scaling_flattens_repeats():
    counts = np.array([1.0, 10.0])
    linear, flat = Weighting(2.0, "linear").of(counts), Weighting(2.0, "log", 1.0).of(counts)
    assert linear.tolist() == [2, 20]
    assert flat.tolist() == pytest.approx([2 * np.log(2), 2 * np.log(11)])


def test_a_stored_vector_is_used_only_for_the_history_it_was_made_from(monkeypatch):
    data = shop()
    scorer, before = fitted("ials", data), UserBatch.of(data.interactions, np.arange(20, 30))
    changed = replace(before, items=(before.items + 2) % 40)
    stranger = replace(changed, codes=np.full(10, UNKNOWN, np.int32))
    np.testing.assert_array_equal(scorer.score(changed), scorer.score(stranger))
    monkeypatch.delattr(HalfStep, "fold")
    assert scorer.score(before).shape == (10, 40)


def test_histories_have_the_same_signature_only_where_they_hold_the_same_items():
    items = np.array([1, 2, 2, 1, 1, 2, 2, 3, 0], np.int32)
    signatures = signed(items, 1, np.array([0, 2, 4, 7, 8, 9, 9]))
    assert signatures[0] == signatures[1]
    assert len(set(signatures.tolist())) == 5


def test_enough_conjugate_gradients_reach_the_least_squares_solution(histories):
    from reco_lab.algorithms.ials import half_step

    rng = np.random.default_rng(4)
    y = rng.normal(size=(30, 6)).astype(np.float32)
    extra = histories * np.float32(0.5)
    ridge = Ridge(2.0, 0.5, 30.0, 40.0)
    x = np.zeros((histories.shape[0], 6), np.float32)
    for _ in range(20):
        half_step(extra, x, y, ridge, 2)
    exact = HalfStep(
        y,
        np.zeros(6),
        y.T.astype(float) @ y,
        np.zeros((6, 6)),
        1.0,
        Weighting(0.5, "linear"),
        ridge,
    )
    np.testing.assert_allclose(x, exact.fold(histories), rtol=1e-3, atol=1e-4)


def test_frequency_holds_the_active_nearer_to_zero_and_leaves_the_usual_strength():
    flat, steep = Ridge(3.0), Ridge(3.0, 1.0, 10.0, 20.0)
    totals = np.array([0.0, 10.0, 30.0])
    assert flat.of(totals).tolist() == [3, 3, 3]
    assert steep.of(totals).tolist() == [1.5, 3, 6]


@pytest.mark.parametrize("shape", [(3, 5), (1000, 32), (100_000, 20)])
def test_a_table_on_lines_begins_where_a_line_of_the_cache_does(shape):
    for _ in range(5):
        table = on_lines(shape)
        assert table.shape == shape
        assert table.dtype == np.float32
        assert table.ctypes.data % 64 == 0
        assert table.flags.carray
