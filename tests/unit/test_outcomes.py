"""What may be said of a difference: a tie by the metric's own ends, and seeds where they matter more than customers."""

import numpy as np
import pytest

from reco_lab.core.evaluation import Measurement
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.experiments.compare import margin_of, outcome_of, verdicts
from reco_lab.experiments.results import Outcome


@pytest.mark.parametrize(
    ("key", "margin"), [("ndcg@5", 0.005), ("hit_rate@5", 0.005), ("revenue@5", None), ("rmse", None)]
)
def test_a_tie_is_measured_by_what_the_metric_can_be(key, margin):
    assert margin_of(key) == margin


def test_without_a_margin_nothing_is_a_tie():
    assert outcome_of(-0.001, 0.002, 0.005) is Outcome.tie
    assert outcome_of(-0.001, 0.002, None) is Outcome.unsure
    assert outcome_of(0.001, 0.002, None) is Outcome.better


def test_seeds_that_matter_more_than_customers_are_named():
    few = [Measurement.mean(np.full(400, value)) for value in (0.1, 0.3, 0.5)]
    measured = {"A": {"ndcg@5": Measurement.averaged(few)}, "B": {"ndcg@5": Measurement.mean(np.zeros(400))}}
    experiment = Experiment(
        data=DataSpec(dataset="tastes"),
        recommenders=[{"algorithm": "bpr"}],
        metrics=MetricSpec(names=("ndcg",), k=(5,)),
    )
    (duel,) = verdicts("A", measured, experiment)

    assert duel.outcome is Outcome.unsure
    assert duel.sentence.startswith("Too few seeds to tell A from B")
