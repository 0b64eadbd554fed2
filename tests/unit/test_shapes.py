import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.algorithms import ease
from reco_lab.algorithms._memory import require_memory
from reco_lab.algorithms._pairs import Closeness, nearest, strongest, together
from reco_lab.algorithms._shapes import ItemToItem, Neighbours, SameForAll
from reco_lab.algorithms._similarity import Similarity, Weigher, dots, dots_of_ones, overlaps, squares
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

HISTORIES = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [1, 0, 0, 0, 1]], np.float32)


def fitted(**spec):
    return recommender(spec).fit(dataset(), FitContext())


def dataset():
    users, items = np.nonzero(HISTORIES)
    times = np.datetime64("2024-01-01", "us") + np.timedelta64(1, "D") * np.arange(len(users))
    frame = pd.DataFrame({"user": users.astype(str), "item": items.astype(str), "time": times})
    return Dataset("tiny", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


def neighbours(k, kind="jaccard"):
    train = sparse.csr_matrix(HISTORIES)
    weigher = Weigher.learn(train, "none", 1.2, 0.75)
    return Neighbours.learn(train, Similarity(kind), weigher, k, lambda *_: None)


@pytest.mark.parametrize("sorted_codes", [True, False])
def test_a_long_table_is_added_up_as_a_product_is_in_whatever_order_the_codes_come(sorted_codes):
    rng = np.random.default_rng(0)
    table = rng.integers(-9, 9, (700, 1100)).astype(np.float32)
    left = sparse.random(40, 700, 0.05, format="csr", random_state=rng, dtype=np.float32)
    left.data[:] = rng.integers(1, 5, left.nnz)
    for row in range(0 if sorted_codes else 40):
        own = slice(left.indptr[row], left.indptr[row + 1])
        shuffled = rng.permutation(left.indptr[row + 1] - left.indptr[row])
        left.indices[own], left.data[own] = left.indices[own][shuffled], left.data[own][shuffled]

    assert np.array_equal(dots(left, table), left.toarray() @ table)


def test_a_cold_customer_gets_the_popular_items():
    scorer = SameForAll(np.array([1, 5, 3]))

    assert scorer.score(UserBatch.stranger([])).tolist() == [[1, 5, 3]]
    assert scorer.answers(UserBatch.stranger([])).all()


def test_the_most_popular_item_is_counted_by_customers_not_by_rows():
    data = dataset()
    twice = data.take(np.concatenate((np.arange(len(data.interactions)), [8, 8, 8])))

    scores = recommender({"algorithm": "most_popular"}).fit(twice, FitContext()).score(UserBatch.stranger([]))

    assert scores[0].tolist() == HISTORIES.sum(axis=0).tolist()


def test_an_interaction_one_half_life_old_counts_half():
    scores = fitted(algorithm="recently_popular", half_life=1.0).score(UserBatch.stranger([]))[0]

    ages = np.arange(8, -1, -1)
    items = np.nonzero(HISTORIES)[1]
    assert scores == pytest.approx(np.bincount(items, 0.5**ages))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_scores_of_a_history_are_the_sum_of_its_items_weights(form):
    weights = np.arange(9, dtype=np.float32).reshape(3, 3)
    scorer = ItemToItem(form(weights))

    assert scorer.score(UserBatch.stranger([0, 2])).tolist() == [[6, 8, 10]]
    assert scorer.score(UserBatch.stranger([0, 2]), np.array([2, 0])).tolist() == [[10, 6]]


def test_an_item_bought_twice_explains_its_score_once():
    scorer = ItemToItem(np.ones((3, 3), np.float32))

    why = scorer.contributions(UserBatch.stranger([1, 1, 0]), np.array([2]))

    assert why.weights.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize("kind", ["cosine", "asymmetric", "jaccard", "dice", "tversky"])
def test_similarities_follow_their_formulas(kind):
    rows = sparse.csr_matrix(HISTORIES)
    common, left, right = HISTORIES[0] @ HISTORIES[1], 2, 3
    formula = {
        "cosine": common / np.sqrt(left * right),
        "jaccard": common / (left + right - common),
        "dice": 2 * common / (left + right),
        "asymmetric": common / (left**0.3 * right**0.7),
        "tversky": common / (common + 0.3 * (left - common) + 0.6 * (right - common)),
    }

    measure = Similarity(kind, alpha=0.3, beta=0.6)
    similar = measure.of(HISTORIES @ HISTORIES.T, squares(rows), squares(rows))
    turned = measure.of(HISTORIES @ HISTORIES.T, squares(rows), squares(rows), "columns")

    assert similar[0, 1] == pytest.approx(formula[kind], abs=1e-6)
    assert similar.tolist() == turned.T.tolist()


def test_shrinkage_distrusts_what_was_seen_once():
    one, two = np.array([[1.0]], np.float32), np.array([[4.0]], np.float32)

    plain = Similarity("cosine")
    shrunk = Similarity("cosine", shrink=5)

    assert plain.of(one, np.ones(1), np.ones(1)) == pytest.approx(plain.of(two, np.full(1, 4), np.full(1, 4)))
    assert shrunk.of(one, np.ones(1), np.ones(1)) < shrunk.of(two, np.full(1, 4), np.full(1, 4))


def test_bm25_weighs_entries_by_rarity_and_length():
    matrix = sparse.csr_matrix(np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 0, 0], [0, 0, 0, 1]], np.float32))

    weighed = Weigher.learn(matrix, "bm25", 1.2, 0.75).apply(matrix).toarray()

    rarity = np.log(4 / (1 + 1))
    length = 1.2 * (1 - 0.75 + 0.75 * 2 / 1.75)
    assert weighed[0, 1] == pytest.approx(rarity * 2.2 / (1 + length))
    assert weighed[0, 0] == 0


