from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, InputError
from reco_lab.core.experiment import Experiment, Tuning
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import algorithms, recommender
from reco_lab.experiments.conduct import versions
from reco_lab.experiments.forecast import FIT, LINEAR, TERMS, Point, Shape, Work, expected, forecast, terms
from reco_lab.experiments.machine import LADDER, Step, comparing, measure
from reco_lab.services import experiments, forecasts
from reco_lab.services.data import save_dataset
from reco_lab.services.handlers import HANDLERS
from reco_lab.ui.outlook import sentence
from reco_lab.workspace import Workspace

SHORT = (Step(400, 40, 30, 1), Step(900, 60, 50, 2))
POPULAR, EASE = algorithms()["most_popular"], algorithms()["ease"]


def silent(_fraction, _message):
    return None


def a_shape(rows, items=100, asked=50):
    return Shape(
        rows=rows,
        pairs=rows,
        customers=50,
        items=items,
        item_pairs=rows**1.5,
        customer_pairs=rows**1.4,
        asked=asked,
    )


def points(seconds, megabytes=lambda _shape: 1.0):
    shapes = [a_shape(1_000, 30), a_shape(4_000, 100), a_shape(9_000, 60), a_shape(20_000, 300)]
    return [
        Point(shape=one, fit=seconds(one), rank=0.001 * one.asked, megabytes=megabytes(one)) for one in shapes
    ]


