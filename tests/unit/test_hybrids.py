"""Hybrids that switch, that pick and order, and that learn an order by trees."""

import numpy as np
import pytest

from reco_lab.algorithms._parts import ahead, between_0_and_1
from reco_lab.algorithms._trees import Forest
from reco_lab.algorithms.switching import _cut
from reco_lab.core.batch import UserBatch
from reco_lab.core.errors import ParameterError
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.run import validate
from tests.unit.test_comparison import question, shop

EASE, POPULAR, RANDOM = (
    {"algorithm": "ease", "l2": 5.0},
    {"algorithm": "most_popular"},
    {"algorithm": "random"},
)


@pytest.fixture(scope="module")
def exam():
    (split,) = splitter({"kind": "last_n"}).split(shop(), np.random.default_rng(0))
    return Exam.of(split, "validation", question("ease"))


def fit(exam, spec):
    return recommender(spec).fit(exam.train, FitContext())


def settled(exam, spec):
    return validate(recommender(spec), exam, question("ease"), lambda *_: None)


def test_the_length_of_the_history_decides_who_is_asked(exam):
    scorer = fit(exam, {"algorithm": "switching", "parts": [POPULAR, EASE], "thresholds": [3]})
    popular, ease = scorer.parts
    short, long = UserBatch.stranger([0, 2]), UserBatch.stranger([0, 2, 4])

    np.testing.assert_array_equal(scorer.score(short), popular.score(short))
    np.testing.assert_array_equal(scorer.score(long), ease.score(long))


def test_a_part_without_an_answer_is_stood_in_for_by_one_that_has_one(exam):
    scorer = fit(exam, {"algorithm": "switching", "parts": [EASE, POPULAR], "thresholds": [3]})
    nobody = UserBatch.stranger([])

    np.testing.assert_array_equal(scorer.score(nobody), scorer.parts[1].score(nobody))


def test_the_reasons_of_a_switch_are_those_of_the_part_that_was_asked(exam):
    scorer = fit(exam, {"algorithm": "switching", "parts": [POPULAR, EASE], "thresholds": [3]})
    batch, items = UserBatch.stranger([0, 2, 4]), np.array([6, 7])
    why = scorer.contributions(batch, items)

    np.testing.assert_array_equal(why.weights, scorer.parts[1].contributions(batch, items).weights)


def test_thresholds_are_learnt_where_a_part_earns_its_place(exam):
    spec, _ = settled(exam, {"algorithm": "switching", "parts": [RANDOM, EASE]})
    longest = int(np.diff(exam.train.interactions.user_starts).max())

    assert spec.thresholds[0] <= longest, "EASE is asked"


def test_the_best_way_to_cut_is_found_and_a_part_that_gains_too_little_is_left_out():
    short, long = [1.0, 1, 0, 0, 0], [0.0, 0, 1, 1, 1]
    gains = np.cumsum([short, long], axis=1)

    assert _cut(gains, 0.1) == [2]
    assert _cut(gains, 2.5) == [0]
    assert _cut(np.cumsum([long, short], axis=1), 2.5) == [5]
    assert _cut(np.cumsum([short, [0.0] * 5, long], axis=1), 0.1) == [2, 2]


@pytest.mark.parametrize("thresholds", [[1, 2], [-1], [2.5]])
def test_thresholds_that_do_not_fit_the_parts_are_refused(thresholds):
    with pytest.raises(ParameterError, match="thresholds"):
        recommender({"algorithm": "switching", "parts": [POPULAR, EASE], "thresholds": thresholds})


def test_thresholds_that_fall_are_refused():
    with pytest.raises(ParameterError, match="below the one before"):
        recommender({"algorithm": "switching", "parts": [POPULAR, POPULAR, EASE], "thresholds": [5, 2]})


def test_the_second_part_orders_what_the_first_picked(exam):
    spec = {"algorithm": "cascade", "parts": [EASE, POPULAR], "candidates": 5, "weight": 1.0}
    scorer, batch = fit(exam, spec), UserBatch.of(exam.train.interactions, np.arange(30))
    first, second = scorer.parts
    picked = recommend(first, batch, 5).items
    mine = recommend(scorer, batch, 5).items
    wanted = np.take_along_axis(second.score(batch), mine, axis=1)

    np.testing.assert_array_equal(np.sort(mine, axis=1), np.sort(picked, axis=1))
    assert (np.diff(wanted, axis=1) <= 0).all()


def test_behind_the_shortlist_the_first_parts_order_goes_on(exam):
    spec = {"algorithm": "cascade", "parts": [EASE, POPULAR], "candidates": 5}
    scorer, batch = fit(exam, spec), UserBatch.of(exam.train.interactions, np.arange(30))

    np.testing.assert_array_equal(
        recommend(scorer, batch, 20).items[:, 5:], recommend(scorer.parts[0], batch, 20).items[:, 5:]
    )


def test_a_silent_part_leaves_a_cascade_to_the_other(exam):
    nobody = UserBatch.stranger([])
    for parts in ([EASE, POPULAR], [POPULAR, EASE]):
        scorer = fit(exam, {"algorithm": "cascade", "parts": parts, "candidates": 5, "weight": 1.0})
        popular = scorer.parts[parts.index(POPULAR)]
        np.testing.assert_array_equal(
            recommend(scorer, nobody, 10).items, recommend(popular, nobody, 10).items
        )


def test_a_cascade_has_two_parts():
    with pytest.raises(ParameterError, match="two parts, not 1"):
        recommender({"algorithm": "cascade", "parts": [EASE]})


def test_the_shortlist_counts_items_that_are_not_in_the_history():
    scores = np.array([[9, 8, 7, 6, 5, 4]], np.float32)

    assert ahead(scores, UserBatch.stranger([0, 2]), 2).tolist() == [[True, True, True, True, False, False]]


