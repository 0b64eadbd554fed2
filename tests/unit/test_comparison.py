"""Experiments end to end on small logs: what stands on the leaderboard and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset, Truth
from reco_lab.core.errors import SplitError
from reco_lab.core.evaluation import Measurement
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.splitting import Split
from reco_lab.experiments.compare import cells
from reco_lab.experiments.conduct import conduct
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Outcome
from reco_lab.experiments.tuning import Notebook

START = np.datetime64("2024-01-01", "us")


class Nowhere:
    """Keeps nothing."""

    def fetch(self, spec, split, seed):
        return None

    def keep(self, spec, split, seed, finished, scorer):
        pass

    def notebook(self, spec, split):
        return Notebook()

    def excuse(self, spec, error):
        raise error


class Memory(Nowhere):
    """Keeps runs in a dictionary and counts how many were computed."""

    def __init__(self):
        self.runs = {}

    def fetch(self, spec, split, seed):
        return self.runs.get((spec, split.fingerprint, seed))

    def keep(self, spec, split, seed, finished, scorer):
        self.runs[spec, split.fingerprint, seed] = finished


def shop(n_users=120, n_items=40, seed=3):
    """Two tastes: even customers like even items, odd ones odd items, a day a purchase."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        liked = np.arange(user % 2, n_items, 2)
        for day, item in enumerate(rng.choice(liked, 12, replace=False)):
            rows.append(
                (
                    f"u{user:03}",
                    f"i{item:02}",
                    pd.Timestamp("2024-01-01") + pd.Timedelta(days=day, minutes=user),
                )
            )
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    return Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


def question(*algorithms, **changes):
    values = {
        "data": DataSpec(dataset="tastes"),
        "split": {"kind": "last_n"},
        "recommenders": [{"algorithm": name} for name in algorithms],
        "metrics": MetricSpec(names=("ndcg", "recall", "coverage"), k=(5,)),
    }
    return Experiment(**(values | changes))


def ask(data, experiment, shelf=None):
    splits = experiment.split.split(data, np.random.default_rng(experiment.seed))
    return conduct(data, splits, experiment, shelf or Nowhere(), lambda fraction, message: None)


@pytest.fixture(scope="module")
def answer():
    return ask(shop(), question("item_knn", "ease"))


def test_random_and_most_popular_are_always_on_the_leaderboard(answer):
    references = {row.algorithm for row in answer.leaderboard if row.reference}
    assert references == {"random", "most_popular"}


def test_the_model_that_sees_the_two_tastes_beats_random_with_a_verdict(answer):
    verdict = next(one for one in answer.verdicts if one.other == "Random")
    assert verdict.outcome is Outcome.better
    assert verdict.low > 0
    assert verdict.p_holm < 0.05
    assert verdict.difference == pytest.approx(
        answer.row(answer.champion).metrics["ndcg@5"].value - answer.row("Random").metrics["ndcg@5"].value
    )


def test_the_plain_verdict_says_how_many_times_better_than_bestsellers(answer):
    best, popular = answer.row(answer.champion), answer.row("Most popular")
    times = best.metrics["ndcg@5"].value / popular.metrics["ndcg@5"].value
    assert f"{times:.1f} times as good as the bestseller list" in answer.plain


def test_the_champion_is_the_best_on_validation_not_on_the_test(answer):
    eligible = [row for row in answer.leaderboard if row.algorithm != "random"]
    assert answer.champion == max(eligible, key=lambda row: row.validation).name


def test_every_interval_holds_its_value(answer):
    cells = [row.metrics[key] for row in answer.leaderboard for key in ("ndcg@5", "recall@5")]
    assert all(cell.low <= cell.value <= cell.high for cell in cells)
    assert len(cells) == 4 * 2


def test_nothing_is_a_tie_where_a_metric_has_no_ends(answer):
    assert answer.margin == 0.005
    open_ended = ask(shop(), question("ease", metrics=MetricSpec(names=("dcg",), k=(5,))))
    assert open_ended.margin is None


