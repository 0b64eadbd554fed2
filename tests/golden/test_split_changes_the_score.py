"""G3 of the published figures: the same models under three splits of MovieLens 100K, through the ordinary exam."""

import numpy as np
import pytest

from reco_lab.algorithms.ease import Ease
from reco_lab.algorithms.most_popular import MostPopular
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.recommender import FitContext
from reco_lab.core.splitting import splitter
from reco_lab.experiments.calibration import movielens
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.folds import Answer, overall, summary
from reco_lab.experiments.inspector import inspect

pytestmark = pytest.mark.data

MODELS = {"ease": Ease(l2=500), "popularity": MostPopular()}


@pytest.fixture(scope="module")
def data(real_data):
    return movielens(real_data("ml-100k"))


def judged(data, split):
    """The split, its exam, and what EASE and popularity reach in it."""
    cut = next(splitter(split).split(data, np.random.default_rng(0)))
    asked = Experiment(
        data=DataSpec(), recommenders=tuple(MODELS.values()), metrics=MetricSpec(names=("ndcg",))
    )
    exam = Exam.of(cut, "test", asked)
    scorers = {name: model.fit(exam.train, FitContext()) for name, model in MODELS.items()}
    answers = {name: Answer(exam, exam.measure(*exam.ask(scorer))) for name, scorer in scorers.items()}
    return cut, exam, answers


@pytest.mark.parametrize(
    ("split", "ease", "popularity"),
    [
        pytest.param({"kind": "random_rows"}, 0.442, 0.217, id="random rows"),
        pytest.param(
            {"kind": "last_share", "whole_moments": False}, 0.197, 0.118, id="the last 20 % of each customer"
        ),
        pytest.param({"kind": "global_time"}, 0.179, 0.149, id="the last 20 % of all in time"),
    ],
)
def test_the_same_models_score_differently_under_another_split(data, split, ease, popularity):
    _, _, answers = judged(data, split)
    close = 0.005 if split["kind"] == "random_rows" else 0.0015
    assert answers["ease"].measurements["ndcg@10"].value == pytest.approx(ease, abs=close)
    assert answers["popularity"].measurements["ndcg@10"].value == pytest.approx(popularity, abs=close)


def test_under_a_time_split_most_customers_are_cold_and_popularity_serves_them_better(data):
    cut, exam, answers = judged(data, {"kind": "global_time"})
    counts = summary("global_time", [exam], [cut])
    assert (counts.users_scored, counts.users_in_test) == (107, 301)
    assert counts.cold_user_rows / counts.asked == pytest.approx(0.85, abs=0.005)
    ease = answers["ease"].measurements["ndcg@10"]
    assert ease.numerator.sum() / len(exam.users) == pytest.approx(0.06, abs=0.005)
    assert overall([answers["popularity"]], "ndcg@10") == pytest.approx(0.34, abs=0.005)
    assert overall([answers["ease"]], "ndcg@10") > overall([answers["popularity"]], "ndcg@10")


def test_the_inspector_says_that_most_test_rows_are_cold_and_what_to_do(data):
    found = inspect(next(splitter({"kind": "global_time"}).split(data, np.random.default_rng(0))))
    assert (found.warm_customers, found.test_customers) == (107, 301)
    assert any("107 of 301 customers in the test are warm" in sentence for sentence in found.findings)
    assert any("85% of the test rows are of cold customers" in sentence for sentence in found.findings)
    assert "the column over all customers" in found.recommendation
    assert "the last share per customer" in found.recommendation
