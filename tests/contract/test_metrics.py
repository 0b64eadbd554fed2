from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.evaluation import Measurement, Metric, metric, metrics
from reco_lab.testing import metrics as contract
from reco_lab.testing.metrics import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", metrics())
def test_every_metric_keeps_the_contract(name, check):
    check(metric(name))


class Honest(Metric):
    label, plain, definition, edge_cases = "Honest", "How many hits?", "hits / k", "None."

    def measure(self, evaluation, k):
        return Measurement.mean(evaluation.hits[:, :k].sum(axis=1) / k)


class Undocumented(Honest):
    edge_cases = " "


class Boundless(Honest):
    family = "catalogue"

    def measure(self, evaluation, k):
        return Measurement.mean(np.full(len(evaluation.hits), 2.0 if k < 10 else 1.0))


class Grudging(Honest):
    def measure(self, evaluation, k):
        return Measurement.mean(evaluation.hits[:, :k].sum(axis=1) / (2 * k))


class UpsideDown(Honest):
    def measure(self, evaluation, k):
        hits = evaluation.hits[:, :k]
        worth = np.arange(1, hits.shape[1] + 1)
        return Measurement.mean(hits @ worth / worth.sum())


class LikesTheFirst(Honest):
    def measure(self, evaluation, k):
        own = evaluation.hits[:, :k].sum(axis=1) / k
        draw = lambda weights: own[(weights > 0).argmax(axis=1)]  # noqa: E731 - one expression
        return Measurement(float(own[0]), resample=draw, customers=len(own))


class Median(Honest):
    def measure(self, evaluation, k):
        return replace(super().measure(evaluation, k), value=float(np.median(evaluation.hits[:, :k].mean(1))))


class Miscounting(Honest):
    def measure(self, evaluation, k):
        return replace(super().measure(evaluation, k), customers=0)


class Stubborn(Honest):
    def measure(self, evaluation, k):
        assert k <= evaluation.recommendations.k
        return super().measure(evaluation, k)


class Consoling(Honest):
    def measure(self, evaluation, k):
        return Measurement.mean(0.1 + 0.9 * evaluation.hits[:, :k].sum(axis=1) / k)


class Meddling(Honest):
    def measure(self, evaluation, k):
        evaluation.recommendations.scores[:] = 0
        return super().measure(evaluation, k)


VILLAINS = {
    contract.documents_itself: Undocumented,
    contract.stays_within_its_bounds: Boundless,
    contract.a_perfect_answer_is_perfect: Grudging,
    contract.a_better_answer_never_scores_worse: UpsideDown,
    contract.the_order_of_customers_does_not_matter: LikesTheFirst,
    contract.redrawing_customers_equals_measuring_them: Median,
    contract.customers_are_counted: Miscounting,
    contract.a_cut_off_beyond_the_lists_is_fine: Stubborn,
    contract.empty_lists_score_nothing: Consoling,
    contract.leaves_the_evaluation_untouched: Meddling,
}


def test_every_check_has_its_villain_and_an_honest_metric_passes_them_all():
    assert set(VILLAINS) == set(CHECKS)
    for check in CHECKS:
        check(Honest())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_villain_is_caught_by_its_check_and_by_no_other(check):
    villain = VILLAINS[check]()
    caught = []
    for other in CHECKS:
        try:
            other(villain)
        except AssertionError:
            caught.append(other)
    assert caught == [check]