def test_folds_keep_what_each_seed_reached():
    split = {"kind": "k_fold", "folds": 2}
    row = ask(shop(), question("bpr", split=split)).row("BPR")
    alone = ask(shop(), question("bpr", split=split, seeds=1)).row("BPR")
    cell = row.metrics["ndcg@5"]

    assert np.std(row.by_seed) > 0
    assert cell.high - cell.low > 2 * 2.9 * np.std(row.by_seed, ddof=1) / np.sqrt(3)
    assert alone.by_seed == ()


def test_coverage_has_no_interval_because_the_bootstrap_cannot_give_one(answer):
    assert answer.leaderboard[0].metrics["coverage@5"].low is None


def test_rows_are_sorted_by_the_headline(answer):
    values = [row.metrics[answer.headline].value for row in answer.leaderboard]
    assert values == sorted(values, reverse=True)


def test_the_same_seed_gives_the_same_digits():
    first, second = (ask(shop(), question("ease", "ials")) for _ in range(2))
    assert [row.metrics for row in first.leaderboard] == [row.metrics for row in second.leaderboard]
    assert first.verdicts == second.verdicts


def test_shuffled_rows_are_the_same_question_with_the_same_answer():
    data = shop()
    shuffled = Interactions.from_frame(
        data.interactions.frame().sample(frac=1, random_state=1), ColumnMap("user", "item", time="time")
    )
    other = ask(Dataset("tastes", shuffled), question("ease"))
    assert shuffled.fingerprint == data.interactions.fingerprint
    assert other.leaderboard[0].metrics == ask(data, question("ease")).leaderboard[0].metrics


def test_a_finished_run_is_not_computed_again():
    shelf = Memory()
    ask(shop(), question("ease"), shelf)
    kept = dict(shelf.runs)
    ask(shop(), question("ease", "item_knn"), shelf)
    assert all(shelf.runs[key] is run for key, run in kept.items())
    assert len(shelf.runs) == len(kept) + 1


def test_a_model_that_depends_on_the_seed_is_run_with_three_and_counts_as_their_mean():
    shelf = Memory()
    row = ask(shop(), question("bpr"), shelf).row("BPR")

    alone = [
        ask(shop(), question("bpr", seed=seed, seeds=1)).row("BPR").metrics["ndcg@5"].value
        for seed in range(3)
    ]
    assert sorted({seed for spec, _, seed in shelf.runs if spec.algorithm() == "bpr"}) == [0, 1, 2]
    assert row.by_seed == pytest.approx(alone)
    assert len(set(alone)) > 1
    assert row.metrics["ndcg@5"].value == pytest.approx(np.mean(alone))
    assert len(row.run_keys) == 3


def test_a_model_that_does_not_depend_on_the_seed_is_run_once():
    shelf = Memory()
    row = ask(shop(), question("ease"), shelf).row("EASE")

    assert [seed for spec, _, seed in shelf.runs if spec.algorithm() == "ease"] == [0]
    assert row.by_seed == ()


def test_a_recommender_the_data_cannot_feed_says_what_it_needs_and_costs_the_others_nothing():
    answer = ask(shop(), question("content", "ease"))
    failed = answer.leaderboard[-1]
    assert failed.algorithm == "content"
    assert "needs a table of items" in failed.error
    assert answer.row("EASE").metrics


def test_two_of_the_same_algorithm_are_told_apart_by_what_differs():
    answer = ask(
        shop(),
        question(
            "ease", recommenders=[{"algorithm": "ease", "l2": 10.0}, {"algorithm": "ease", "l2": 900.0}]
        ),
    )
    assert {"EASE (l2 10.0)", "EASE (l2 900.0)"} <= {row.name for row in answer.leaderboard}


def test_cross_validation_pools_customers_over_the_folds():
    answer = ask(shop(), question("ease", split={"kind": "k_fold", "folds": 3}))
    assert len(answer.row("EASE").by_fold) == 3
    assert min(answer.row("EASE").by_fold) <= answer.row("EASE").metrics["ndcg@5"].value
    assert answer.split.test == len(shop().interactions)
    assert answer.split.users_in_test == 120
    assert answer.row("EASE").metrics["ndcg@5"].low is not None