def test_the_best_are_kept_and_ties_go_to_the_first_columns():
    entries = np.array([[0.5, 0.9, 0.5, 0.5], [0, 0, 0, 0.1]], np.float32)
    kept = strongest(sparse.csr_matrix(entries), 2, threads=1)

    assert kept.toarray() == pytest.approx(np.array([[0.5, 0.9, 0, 0], [0, 0, 0, 0.1]]))


@pytest.mark.parametrize("density", [0.02, 0.5], ids=["sparse", "dense"])
@pytest.mark.parametrize("multiplied", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_nearest_items_are_those_of_the_whole_table(density, multiplied, threads):
    rng = np.random.default_rng(3)
    log = (rng.random((60, 70)) < density).astype(np.float32)
    weights, gains, own, others = (rng.random(size) + 0.5 for size in (60, 70, 70, 70))
    closeness = Closeness(weights, gains, own, others, multiplied, slope=0.3, extra=0.1, least=0.4)

    found = nearest(sparse.csr_matrix(log), closeness, 5, FitContext(threads=threads)).toarray()

    common = (log * weights[:, None]).T @ log * gains[:, None] * gains
    below = own[:, None] * others if multiplied else own[:, None] + others
    table = np.where(common >= 0.4, common / (below + 0.3 * common + 0.1), 0)
    np.fill_diagonal(table, 0)
    bars = np.sort(table, axis=1)[:, -5, None]
    assert found == pytest.approx(np.where(table >= bars, table, 0), rel=1e-6)


def test_a_catalogue_of_more_items_than_two_bytes_can_number_has_the_same_neighbours():
    rng = np.random.default_rng(4)
    log, stretch = sparse.csr_matrix(rng.random((60, 70)) < 0.3, dtype=np.float32), 1000
    wide = sparse.csr_matrix((log.data, log.indices * stretch, log.indptr), shape=(60, 70 * stretch))

    def found(matrix):
        ones, counts = np.ones(matrix.shape[1]), np.asarray(matrix.sum(axis=0), np.float64).ravel()
        closeness = Closeness(np.ones(60), ones, counts, counts, extra=0.1)
        return nearest(matrix, closeness, 5, FitContext()).tocoo()

    narrow, spread_out = found(log), found(wide)
    assert narrow.nnz > 300
    assert (spread_out.row == narrow.row * stretch).all()
    assert (spread_out.col == narrow.col * stretch).all()
    assert (spread_out.data == narrow.data).all()


def test_a_customer_is_not_her_own_neighbour_even_as_a_stranger():
    scorer = neighbours(k=4)
    log = dataset().interactions

    known = scorer.neighbours(UserBatch.of(log, np.array([0]))).toarray()[0]
    stranger = scorer.neighbours(UserBatch.stranger([0, 1])).toarray()[0]

    assert known[0] == 0
    assert known.tolist() == stranger.tolist()


def test_only_those_to_whom_a_customer_is_near_are_asked():
    near = neighbours(k=1).neighbours(UserBatch.of(dataset().interactions, np.arange(4))).toarray()

    nearest = np.array([near[:, user].argmax() for user in range(4)])
    assert nearest[[0, 1]].tolist() == [1, 0]
    assert ((near > 0).sum(axis=0) <= 2).all()


@pytest.mark.parametrize("weighting", ["none", "tfidf"])
def test_whom_to_ask_for_a_known_history_is_what_a_comparison_finds(weighting):
    rng = np.random.default_rng(2)
    train = sparse.csr_matrix(rng.random((80, 40)) < 0.2, dtype=np.float32)
    weigher = Weigher.learn(train, weighting, 1.2, 0.75)
    scorer = Neighbours.learn(train, Similarity("tversky", alpha=0.2), weigher, 5, lambda *_: None)
    comparing = Neighbours(train, scorer.similarity, weigher, scorer.bars, scorer.shares)
    starts, items, codes = train.indptr.astype(np.int64), train.indices.copy(), np.arange(80, dtype=np.int32)
    items[starts[3] : starts[20]] = rng.permutation(
        items[starts[3] : starts[20]]
    )  # of some the history changed
    kinds, values = np.zeros(len(items), np.uint8), np.ones(len(items), np.float32)

    for batch in (UserBatch(codes, starts, items, values, kinds), UserBatch.stranger([2, 7])):
        np.testing.assert_array_equal(scorer.score(batch), comparing.score(batch))
    assert scorer.asked is not None
    assert comparing.asked is None


def test_where_very_many_tie_whom_to_ask_is_not_kept():
    train = sparse.csr_matrix(np.column_stack((np.eye(60), np.ones(60))), dtype=np.float32)

    scorer = Neighbours.learn(
        train, Similarity(), Weigher.learn(train, "none", 1.2, 0.75), 2, lambda *_: None
    )

    assert scorer.asked is None


def test_those_who_tie_for_the_last_place_share_it():
    train = sparse.csr_matrix(np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], np.float32))
    scorer = Neighbours.learn(
        train, Similarity("jaccard"), Weigher.learn(train, "none", 1.2, 0.75), 1, lambda *_: None
    )

    assert scorer.shares[0] == 0.5


