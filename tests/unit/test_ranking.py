import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from reco_lab.core import ranking
from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ScoreError
from reco_lab.core.interactions import Kind
from reco_lab.core.ranking import NO_ITEM, Candidates, recommend, top
from reco_lab.core.ranks import ranks
from reco_lab.core.recommender import Scorer


class Given(Scorer):
    """Scores each customer with the row of her code."""

    folds_in = True

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float32)
        self.n_items = self.rows.shape[1]

    def score(self, batch, items=None):
        scores = self.rows[batch.codes]
        return scores if items is None else scores[:, items]

    def state(self):
        raise NotImplementedError


def customers(*histories, kinds=None):
    items = np.array([item for history in histories for item in history], np.int32)
    return UserBatch(
        codes=np.arange(len(histories), dtype=np.int32),
        indptr=np.cumsum([0, *map(len, histories)]),
        items=items,
        values=np.ones(len(items), np.float32),
        kinds=np.full(len(items), Kind.view, np.uint8) if kinds is None else np.array(kinds, np.uint8),
    )


@settings(max_examples=200, deadline=None)
@given(
    scores=arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 9)),
        elements=st.sampled_from([-2, -0.0, 0, 1, 3]),
    ),
    k=st.integers(1, 9),
)
def test_top_is_a_stable_sort_cut_at_k(scores, k):
    k = min(k, scores.shape[1])
    items, values = top(scores, k)

    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert items.tolist() == order.tolist()
    assert values.tolist() == np.take_along_axis(scores, order, axis=1).tolist()


def test_the_own_history_is_left_out():
    lists = recommend(Given([[5, 4, 3, 2]]), customers([0, 2]), 2)

    assert lists.items.tolist() == [[1, 3]]
    assert lists.scores.tolist() == [[4, 2]]


def test_the_own_history_stays_in_where_people_buy_again():
    lists = recommend(Given([[5, 4, 3, 2]]), customers([0, 2]), 2, exclude_seen=False)

    assert lists.items.tolist() == [[0, 1]]


def test_only_the_kinds_named_count_as_seen():
    batch = customers([0, 1], kinds=[Kind.view, Kind.purchase])

    lists = recommend(Given([[5, 4, 3]]), batch, 2, seen_kinds=(Kind.purchase,))

    assert lists.items.tolist() == [[0, 2]]


def test_a_list_ends_early_where_candidates_run_out():
    lists = recommend(Given([[5, 4, 3]]), customers([0]), 3)

    assert lists.items.tolist() == [[1, 2, NO_ITEM]]
    assert lists.scores[0, 2] == -np.inf


def test_only_candidates_are_recommended_the_same_for_all():
    only = Candidates(items=np.array([False, True, True, False]))

    lists = recommend(Given([[9, 1, 2, 8]]), customers([]), 3, candidates=only)

    assert lists.items.tolist() == [[2, 1, NO_ITEM]]


def test_only_candidates_are_recommended_customer_by_customer():
    only = Candidates(pairs=sparse.csr_matrix(np.array([[1, 0, 1], [0, 1, 0]], np.float32)))

    lists = recommend(Given([[1, 2, 3], [1, 2, 3]]), customers([], []), 2, candidates=only)

    assert lists.items.tolist() == [[2, 0], [1, NO_ITEM]]


def test_equal_scores_are_ranked_by_code_even_where_zero_has_a_sign():
    lists = recommend(Given([[-0.0, 0.0, -0.0, 0.0]]), customers([]), 2)

    assert lists.items.tolist() == [[0, 1]]


def test_lists_of_no_length_are_empty():
    for k in (0, -1):
        assert recommend(Given(np.ones((2, 200))), customers([], []), k).items.shape == (2, 0)
    assert ranking.top(np.ones((2, 200), np.float32), 0)[0].shape == (2, 0)


def test_blocks_of_customers_make_no_difference(monkeypatch):
    rows = np.random.default_rng(0).integers(0, 4, (7, 6))
    batch = customers(*[[user % 6] for user in range(7)])
    whole = recommend(Given(rows), batch, 3)

    monkeypatch.setattr(ranking, "BLOCK_BYTES", 50)

    assert list(ranking.blocks(7, 6)) == [(0, 2), (2, 4), (4, 6), (6, 7)]
    assert recommend(Given(rows), batch, 3).items.tolist() == whole.items.tolist()


def test_scores_that_are_a_view_of_the_model_are_copied_before_they_are_masked():
    scorer = Given([[5, 4, 3]])
    scorer.score = lambda batch: np.broadcast_to(scorer.rows, (len(batch), 3))

    lists = recommend(scorer, customers([0], [1]), 1)

    assert lists.items.tolist() == [[1], [0]]
    assert scorer.rows.tolist() == [[5, 4, 3]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ScoreError, match="1 scores are not finite"):
        recommend(Given([[1, bad, 2]]), customers([]), 1)


def test_scores_of_another_type_are_refused():
    scorer = Given([[1, 2]])
    scorer.score = lambda _batch: np.ones((1, 2))

    with pytest.raises(ScoreError, match="float64"):
        recommend(scorer, customers([]), 1)


def test_threads_make_no_difference(monkeypatch):
    rows = np.random.default_rng(1).integers(0, 4, (50, 6))
    batch = customers(*[[user % 6] for user in range(50)])
    monkeypatch.setattr(ranking, "BLOCK_BYTES", 50)

    alone, shared = (recommend(Given(rows), batch, 3, threads=threads) for threads in (1, 4))

    assert shared.items.tolist() == alone.items.tolist()
    assert shared.scores.tolist() == alone.scores.tolist()


def test_a_mistake_on_a_thread_is_raised():
    def work(part):
        raise ScoreError(f"part {part}")

    with pytest.raises(ScoreError, match="part 0"):
        list(ranking.spread(work, range(3), 2))


def test_ranks_are_those_of_the_whole_ranking_and_ties_share_the_middle():
    scores = [[3, 1, 2, 2, 0], [0, -0.0, 0, 5, -1]]
    wanted = sparse.csr_matrix(np.array([[1, 0, 1, 1, 0], [0, 1, 0, 0, 1]], np.float32))
    found = ranks(Given(scores), customers([], []), wanted)
    assert found.places.toarray().tolist() == [[1, 0, 2.5, 2.5, 0], [0, 3, 0, 0, 5]]
    assert found.candidates.tolist() == [5, 5]


def test_ranks_leave_out_what_was_seen_and_what_is_no_candidate():
    wanted = sparse.csr_matrix(np.array([[0, 0, 0, 1]], np.float32))
    allowed = Candidates(items=np.array([True, True, False, True]))
    found = ranks(Given([[4, 3, 2, 1]]), customers([0]), wanted, candidates=allowed)
    assert found.places[0, 3] == 2
    assert found.candidates.tolist() == [2]


def test_ranks_agree_with_the_list_whatever_the_blocks_and_threads(monkeypatch):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(50, 30)).astype(np.float32)
    batch = customers(*([] for _ in range(50)))
    wanted = sparse.csr_matrix((rng.random((50, 30)) < 0.2).astype(np.float32))
    monkeypatch.setattr(ranking, "BLOCK_BYTES", 4 * 30 * 7)
    items = recommend(Given(scores), batch, 30).items
    found = ranks(Given(scores), batch, wanted, threads=2).places.toarray()
    owners, places = np.nonzero(wanted.toarray()[np.arange(50)[:, None], items])
    assert np.array_equal(found[owners, items[owners, places]], places + 1)