def test_repeat_purchases_are_left_out_and_counted():
    data = shop()
    doubled = pd.concat(
        [
            data.interactions.frame(),
            data.interactions.frame().assign(time=lambda f: f["time"] + pd.Timedelta(days=60)),
        ]
    )
    log = Interactions.from_frame(doubled, ColumnMap("user", "item", time="time"))
    repeated = Dataset("twice", log)
    with pytest.raises(SplitError, match="Nobody can be scored"):
        ask(repeated, question("ease", split={"kind": "global_time", "share": 0.5}))
    kept = ask(repeated, question("ease", split={"kind": "global_time", "share": 0.5}, repeats=True))
    assert kept.split.repeats_removed == 0
    assert kept.row("EASE").metrics["ndcg@5"].value > 0.2


def by_hand(train, test, n_items=6, kinds=None):
    """A split from lists of (user, item) pairs with codes as ids."""
    rows = [(f"{u}", f"{i}", k) for pairs, k in ((train, 0.0), (test, 1.0)) for u, i in pairs]
    frame = pd.DataFrame(rows, columns=["user", "item", "part"])
    log = Interactions.from_frame(frame, ColumnMap("user", "item", value="part"))
    is_test = log.values == 1
    data = Dataset("hand", log)
    return Split("hand", data, np.flatnonzero(~is_test), np.zeros(0, np.intp), np.flatnonzero(is_test))


def test_warm_customers_come_first_and_cold_ones_get_the_fallback():
    split = by_hand(train=[(0, 0), (0, 1), (1, 0), (1, 2)], test=[(0, 2), (1, 1), (2, 0)])
    exam = Exam.of(split, "test", question("ease"))
    assert exam.users.tolist() == [0, 1, 2]
    assert exam.n_warm == 2
    assert exam.of_cold["recall@5"].value == 1.0


def test_the_reading_over_all_customers_adds_the_cold_ones_served_by_popularity():
    data = shop()
    frame = data.interactions.frame()
    late = pd.DataFrame(
        {"user": [f"new{n}" for n in range(100)], "item": "i00", "time": pd.Timestamp("2024-03-01")}
    )
    log = Interactions.from_frame(pd.concat([frame, late]), ColumnMap("user", "item", time="time"))
    answer = ask(Dataset("more", log), question("ease", split={"kind": "global_time", "share": 0.2}))
    cell = answer.row("EASE").metrics["recall@5"]
    assert answer.split.cold_users == 100
    assert cell.all_customers != cell.value
    assert any("without any history" in warning for warning in answer.warnings)


def test_test_rows_of_items_unknown_at_the_cut_are_left_out_and_counted():
    split = by_hand(train=[(0, 0), (1, 0), (1, 1)], test=[(0, 1), (0, 5), (1, 5)])
    exam = Exam.of(split, "test", question("ease"))
    assert exam.n_candidates == 2
    assert (len(exam.asked), len(exam.judged)) == (3, 1)
    assert exam.relevant.sum() == 1


def test_only_purchases_are_hits_where_there_are_purchases():
    frame = pd.DataFrame({
        "user": ["a", "a", "a", "b", "b", "c", "c"],
        "item": ["x", "y", "z", "x", "y", "y", "z"],
        "time": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-02", "2024-01-01", "2024-02-01", *["2024-01-01"] * 2]),
        "kind": ["purchase", "purchase", "view", "view", "purchase", "purchase", "view"],
    })  # fmt: skip
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    rows = np.arange(len(log))
    late = log.times > np.datetime64("2024-01-15")
    split = Split("time", Dataset("kinds", log), rows[~late], rows[:0], rows[late])
    exam = Exam.of(split, "test", question("ease"))
    assert set(exam.judged.kinds) == {Kind.purchase}
    assert len(exam.judged) == 2