def grown(measured, named, shape):
    """The seconds of a fit at another shape."""
    seconds = [one.fit for one in measured]
    return expected(measured, seconds, named, shape, [one + 0.01 for one in seconds])


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": rng.integers(0, 40, 600), "item": rng.integers(0, 30, 600)}).astype("str")
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(600), unit="h")
    return Dataset("tiny", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


@pytest.fixture
def asked(workspace, data):
    """An experiment on the tiny data set, with any changes."""
    save_dataset(workspace, data)

    def make(**changes):
        values = {
            "data": {"dataset": "tiny"},
            "split": {"kind": "last_n"},
            "recommenders": [{"algorithm": "ease"}],
            "metrics": {"names": ["ndcg"]},
        }
        return Experiment.model_validate(values | changes)

    return make


@pytest.fixture
def known(workspace):
    """Says what was measured on this machine: every recommender takes so long and so much."""

    def say(seconds=1.0, megabytes=10.0, **changes):
        found = points(lambda _shape: seconds, lambda _shape: megabytes)
        kept = {
            "machine": forecasts.machine(),
            "versions": versions(),
            "base": 200.0,
            "comparing": 0.0,
            "points": {name: [one.model_dump() for one in found] for name in algorithms()},
        }
        workspace.store.set_setting("machine", kept | changes)

    return say


def outlook(workspace, experiment):
    ready = experiments.prepare(workspace, experiment)
    return forecasts.outlook(workspace, ready.experiment, forecasts.work(ready.splits[0]))


def test_what_grows_with_one_quantity_is_found_at_a_size_never_measured():
    measured = points(lambda shape: 0.02 + 2e-5 * shape.rows)
    far = a_shape(1_000_000, 400)

    assert grown(measured, FIT, far) == pytest.approx(20.02, rel=0.05)


def test_a_cube_is_told_from_a_square_where_the_recommender_names_it():
    measured = points(lambda shape: 1e-8 * shape.items**3)
    found = grown(measured, EASE.cost, a_shape(20_000, 3_000))

    assert found == pytest.approx(270, rel=0.2)


def test_no_quantity_ever_makes_work_cheaper():
    rng = np.random.default_rng(0)
    measured = points(lambda _shape: float(rng.random()))
    found = [grown(measured, FIT, a_shape(rows)) for rows in (10, 10**4, 10**7)]

    assert found == sorted(found)


def test_twice_the_factors_is_twice_the_growing_part_of_a_fit():
    measured = {"ials": points(lambda shape: 1e-5 * shape.rows)}
    work = Work(a_shape(10_000), a_shape(0))
    usual = forecast(recommender({"algorithm": "ials"}), work, measured)
    double = forecast(recommender({"algorithm": "ials", "factors": 40}), work, measured)

    assert double.fit == pytest.approx(2 * usual.fit, rel=0.05)


def test_parts_are_added_up_and_one_unknown_part_leaves_the_whole_unknown():
    parts = {"algorithm": "hybrid", "parts": [{"algorithm": "ease"}, {"algorithm": "item_knn"}]}
    work = Work(a_shape(10_000), a_shape(0))
    both = {name: points(lambda _shape: 0.5) for name in ("ease", "item_knn")}

    assert forecast(recommender(parts), work, both).fit == pytest.approx(1.0, rel=0.05)
    assert forecast(recommender(parts), work, {"ease": both["ease"]}) is None


def test_rating_models_are_forecast_from_the_ratings_alone():
    measured = {"svd": points(lambda shape: 1e-5 * shape.rows)}
    few = forecast(recommender({"algorithm": "svd"}), Work(a_shape(90_000), a_shape(1_000)), measured)

    assert few.fit == pytest.approx(0.01, rel=0.2)


def test_every_recommender_names_only_quantities_that_there_are():
    assert {term for kind in algorithms().values() for term in kind.cost} <= set(TERMS)


def test_the_steps_grow_and_have_everything_that_a_recommender_may_need():
    assert all(below.pairs < above.pairs for below, above in pairwise(LADDER))
    lacks = {name: set(kind().missing(SHORT[0].data)) for name, kind in algorithms().items()}
    assert {name for name, kind in algorithms().items() if lacks[name] - set(kind.uninstalled())} == set()


def test_measuring_climbs_until_it_takes_a_moment_and_is_told():
    told = []
    found = dict(measure([POPULAR, EASE], lambda fraction, message: told.append(message), SHORT))

    assert [len(one) for one in found.values()] == [2, 2]
    assert told == ["measuring Most popular", "measuring EASE", "done"]


def test_measuring_can_be_cancelled():
    def cancel(_fraction, _message):
        raise CancelledError

    with pytest.raises(CancelledError):
        list(measure([POPULAR], cancel, SHORT))


def test_before_anything_is_measured_nothing_is_claimed(workspace, asked):
    found = outlook(workspace, asked())

    assert sentence(found) == "How long this takes is not known yet on this machine."
    assert found.megabytes is None


def test_what_was_measured_elsewhere_or_with_other_versions_says_nothing(workspace, known):
    known(machine="another one")
    assert forecasts.known(workspace) is None
    known(versions=versions() | {"numpy": "1.0"})
    assert forecasts.known(workspace) is None
    known()
    assert forecasts.known(workspace) is not None


def test_an_experiment_counts_its_fits_seeds_and_folds(workspace, asked, known):
    known(seconds=1.0)
    plain = outlook(workspace, asked()).lines[0]
    folds = outlook(workspace, asked(split={"kind": "k_fold", "folds": 3})).lines[0]
    seeded = outlook(workspace, asked(recommenders=[{"algorithm": "bpr"}], seeds=3)).lines[0]

    assert folds.seconds == pytest.approx(3 * plain.seconds, rel=0.1)
    assert seeded.seconds == pytest.approx(3 * plain.seconds, rel=0.1)


def test_tuning_is_multiplied_by_its_trials_and_ends_at_its_time(workspace, asked, known):
    known(seconds=0.1)
    plain, tuned, ended = (
        outlook(workspace, asked(tuning=tuning)).lines[0].seconds
        for tuning in (None, Tuning(trials=20), Tuning(trials=20, seconds=0.5))
    )

    assert tuned > plain + 0.5
    assert ended == pytest.approx(plain + 0.5)


def test_yardsticks_are_not_tuned(workspace, asked, known):
    known(seconds=0.1)
    lines = outlook(workspace, asked(tuning=Tuning(trials=20))).lines

    assert lines[-1].seconds < lines[0].seconds / 2


def test_the_sentence_says_seconds_and_memory_and_what_is_not_known(workspace, asked, known):
    known(seconds=5.0, megabytes=900.0)
    whole = outlook(workspace, asked())
    partly = replace(whole, lines=(replace(whole.lines[0], seconds=None), *whole.lines[1:]))

    assert sentence(whole).startswith("About ")
    assert "1.1 GB of memory on this machine" in sentence(whole)
    assert "of EASE it is not known yet" in sentence(partly)


def test_what_would_not_fit_into_memory_is_refused_with_a_way_out(workspace, asked, known, monkeypatch):
    monkeypatch.setattr(forecasts, "free_bytes", lambda: 2**30)
    known(megabytes=4096.0)

    with pytest.raises(
        InputError, match=r"EASE would need about 4\.0 GB of memory, and 1\.0 GB are free"
    ) as refused:
        experiments.submit(workspace, asked())
    assert "Leave it out" in refused.value.fix
    known(megabytes=10.0)
    assert experiments.submit(workspace, asked())


def test_the_job_measures_this_machine_and_keeps_it(workspace, monkeypatch):
    monkeypatch.setattr(forecasts, "algorithms", lambda: {"most_popular": POPULAR})
    monkeypatch.setattr(forecasts, "measure", lambda kinds, report: measure(kinds, report, SHORT))

    monkeypatch.setattr(forecasts, "comparing", lambda: comparing(SHORT[0]))

    assert HANDLERS[forecasts.JOB](workspace, {}, silent) == {"recommenders": 1}
    assert list(forecasts.known(workspace).points) == ["most_popular"]


def test_judging_takes_its_time_for_each_recommender_and_customer(workspace, asked, known):
    known(comparing=0.5)
    found = outlook(workspace, asked())

    assert comparing(SHORT[0]) > 0
    assert found.seconds == pytest.approx(sum(one.seconds for one in found.lines) + 3 * 0.5 * 40)


def test_what_passes_over_its_pairs_grows_with_them_alone_unless_it_says_otherwise():
    assert terms(recommender({"algorithm": "ials"})) == LINEAR
    assert terms(recommender({"algorithm": "svd_pp"})) == ("once", "item pairs")
    assert terms(recommender({"algorithm": "item_knn"})) == FIT


def test_ratings_are_sought_among_all_rows(data):
    work = Work.of(data.interactions, 5)

    assert work.ratings.rows == work.whole.rows == len(data.interactions)
    assert work.ratings.pairs == 0
