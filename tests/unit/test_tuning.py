"""Settings are sought on the validation part, with the same budget for all, and found again."""

import numpy as np
import pytest

from reco_lab.core.experiment import Tuning
from reco_lab.core.recommender import recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments import tuning
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.tuning import Notebook, State, Trial, importances, surely_matters, tune
from reco_lab.ui.tuned import untuned
from tests.unit.test_comparison import Memory, ask, question, shop


@pytest.fixture(scope="module")
def exam():
    (split,) = splitter({"kind": "last_n"}).split(shop(), np.random.default_rng(0))
    return Exam.of(split, "validation", question("ease"))


def search(exam, spec=None, trials=9, notebook=None, **budget):
    spec = spec or recommender({"algorithm": "item_knn", "neighbours": 1, "shrink": 900.0})
    kept = []
    book = notebook or Notebook(keep=kept.append)
    found = tune(
        spec,
        exam,
        question("item_knn"),
        Tuning(trials=trials, **budget),
        book,
        lambda _fraction, _message: None,
    )
    return found, kept


def test_the_first_trial_is_what_was_given_so_that_tuning_never_ends_below_it(exam):
    found, kept = search(exam)

    assert kept[0].parameters["neighbours"] == 1
    assert kept[0].parameters["shrink"] == 900.0
    best = max(trial.value for trial in kept)
    assert best > kept[0].value
    assert found.spec.params() == next(trial.parameters for trial in kept if trial.value == best)


def test_the_same_seed_finds_the_same_settings_on_one_process_and_on_two(exam, monkeypatch):
    monkeypatch.setattr(tuning, "_processes", lambda *_args: 2)
    two, _ = search(exam, trials=5)
    monkeypatch.setattr(tuning, "_processes", lambda *_args: 1)
    one, _ = search(exam, trials=5)

    assert [trial.parameters for trial in one.trials] == [trial.parameters for trial in two.trials]
    assert [trial.value for trial in one.trials] == [trial.value for trial in two.trials]


def test_an_interrupted_study_goes_on_where_it_stopped_and_ends_the_same(exam):
    whole, kept = search(exam)
    again = []
    resumed, _ = search(exam, notebook=Notebook(kept[:4], again.append))

    assert resumed.spec == whole.spec
    assert [trial.parameters for trial in again] == [trial.parameters for trial in kept[4:]]


def test_a_budget_in_seconds_ends_the_search_and_tries_at_least_what_was_given(exam):
    found, _ = search(exam, trials=500, seconds=1e-6)

    assert len(found.trials) == 1


def test_a_recommender_without_settings_comes_back_as_it_is(exam):
    spec = recommender({"algorithm": "most_popular"})

    assert search(exam, spec)[0] == tuning.Found(spec, ())


def test_large_data_are_looked_at_through_a_quarter_of_the_customers_first(exam, monkeypatch):
    monkeypatch.setattr(tuning, "ROWS_FOR_A_RUNG", 1)
    found, _ = search(exam, trials=17)

    states = [trial.state for trial in found.trials]
    assert State.pruned in states
    assert State.scored in states
    assert all(trial.first is not None for trial in found.trials)
    assert all((trial.value is None) == (trial.state is State.pruned) for trial in found.trials)


def test_a_quarter_of_the_customers_is_a_whole_exam_of_its_own(exam):
    part = exam.sampled(0.25, seed=1)

    assert 0 < len(part.users) < len(exam.users) / 2
    assert set(np.unique(part.train.interactions.users)) >= set(part.users[: part.n_warm].tolist())
    assert part.relevant.shape[0] == len(part.users)
    assert set(part.judged.users.tolist()) == set(part.users.tolist())