def test_the_oracle_stands_on_the_leaderboard_only_where_its_truth_applies():
    data = shop()
    log = data.interactions
    frame = log.frame().assign(kind="purchase")
    bought = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    taste = (np.arange(120)[:, None] % 2 == np.arange(40)[None, :] % 2).astype(np.float32)
    cut = np.datetime64("2024-01-09", "us")
    known = Dataset("truth", bought, truth=Truth(taste, cut, cut + np.timedelta64(7, "D")), synthetic=True)
    there = ask(known, question("ease", split={"kind": "global_time", "cutoff": "2024-01-09T00:00:00"}))
    elsewhere = ask(known, question("ease", split={"kind": "random_rows"}))
    assert there.row("Oracle").reference
    assert there.champion != "Oracle"
    assert "Oracle" not in {row.name for row in elsewhere.leaderboard}
    assert any("oracle is not shown" in note for note in elsewhere.notes)


def test_no_number_is_shown_where_nobody_can_be_scored():
    split = by_hand(train=[(0, 0)], test=[(1, 0)])
    with pytest.raises(SplitError, match="Nobody can be scored"):
        Exam.of(split, "test", question("ease"))


def test_other_cuts_of_the_same_rows_are_other_questions():
    data, asked, shelf = shop(), question("ease"), Memory()
    rows = np.arange(len(data.interactions))
    first = Split("files", data, rows[rows % 3 > 0], rows[:0], rows[rows % 3 == 0])
    second = Split("files", data, rows[rows % 3 < 2], rows[:0], rows[rows % 3 == 2])
    answers = [
        conduct(data, [split], asked, shelf, lambda fraction, message: None) for split in (first, second)
    ]
    alone = conduct(data, [second], asked, Nowhere(), lambda fraction, message: None)
    assert answers[0].key != answers[1].key
    assert answers[1].row("EASE").metrics == alone.row("EASE").metrics


def test_cross_validation_names_no_champion_because_every_row_judges():
    answer = ask(shop(), question("ease", split={"kind": "k_fold", "folds": 3}))
    assert answer.champion is None
    assert answer.verdicts == ()
    assert "every row judges" in answer.sentence
    assert answer.row("EASE").scored == 120


def test_learning_only_from_other_kinds_than_those_to_predict_is_refused():
    frame = shop().interactions.frame().assign(kind=["view", "purchase"] * 720)
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    with pytest.raises(SplitError, match="predict purchase, which they do not learn from"):
        ask(Dataset("kinds", log), question("ease", learn_from=("view",)))


def test_rating_errors_count_every_test_rating_of_a_warm_customer():
    frame = shop().interactions.frame().assign(value=lambda f: 1.0 + f.index % 5)
    log = Interactions.from_frame(frame, ColumnMap("user", "item", value="value", time="time"))
    asked = question("svd", split={"kind": "random_rows"}, metrics=MetricSpec(names=("rmse", "ndcg"), k=(5,)))
    data = Dataset("rated", log)
    split = next(asked.split.split(data, np.random.default_rng(0)))
    exam = Exam.of(split, "test", asked)
    assert len(exam.rated) == len(split.test)
    answer = ask(data, asked)
    assert answer.row("SVD").metrics["rmse"].value > 0
    assert "rmse" not in answer.row("Most popular").metrics


def test_only_dates_say_when_an_item_was_added():
    data = shop()
    words = Dataset(
        "words",
        data.interactions,
        items=pd.DataFrame({"added": ["yes"] * 40}, index=data.interactions.item_ids),
    )
    answer = ask(words, question("ease", split={"kind": "global_time"}))
    assert answer.row("EASE").error is None


def test_a_hybrid_is_not_validated_on_what_taught_it_its_weights():
    parts = [{"algorithm": "random"}, {"algorithm": "most_popular"}, {"algorithm": "ease"}]
    answer = ask(
        shop(),
        question("ease", recommenders=[{"algorithm": "hybrid", "parts": parts}, {"algorithm": "ease"}]),
    )
    hybrid = answer.row("Hybrid")
    assert hybrid.parameters["weights"]
    assert hybrid.validation is not None


def test_intervals_of_money_count_on_a_dear_item_that_was_not_sold_yet():
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        earned = (rng.random(107) < 0.1) * rng.lognormal(3, 1, 107)
        cell = cells({"EASE": {"revenue@5": Measurement.mean(earned)}}, {"EASE": {}}, seed)["EASE"][
            "revenue@5"
        ]
        covered += cell.low <= 0.1 * np.exp(3.5) <= cell.high
    assert covered >= 88
