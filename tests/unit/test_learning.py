"""Learning curves: only what the model knows differs from one point to the next."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.learning import (
    LENGTHS,
    SHARES,
    Curve,
    Forgetful,
    Point,
    by_history,
    by_rows,
    enough,
    latest,
)
from reco_lab.ui.learning import growth, newcomer

KEY = "ndcg@5"


def quiet(_fraction, _message):
    pass


def shop(users=60):
    """Two tastes: even customers like even items; a day a purchase."""
    rng = np.random.default_rng(3)
    rows = [
        (f"u{user:03}", f"i{item:02}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day))
        for user in range(users)
        for day, item in enumerate(rng.choice(np.arange(user % 2, 40, 2), 12, replace=False))
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    return Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


@pytest.fixture
def question():
    return Experiment(
        data=DataSpec(dataset="tastes"),
        recommenders=[{"algorithm": "item_knn"}],
        metrics=MetricSpec(names=("ndcg",), k=(5,)),
    )


@pytest.fixture
def exam(question):
    (split,) = splitter({"kind": "last_n"}).split(shop(), np.random.default_rng(0))
    return Exam.of(split, "test", question)


def test_a_batch_keeps_the_last_entries_of_each_history():
    batch = UserBatch(
        codes=np.array([0, 1, 2], np.int32),
        indptr=np.array([0, 3, 3, 5]),
        items=np.array([1, 2, 3, 4, 5], np.int32),
        values=np.ones(5, np.float32),
        kinds=np.zeros(5, np.uint8),
    )
    assert batch.latest(2).items.tolist() == [2, 3, 4, 5]
    assert batch.latest(1).items.tolist() == [3, 5]
    assert batch.latest(1).indptr.tolist() == [0, 1, 1, 2]
    assert batch.latest(9) is batch


def test_a_forgetful_model_scores_as_if_that_were_the_whole_history(exam):
    scorer = recommender({"algorithm": "item_knn"}).fit(exam.train, FitContext())
    forgetful = Forgetful(scorer, 2)

    np.testing.assert_array_equal(forgetful.score(exam.warm), scorer.score(exam.warm.latest(2)))
    assert forgetful.answers(exam.warm).all()


def test_the_whole_history_gives_the_model_s_own_figure(exam):
    scorer = recommender({"algorithm": "item_knn"}).fit(exam.train, FitContext())
    curve = by_history("Item k-NN", scorer, exam, KEY, seed=0)
    own = exam.measure(*exam.ask(scorer))[KEY].value

    assert [point.at for point in curve.points] == list(LENGTHS)
    assert curve.points[-1].value == own
    assert curve.points[0].value < own
    assert all(point.low <= point.value <= point.high for point in curve.points)


def test_a_model_that_ignores_histories_has_a_flat_curve(exam):
    scorer = recommender({"algorithm": "most_popular"}).fit(exam.train, FitContext())
    values = {point.value for point in by_history("Most popular", scorer, exam, KEY, seed=0).points}

    assert len(values) == 1


def test_the_latest_rows_are_taken_and_stand_in_order():
    log = shop(users=2).interactions
    rows = latest(log, 0.25, seed=0)

    assert len(rows) == 6
    assert (np.diff(rows) > 0).all()
    assert log.times[rows].min() >= np.sort(log.times)[-6]


def test_with_all_rows_the_curve_ends_at_the_experiment_s_figure(exam, question):
    spec = recommender({"algorithm": "item_knn"})
    curve = by_rows("Item k-NN", spec, exam, question, quiet)
    own = exam.measure(*exam.ask(spec.fit(exam.train, FitContext())))[KEY].value

    assert [point.at for point in curve.points] == list(SHARES)
    assert curve.points[-1].value == pytest.approx(own)
    assert curve.points[0].value < own


def test_progress_rises_to_one(exam, question):
    seen = []
    spec = recommender({"algorithm": "most_popular"})
    by_rows("Most popular", spec, exam, question, lambda fraction, _message: seen.append(fraction))

    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_what_the_second_half_of_the_rows_brought_is_a_share():
    points = (Point(at=0.5, value=0.2), Point(at=1.0, value=0.25))

    assert enough([Curve(name="a", key=KEY, points=points)]) == {"a": pytest.approx(0.25)}
    assert enough([Curve(name="b", key=KEY, points=(Point(at=0.5, value=None),))]) == {}


def test_where_less_is_better_whoever_falls_gains():
    better, worse = (
        Curve(name=name, key="rmse", points=(Point(at=0.5, value=1.0), Point(at=1.0, value=end)))
        for name, end in (("a", 0.9), ("b", 1.2))
    )

    assert enough([better, worse]) == {"a": pytest.approx(0.1), "b": pytest.approx(-0.2)}
    assert "a gains most" in growth([worse, better])
    assert newcomer([better, worse]).endswith("of what it reaches knowing all")
    assert "adds nothing" in newcomer([worse])


def test_a_gain_is_not_praised_where_chance_may_have_made_it():
    def curve(half_width):
        ends = ((0.5, 0.2), (1.0, 0.25))
        points = (Point(at=at, value=one, low=one - half_width, high=one + half_width) for at, one in ends)
        return Curve(name="a", key=KEY, points=tuple(points))

    assert "chance" not in growth([curve(0.01)])
    assert growth([curve(0.04)]).endswith("too few to tell that from chance")
