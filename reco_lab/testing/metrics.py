"""The contract of a metric: run every check of `CHECKS` over it."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, Measurement, Metric, RatingErrors
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import NO_ITEM, Recommendations
from reco_lab.core.ranks import Ranks

CUSTOMERS, ITEMS, LENGTH, K = 40, 30, 8, 5


def documents_itself(metric: Metric) -> None:
    """Label, plain sentence, formula and edge cases are there."""
    for name in ("label", "plain", "definition", "edge_cases"):
        assert getattr(metric, name).strip(), f"{name} is empty"


def stays_within_its_bounds(metric: Metric) -> None:
    """The value lies within `bounds` for random lists, at any cut-off."""
    low, high = metric.bounds
    for seed in range(5):
        for k in (2, K, LENGTH):
            value = metric.measure(example(seed), k).value
            assert low <= value <= high, f"{value} is not from {low} to {high}"


def a_perfect_answer_is_perfect(metric: Metric) -> None:
    """Lists of exactly the k test items score 1, exact ratings 0."""
    case = example(0)
    case = _rows(case, np.flatnonzero(case.recommendations.items[:, -1] != NO_ITEM))
    perfect = _placed(replace(case, relevant=_matrix(case.recommendations.items[:, :K])))
    if metric.family == "accuracy" and metric.bounds[1] == 1:
        assert np.isclose(metric.measure(perfect, K).value, 1)
    if metric.family == "ratings" and case.ratings is not None:
        exact = replace(case.ratings, predicted=case.ratings.given)
        assert metric.measure(replace(case, ratings=exact), K).value == 0


def a_better_answer_never_scores_worse(metric: Metric) -> None:
    """A hit that swaps places with the miss above it, or a rating halfway nearer, does not lower the score."""
    case, sign = example(1), 1 if metric.higher_is_better else -1
    if metric.family == "accuracy":
        for place in range(1, LENGTH):
            better = _swap_up(case, place)
            assert sign * (metric.measure(better, K).value - metric.measure(case, K).value) >= -1e-12
    if metric.family == "ratings" and case.ratings is not None:
        near = replace(case.ratings, predicted=(case.ratings.predicted + case.ratings.given) / np.float32(2))
        gain = metric.measure(replace(case, ratings=near), K).value - metric.measure(case, K).value
        assert sign * gain >= 0


def the_order_of_customers_does_not_matter(metric: Metric) -> None:
    """The same customers in another order give the same value."""
    case = example(2)
    for seed in range(5):
        shuffled = _rows(case, np.random.default_rng(seed).permutation(CUSTOMERS))
        assert np.isclose(metric.measure(case, K).value, metric.measure(shuffled, K).value)


def redrawing_customers_equals_measuring_them(metric: Metric) -> None:
    """A customer with weight 2 counts like two such customers, one with weight 0 not at all."""
    case = example(3)
    weights = np.random.default_rng(1).integers(0, 3, CUSTOMERS)
    draws = np.vstack((np.ones(CUSTOMERS), weights)).astype(np.float64)
    redrawn = metric.measure(case, K).redraw(draws)
    assert (redrawn is not None) == metric.resamples, "it does not say whether it can be resampled"
    if redrawn is None:
        return
    repeated = _rows(case, np.repeat(np.arange(CUSTOMERS), weights))
    assert np.allclose(redrawn, [metric.measure(case, K).value, metric.measure(repeated, K).value])


def customers_are_counted(metric: Metric) -> None:
    """The measurement says how many customers stand behind it, and has a number for each or a way to redraw."""
    answer: Measurement = metric.measure(example(0), K)
    assert answer.customers == (CUSTOMERS if metric.resamples else 0)
    for numbers in (answer.numerator, answer.denominator):
        assert numbers is None or (len(numbers) == CUSTOMERS and np.isfinite(numbers).all())


def a_cut_off_beyond_the_lists_is_fine(metric: Metric) -> None:
    """A k larger than the lists gives a number within bounds."""
    value = metric.measure(example(0), 10 * LENGTH).value
    assert metric.bounds[0] <= value <= metric.bounds[1]


def empty_lists_score_nothing(metric: Metric) -> None:
    """Accuracy is 0 where every list is empty; no other metric fails."""
    case = example(0)
    nothing = Recommendations(
        np.full((CUSTOMERS, LENGTH), NO_ITEM, np.int32), np.full((CUSTOMERS, LENGTH), -np.inf, np.float32)
    )
    value = metric.measure(replace(case, recommendations=nothing), K).value
    assert metric.family != "accuracy" or value == 0


def leaves_the_evaluation_untouched(metric: Metric) -> None:
    """Nothing that was passed in is changed."""
    case, same = example(4), example(4)
    metric.measure(case, K)
    for left, right in zip(_arrays(case), _arrays(same), strict=True):
        assert np.array_equal(left, right)


CHECKS: tuple[Callable[[Metric], None], ...] = (
    documents_itself,
    stays_within_its_bounds,
    a_perfect_answer_is_perfect,
    a_better_answer_never_scores_worse,
    the_order_of_customers_does_not_matter,
    redrawing_customers_equals_measuring_them,
    customers_are_counted,
    a_cut_off_beyond_the_lists_is_fine,
    empty_lists_score_nothing,
    leaves_the_evaluation_untouched,
)


def example(seed: int) -> Evaluation:
    """A small evaluation: random lists (some end early), random test items, random ratings."""
    rng = np.random.default_rng(seed)
    lists = rng.permuted(np.tile(np.arange(ITEMS, dtype=np.int32), (CUSTOMERS, 1)), axis=1)[:, :LENGTH]
    lists[rng.random(CUSTOMERS) < 0.1, LENGTH // 2 :] = NO_ITEM
    scores = np.where(lists == NO_ITEM, -np.inf, -np.arange(LENGTH)).astype(np.float32)
    wanted = rng.permuted(np.tile(np.arange(ITEMS), (CUSTOMERS, 1)), axis=1)[:, : 2 * K]
    wanted[:, 1:][rng.random((CUSTOMERS, 2 * K - 1)) < 0.4] = NO_ITEM
    owners = np.sort(rng.integers(0, CUSTOMERS, 100))
    given = rng.integers(1, 6, 100).astype(np.float32)
    ratings = RatingErrors(owners, given + rng.normal(size=100).astype(np.float32), given)
    train = training(rng)
    case = Evaluation(
        Recommendations(lists, scores),
        _matrix(wanted),
        train,
        ITEMS,
        np.ones(CUSTOMERS, bool),
        ratings,
        histories=train.interactions.matrix[:CUSTOMERS],
    )
    return _placed(case)


def training(rng: np.random.Generator) -> Dataset:
    """A small log in which low item codes are popular, and what the items cost, earn and are."""
    items = np.append(np.arange(ITEMS), (ITEMS * rng.random(400) ** 2).astype(int))
    users = rng.integers(0, 50, len(items))
    frame = pd.DataFrame({"user": [f"u{u:02}" for u in users], "item": [f"i{i:02}" for i in items]})
    table = pd.DataFrame({"category": np.array(["a", "b", "a|c"])[np.arange(ITEMS) % 3]})
    table = table.assign(price=np.arange(ITEMS) + 1.0, margin=0.3, item=[f"i{i:02}" for i in range(ITEMS)])
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))
    return Dataset.join("example", log, items=table.set_index("item"))


def _matrix(items: NDArray[np.integer]) -> sparse.csr_matrix:
    rows, places = np.nonzero(items != NO_ITEM)
    ones = np.ones(len(rows), np.float32)
    matrix = sparse.csr_matrix((ones, (rows, items[rows, places])), shape=(len(items), ITEMS))
    matrix.sort_indices()
    return matrix


def _placed(case: Evaluation) -> Evaluation:
    """The evaluation with the ranks of a ranking that begins with its lists and holds all else to be equal."""
    items = case.recommendations.items
    rows, places = np.nonzero(items != NO_ITEM)
    listed = (items != NO_ITEM).sum(axis=1)
    found = np.repeat(((listed + 1 + ITEMS) / 2)[:, None], ITEMS, axis=1)
    found[rows, items[rows, places]] = places + 1
    wanted = case.relevant
    owners = np.repeat(np.arange(len(items)), np.diff(wanted.indptr))
    entries = (found[owners, wanted.indices], wanted.indices, wanted.indptr)
    return replace(
        case, ranks=Ranks(sparse.csr_matrix(entries, wanted.shape), np.full(len(items), ITEMS, np.int64))
    )


def _rows(case: Evaluation, rows: NDArray[np.integer]) -> Evaluation:
    """The evaluation of these customers, some perhaps several times."""
    ratings = case.ratings
    if ratings is not None:
        owned = [np.flatnonzero(ratings.owners == row) for row in rows]
        picked = np.concatenate(owned)
        owners = np.repeat(np.arange(len(rows)), [len(own) for own in owned])
        ratings = RatingErrors(owners, ratings.predicted[picked], ratings.given[picked])
    lists = Recommendations(case.recommendations.items[rows], case.recommendations.scores[rows])
    picked_rows = replace(
        case,
        recommendations=lists,
        relevant=case.relevant[rows],
        scored=case.scored[rows],
        ratings=ratings,
        histories=None if case.histories is None else case.histories[rows],
    )
    return _placed(picked_rows)


def _swap_up(case: Evaluation, place: int) -> Evaluation:
    """Where this place is a hit and the one above a miss, let them swap."""
    items = case.recommendations.items.copy()
    rows = np.flatnonzero(case.hits[:, place] & ~case.hits[:, place - 1])
    items[rows, place - 1], items[rows, place] = items[rows, place], items[rows, place - 1]
    return _placed(replace(case, recommendations=Recommendations(items, case.recommendations.scores)))


def _arrays(case: Evaluation) -> list[NDArray[np.generic]]:
    ratings = (
        [] if case.ratings is None else [getattr(case.ratings, one.name) for one in fields(case.ratings)]
    )
    log, lists = case.train.interactions, case.recommendations
    return [lists.items, lists.scores, case.relevant.toarray(), case.scored, log.users, log.items, *ratings]