def test_random_lists_differ_between_customers_and_seeds_and_repeat_for_the_same():
    batch = UserBatch.of(dataset().interactions, np.arange(4))
    scores = [
        recommender({"algorithm": "random"}).fit(dataset(), FitContext(seed=seed)).score(batch)
        for seed in (0, 1)
    ]

    assert len(np.unique(np.concatenate(scores))) == 40
    assert fitted(algorithm="random").score(batch).tolist() == scores[0].tolist()


def test_random_scores_are_spread_evenly():
    wide = Dataset("wide", wide_log())
    scores = (
        recommender({"algorithm": "random"})
        .fit(wide, FitContext())
        .score(UserBatch.of(wide.interactions, np.arange(50)))
    )

    counts = np.histogram(scores, bins=10, range=(0, 1))[0]
    assert counts.sum() == scores.size
    assert np.abs(counts / scores.size - 0.1).max() < 0.01
    assert abs(np.corrcoef(scores)[0, 1:]).max() < 0.2


def wide_log():
    return Interactions(
        users=np.arange(50, dtype=np.int32),
        items=np.zeros(50, np.int32),
        values=np.ones(50, np.float32),
        times=None,
        kinds=np.zeros(50, np.uint8),
        user_ids=pd.Index([f"u{code:03}" for code in range(50)]),
        item_ids=pd.Index([f"i{code:04}" for code in range(1000)]),
    )