def test_the_parameter_that_matters_is_named():
    rng = np.random.default_rng(0)
    spec = recommender({"algorithm": "item_knn"})
    trials = [
        Trial(
            parameters=spec.params() | {"neighbours": int(number), "shrink": float(rng.uniform(0, 1000))},
            state=State.scored,
            value=number / 2000,
        )
        for number in rng.integers(1, 2000, 40)
    ]

    shares = importances(type(spec), trials, rises=True)
    assert max(shares, key=shares.get) == "neighbours"
    assert sum(shares.values()) == pytest.approx(1)
    assert importances(type(spec), trials[:4], rises=True) == {}


def test_a_parameter_that_matters_is_told_from_chance_and_noise_is_not():
    spec, rng = recommender({"algorithm": "item_knn"}), np.random.default_rng(8)

    def trials(number, effect):
        return [
            Trial(
                parameters=spec.params()
                | {
                    "neighbours": int(size),
                    "shrink": float(rng.uniform(0, 1000)),
                    "weighting": str(rng.choice(["none", "tf_idf"])),
                },
                state=State.scored,
                value=float(rng.normal(0.2, 0.01) + effect * np.log(size)),
            )
            for size in rng.integers(1, 2000, number)
        ]

    assert np.mean([surely_matters(type(spec), trials(20, 0.02), "neighbours") for _ in range(30)]) > 0.9
    noise = []
    for number in [6, 12, 30] * 20:
        some = trials(number, 0.0)
        noise.append(
            any(surely_matters(type(spec), some, name) for name in ("neighbours", "shrink", "weighting"))
        )
    assert np.mean(noise) < 0.1
    assert not surely_matters(type(spec), trials(4, 1.0), "neighbours")
    assert not surely_matters(type(spec), trials(20, 0.02), "k1")


def test_an_experiment_with_a_budget_tunes_each_recommender_alike_and_says_what_it_cost():
    shelf = Memory()
    answer = ask(shop(), question("item_knn", "ease", tuning=Tuning(trials=5)), shelf)

    tuned = {row.algorithm: row.tuned for row in answer.leaderboard}
    assert tuned["item_knn"].trials == tuned["ease"].trials == 5
    assert tuned["random"] is None or tuned["random"].trials == 0
    ease = answer.row("EASE")
    assert ease.validation == pytest.approx(ease.tuned.best)
    assert ease.tuned.best >= ease.tuned.first


def test_those_with_nothing_to_tune_are_named():
    answer = ask(shop(), question("item_knn", "hybrid", tuning=Tuning(trials=2)), Memory())

    assert untuned(answer) == "With nothing to tune, run as given: Hybrid and Most popular."


def test_over_several_folds_the_gain_is_the_mean_of_the_folds_gains():
    class Studies(Memory):
        def __init__(self):
            super().__init__()
            self.kept = {}

        def notebook(self, spec, split):
            own = self.kept.setdefault((spec.algorithm(), split.name), [])
            return Notebook((), own.append)

    shelf = Studies()
    windows = {"kind": "sliding_windows", "windows": 2, "window": 0.2}
    answer = ask(shop(), question("item_knn", split=windows, tuning=Tuning(trials=3)), shelf)

    studies = [trials for (name, _), trials in shelf.kept.items() if name == "item_knn"]
    told = answer.row("Item k-NN").tuned
    assert (len(studies), told.trials) == (2, 6)
    assert told.first == pytest.approx(np.mean([trials[0].value for trials in studies]))
    assert told.best == pytest.approx(np.mean([max(one.value for one in trials) for trials in studies]))


def test_what_the_test_part_shows_never_reaches_the_search():
    data = shop()
    answers = []
    for shift in (0, 1):
        (split,) = splitter({"kind": "last_n"}).split(data, np.random.default_rng(0))
        other = np.roll(split.test_rows, shift * 7)[: len(split.test_rows) // 2]
        kept = type(split)(split.name, data, split.train_rows, split.validation_rows, np.sort(other))
        found, _ = search(Exam.of(kept, "validation", question("item_knn")), trials=5)
        answers.append([(trial.parameters, trial.value) for trial in found.trials])

    assert answers[0] == answers[1]
