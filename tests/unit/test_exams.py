"""Experiments under every kind of split and with metrics that look at more than the lists."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.algorithms.ease import Ease
from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import Candidates
from reco_lab.core.recommender import FitContext
from reco_lab.experiments.conduct import conduct
from reco_lab.experiments.exam import Exam


class Shelf:
    """Keeps finished runs in a dictionary."""

    def __init__(self):
        self.runs = {}

    def fetch(self, spec, split, seed):
        return self.runs.get((spec, split.fingerprint, seed))

    def keep(self, spec, split, seed, finished, scorer):
        self.runs[spec, split.fingerprint, seed] = finished

    def excuse(self, spec, error):
        raise error


def shop():
    """Two tastes: even customers like even items, odd ones odd items, a day a purchase."""
    rng = np.random.default_rng(3)
    chosen = np.concatenate([rng.permutation(np.arange(user % 2, 40, 2))[:12] for user in range(120)])
    users, days = np.divmod(np.arange(len(chosen)), 12)
    frame = pd.DataFrame({"user": users, "item": chosen}).astype(str).apply(lambda ids: ids.str.zfill(3))
    frame["time"] = np.datetime64("2024-01-01", "us") + (1440 * days + users).astype("timedelta64[m]")
    return Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


def question(*algorithms, **changes):
    values = {
        "data": DataSpec(dataset="tastes"),
        "split": {"kind": "last_n"},
        "recommenders": [{"algorithm": name} for name in algorithms],
        "metrics": MetricSpec(names=("ndcg",), k=(5,)),
    }
    return Experiment(**(values | changes))


def ask(asked, shelf=None, splits=None):
    data = shop()
    cuts = splits or asked.split.split(data, np.random.default_rng(asked.seed))
    return conduct(data, cuts, asked, shelf or Shelf(), lambda fraction, message: None)


def first_cut(asked):
    return next(asked.split.split(shop(), np.random.default_rng(asked.seed)))


def test_held_out_customers_are_scored_by_what_they_show_where_a_model_folds_in():
    asked = question("ease", split={"kind": "user_holdout"})
    answer = ask(asked)
    assert answer.split.users_scored == 24
    assert answer.split.cold_users == 0
    assert answer.row("EASE").scored == 24
    assert answer.row("EASE").metrics["ndcg@5"].value > 2 * answer.row("Random").metrics["ndcg@5"].value > 0
    assert answer.champion in {"EASE", "BPR"}


def test_a_model_that_knows_only_its_own_customers_scores_nothing_for_held_out_ones():
    answer = ask(question("bpr", split={"kind": "cold_customers", "shown": 0}))
    assert (answer.row("BPR").scored, answer.row("BPR").metrics["ndcg@5"].value) == (0, 0)
    assert answer.row("Most popular").scored == answer.split.users_scored == 24
    assert answer.warnings == ("Only 24 customers can be scored: expect wide intervals.",)


def test_only_new_items_are_listed_where_items_are_held_out():
    split = first_cut(question("ease", split={"kind": "cold_items"}))
    for part, rows in (("test", split.test), ("validation", split.validation)):
        exam = Exam.of(split, part, question("ease"))
        lists, _ = exam.ask(Ease().fit(exam.train, FitContext()))
        assert set(np.unique(lists.items)) <= set(rows.items)
        assert len(exam.judged) == len(rows)


def test_a_backtest_chooses_its_champion_before_its_first_window():
    asked = question("item_knn", split={"kind": "sliding_windows", "windows": 2, "window": 0.1})
    answer = ask(asked)
    alone = ask(asked, splits=[first_cut(asked)])
    assert answer.champion is not None
    assert answer.row("Item k-NN").validation == alone.row("Item k-NN").validation


def test_auc_is_kept_with_the_run_and_measured_again_without_training():
    asked = question("item_knn", metrics=MetricSpec(names=("ndcg", "auc"), k=(5,)))
    shelf = Shelf()
    first, again = ask(asked, shelf), ask(asked, shelf)
    assert first.row("Item k-NN").metrics["auc"].value > 0.8
    assert first.row("Random").metrics["auc"].value == pytest.approx(0.5, abs=0.1)
    assert again.row("Item k-NN").metrics == first.row("Item k-NN").metrics


def test_a_run_without_the_whole_ranking_is_not_taken_for_one_with_it():
    plain, deep = question("ease"), question("ease", metrics=MetricSpec(names=("ndcg", "auc"), k=(5,)))
    spec = plain.recommenders[0]
    assert plain.run_key(spec, "cut", 0) != deep.run_key(spec, "cut", 0)


def test_a_metric_the_data_cannot_feed_is_left_out_with_a_note():
    answer = ask(question("ease", metrics=MetricSpec(names=("ndcg", "revenue"), k=(5,))))
    assert set(answer.row("EASE").metrics) == {"ndcg@5"}
    assert any("no item has a price" in note for note in answer.notes)


def test_sampled_candidates_are_marked_and_warned_about():
    split = first_cut(question("ease"))
    pairs = sparse.csr_matrix((np.random.default_rng(0).random((120, 40)) < 0.5).astype(np.float32))
    answer = ask(question("ease"), splits=[replace(split, candidates=Candidates(pairs=pairs))])
    assert answer.split.sampled
    assert answer.warnings[0].startswith("Sampled candidates")