def test_ease_solves_what_its_paper_says():
    scorer = fitted(algorithm="ease", l2=2.0)

    inverse = np.linalg.inv(HISTORIES.T @ HISTORIES + 2 * np.eye(5))
    expected = np.eye(5) - inverse / np.diag(inverse)
    assert scorer.weights == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("l2", "precision"), [(100.0, np.float32), (0.01, np.float64)])
def test_ease_turns_to_double_precision_where_single_is_not_enough(l2, precision):
    together = np.full((30, 30), 30_000, np.float32)

    half = ease.inverted(together.copy(), l2, np.random.default_rng(0))

    assert half.dtype == precision
    inverse = np.triu(half) + np.triu(half, 1).T
    assert inverse @ (together + l2 * np.eye(30)) == pytest.approx(np.eye(30), abs=2e-3)


def test_ease_weighs_in_place_across_tiles(monkeypatch):
    monkeypatch.setattr(ease, "TILE", 3)
    rows = np.random.default_rng(0).normal(size=(20, 8))
    inverse = np.linalg.inv(rows.T @ rows)
    weights = np.triu(inverse)

    ease.weigh(weights)

    assert weights == pytest.approx(np.eye(8) - inverse / np.diag(inverse))


def test_ease_refuses_a_catalogue_that_would_not_fit_and_names_one_that_does():
    with pytest.raises(NeedsError, match="At most 5,000 items fit here"):
        require_memory("EASE", 24, 20_000, int(5_000**2 * 24 / 0.6))


def test_ease_asks_for_no_more_than_there_is():
    require_memory("EASE", 24, 5_000, int(5_000**2 * 24 / 0.6) + 100)
    require_memory("EASE", 24, 10**9, None)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_product_is_that_of_the_exact_numbers_within_single_precision(form):
    rng = np.random.default_rng(0)
    left = sparse.csr_matrix(rng.normal(size=(30, 21)).astype(np.float32) * (rng.random((30, 21)) < 0.9))
    right = rng.normal(size=(21, 1100)).astype(np.float32)

    exact = left.toarray().astype(np.float64) @ right
    np.testing.assert_allclose(dots(left, form(right)), exact, atol=2e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_together_counts_the_customers_of_both_items(threads):
    assert together(sparse.csr_matrix(HISTORIES), threads).tolist() == (HISTORIES.T @ HISTORIES).tolist()


@pytest.mark.parametrize("form", [np.ascontiguousarray, sparse.csr_matrix])
def test_what_long_histories_share_is_counted_however_much_it_is(form):
    rng = np.random.default_rng(0)
    left, right = (rng.random((3, 1200)) < 0.9).astype(np.float32), rng.random((1200, 40)) < 0.7
    right[:, 7] = True
    counts = overlaps(sparse.csr_matrix(left), form(right.astype(np.uint8)))
    np.testing.assert_array_equal(counts, left @ right.astype(np.float32))
    assert counts.max() > 1000


def test_a_product_with_ones_is_the_product():
    rng = np.random.default_rng(0)
    left, right = (sparse.random(*shape, 0.3, "csr", np.float32, rng) for shape in ((20, 30), (30, 50)))
    right.data[:] = 1
    np.testing.assert_array_equal(dots_of_ones(left, right), dots(left, right))