def test_scores_are_scaled_among_those_that_count():
    scores = np.array([[1, 2, 3, 9]], np.float32)

    assert between_0_and_1(scores, np.array([[True, True, True, False]])).tolist() == [[0, 0.5, 1, 1]]
    assert between_0_and_1(np.full((1, 3), 7, np.float32)).tolist() == [[0, 0, 0]]


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(3000, 4)).astype(np.float32)
    wanted = features[:, 0] * features[:, 1] + 0.5 * rng.normal(size=3000) > 0.5
    return features, wanted


def test_the_trees_say_what_scikit_learn_says(pairs):
    from sklearn.ensemble import HistGradientBoostingClassifier

    features, wanted = pairs
    grown = Forest.grow(features, wanted, (0, 0, 0, 0), trees=30, leaves=8, learning_rate=0.1)
    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, learning_rate=0.1, early_stopping=False, random_state=0
    ).fit(features, wanted)
    fresh = np.random.default_rng(2).normal(size=(500, 4)).astype(np.float32)

    for rows in (features, fresh):
        np.testing.assert_allclose(grown.evaluate(rows), model.decision_function(rows), atol=1e-5)
        assert grown.evaluate(rows).min() >= grown.lowest


def test_what_speaks_for_an_item_never_lowers_its_place(pairs):
    features, wanted = pairs
    grown = Forest.grow(features, wanted, (1, 0, 0, 0), trees=20, leaves=8, learning_rate=0.1)
    more = features + np.array([0.5, 0, 0, 0], np.float32)

    assert (grown.evaluate(more) >= grown.evaluate(features) - 1e-6).all()


def test_trees_survive_as_text_to_the_digit(pairs):
    grown = Forest.grow(*pairs, (0, 0, 0, 0), trees=5, leaves=4, learning_rate=0.1)

    np.testing.assert_array_equal(Forest.from_text(grown.to_text()).nodes, grown.nodes)


@pytest.mark.parametrize("text", ["nonsense", "1 2 3", "2 9 {}"])
def test_a_text_that_holds_no_trees_is_refused(text):
    with pytest.raises(ParameterError, match="no text of trees"):
        recommender({"algorithm": "two_stage", "ranker": text})


def test_rows_that_are_all_wanted_teach_nothing(pairs):
    with pytest.raises(ValueError, match="nothing to tell apart"):
        Forest.grow(pairs[0], np.ones(3000, np.bool_), (0, 0, 0, 0), trees=5, leaves=4, learning_rate=0.1)


@pytest.mark.parametrize("k", [1, 7, 60, 199])
def test_the_bar_is_the_kth_highest_also_where_many_tie_or_are_ruled_out(k):
    from reco_lab.core._kernels.selecting import bars

    rng = np.random.default_rng(k)
    scores = rng.normal(size=(30, 200)).astype(np.float32)
    scores[5:15] = np.round(scores[5:15])
    scores[15:, rng.random(200) < 0.5] = -np.inf
    scores[29] = 0.5
    found = np.empty(30, np.float32)
    bars(scores, k, found)

    np.testing.assert_array_equal(found, np.sort(scores, axis=1)[:, -k])


@pytest.mark.parametrize("ways", [(0, 1), (2, 0), (9, 9), (np.nan, 2), (-1, 2)])
def test_trees_whose_ways_lead_back_or_nowhere_are_refused(ways):
    nodes = np.array([[[0, 0.5, 1, 2, 0], [0, 0, 1, 1, 3], [0, 0, 2, 2, 4]]], np.float32)
    assert Forest.from_text(Forest(nodes).to_text()).evaluate(np.zeros((1, 1), np.float32)) == 3
    nodes[0, 0, 2:4] = ways
    with pytest.raises(ValueError, match="no text of trees"):
        Forest.from_text(Forest(nodes).to_text())


def test_two_stages_learn_which_part_to_trust(exam):
    parts = [EASE, RANDOM]
    spec, learnt = settled(exam, {"algorithm": "two_stage", "parts": parts})
    _, alone = settled(exam, EASE)
    _, chance = settled(exam, RANDOM)

    assert spec.ranker
    assert learnt > alone - 0.1
    assert learnt > chance + 0.2


def test_two_stages_keep_what_they_learnt_when_they_are_fitted_again(exam):
    spec = {"algorithm": "two_stage", "parts": [EASE, POPULAR]}
    first = recommender(spec).fit(exam.train, FitContext(validation=exam.judged))
    pinned = recommender(recommender(spec).model_copy(update=dict(first.learnt())).to_dict())
    batch = UserBatch.of(exam.train.interactions, np.arange(20))

    np.testing.assert_allclose(
        pinned.fit(exam.train, FitContext()).score(batch), first.score(batch), atol=1e-5
    )


def test_a_ranker_of_other_parts_is_refused(exam):
    many = {"algorithm": "two_stage", "parts": [EASE, POPULAR, RANDOM]}
    first = recommender(many).fit(exam.train, FitContext(validation=exam.judged))
    fewer = recommender({"algorithm": "two_stage", "parts": [EASE], "ranker": first.learnt()["ranker"]})

    with pytest.raises(ParameterError, match="Leave `ranker` out"):
        fewer.fit(exam.train, FitContext())


def test_candidates_stand_before_everything_else(exam):
    spec = {"algorithm": "two_stage", "parts": [EASE, POPULAR], "candidates": 10}
    scorer = recommender(spec).fit(exam.train, FitContext(validation=exam.judged))
    batch = UserBatch.of(exam.train.interactions, np.arange(20))
    scores, short = scorer.score(batch), scorer.shortlist(scorer.opinions(batch), batch)

    assert scores[short].min() > scores[~short].max()
