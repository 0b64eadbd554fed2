"""Who is served well and who gets worse: expectations computed by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.conditions import Attribute, Behaviour
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Measurement
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.splitting import Split
from reco_lab.experiments.by_segment import BySegment, by_segment, shifts, told
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.folds import Answer
from reco_lab.experiments.results import Outcome
from reco_lab.experiments.segments import CLASSES, HISTORY, by_classes, by_history, by_saved, segmentations
from reco_lab.ui.by_segment import finding

KEY = "ndcg@10"


def exam(customers=None, short=30, long=50, seen=(1, 7)):
    """`short` customers with one interaction before the test and `long` ones with seven; each has one test item."""
    rows = [
        (f"c{user:03}", f"i{place:02}", place)
        for user in range(short + long)
        for place in (*range(1, (seen[0] if user < short else seen[1]) + 1), 99)
    ]
    frame = pd.DataFrame([*rows, ("somebody", "i99", 0)], columns=["user", "item", "day"])
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["day"], unit="D")
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    known = None if customers is None else customers.reindex(log.user_ids)
    test = log.times > np.datetime64("2026-02-01")
    none = np.zeros(0, np.intp)
    split = Split("last", Dataset("d", log, known), np.flatnonzero(~test), none, np.flatnonzero(test))
    return Exam.of(split, "test", Question(metrics=MetricSpec(names=("ndcg",), k=(10,))))


def answers(sat, **values):
    return {
        name: [Answer(sat, {KEY: Measurement.mean(np.asarray(one, float))})] for name, one in values.items()
    }


def by_length(sat, short, long):
    """A number for customers with a short history, another for those with a long one."""
    lengths = sat.warm.lengths
    return np.where(lengths == lengths.min(), short, long)


def test_histories_are_counted_before_the_cut_only():
    sat = exam()
    way = by_history(sat)

    named = [way.segments[code] for code in way.codes[sat.users]]
    assert named == ["1 to 2"] * 30 + ["6 to 10"] * 50
    assert way.people[1] == "Customers with 1 to 2 interactions before the exam"


def test_numbers_are_cut_in_quarters_and_say_their_bounds():
    ages = pd.DataFrame({"age": np.arange(20, 100)}, index=[f"c{user:03}" for user in range(80)])
    way = next(one for one in segmentations(exam(ages)) if one.id == "age")

    assert way.segments == ("20 to 39", "40 to 59", "60 to 79", "80 to 99")
    assert np.bincount(way.codes + 1).tolist() == [1, 20, 20, 20, 20]


def test_days_are_cut_in_quarters_too():
    joined = pd.DataFrame(
        {"joined": pd.date_range("2025-01-01", periods=80)}, index=[f"c{user:03}" for user in range(80)]
    )
    way = next(one for one in segmentations(exam(joined)) if one.id == "joined")

    assert way.segments[0] == "2025-01-01 to 2025-01-20"


def test_rare_values_stand_together_and_unknown_ones_nowhere():
    city = ["Here"] * 40 + ["There"] * 25 + ["Rare", "Rarer"] * 5 + [None] * 5
    table = pd.DataFrame({"city": city}, index=[f"c{user:03}" for user in range(80)])
    way = next(one for one in segmentations(exam(table)) if one.id == "city")

    assert way.segments == ("Here", "There", "all others")
    assert np.bincount(way.codes + 1).tolist() == [6, 40, 25, 10]


def test_a_name_parts_nobody():
    table = pd.DataFrame({"name": [f"n{user}" for user in range(80)], "all alike": ["x"] * 80})
    table.index = [f"c{user:03}" for user in range(80)]

    assert [one.id for one in segmentations(exam(table))] == [HISTORY, CLASSES]


def test_saved_segments_and_classes_are_computed_on_what_was_known_before_the_cut():
    sat = exam()
    often = by_saved(sat, "s1", "Often", Behaviour(low=7))

    assert [often.segments[code] for code in often.codes[sat.users]] == ["all others"] * 30 + ["Often"] * 50
    assert often.people == ("Customers in “Often”", "Customers not in “Often”")
    assert by_saved(sat, "s2", "All", Behaviour(low=8)) is None
    assert by_saved(sat, "s3", "Gone", Attribute(column="gone", values=("x",))) is None
    classes = by_classes(sat)
    named = [classes.segments[code] for code in classes.codes[sat.users]]
    assert named == ["hibernating"] * 30 + ["potential loyalists"] * 50


def test_a_segment_s_value_is_the_mean_of_its_customers():
    sat = exam()
    found = by_segment(answers(sat, one=by_length(sat, 0.2, 0.6)), KEY, [by_history(sat)], seed=0)

    assert found.segments == ("1 to 2", "6 to 10")
    assert found.customers.tolist() == [30, 50]
    assert found.value[0] == pytest.approx([0.2, 0.6])
    assert (found.low <= found.value).all()
    assert (found.high >= found.value).all()


def test_a_segment_of_few_customers_has_no_value():
    sat = exam(short=19)
    found = by_segment(answers(sat, one=by_length(sat, 0.2, 0.6)), KEY, [by_history(sat)], seed=0)

    assert np.isnan(found.value[0, 0])
    assert np.isnan(found.low[0, 0])
    assert found.value[0, 1] == pytest.approx(0.6)


def test_where_every_segment_is_too_small_none_has_a_value_or_an_interval():
    sat = exam(short=19, long=12)
    ways = [by_history(sat)]
    both = answers(sat, EASE=np.full(31, 0.4), SLIM=np.full(31, 0.2))

    found = by_segment(both, KEY, ways, seed=0)
    assert found.customers.tolist() == [19, 12]
    for cells in (found.value, found.low, found.high):
        assert np.isnan(cells).all()
    changes = shifts(both, KEY, ways, "EASE", "SLIM", seed=0)
    assert [one.change for one in changes] == [None, None]
    assert told(changes, KEY, "EASE", "SLIM") == (
        "No segment has the 20 customers that it takes to say anything."
    )


def test_a_property_of_all_lists_has_no_segments():
    sat = exam()
    assert by_segment({"one": [Answer(sat, {KEY: Measurement(0.5)})]}, KEY, [by_history(sat)], seed=0) is None


def test_a_metric_that_is_only_resampled_is_resampled_within_the_segment():
    sat = exam()
    own = by_length(sat, 0.2, 0.6)
    whole = Measurement(
        float(own.mean()), resample=lambda weights: weights @ own / weights.sum(axis=1), customers=80
    )
    found = by_segment({"one": [Answer(sat, {KEY: whole})]}, KEY, [by_history(sat)], seed=0)

    assert found.value[0] == pytest.approx([0.2, 0.6])


def test_over_two_folds_a_customer_counts_once_in_a_segment_and_each_fold_has_its_own_histories():
    first, second = exam(short=30, seen=(1, 7)), exam(short=30, seen=(4, 7))
    some = [
        Answer(one, {KEY: Measurement.mean(by_length(one, *ends))})
        for one, ends in ((first, (0.2, 0.6)), (second, (0.4, 1)))
    ]
    found = by_segment({"one": some}, KEY, [by_history(first), by_history(second)], seed=0)

    assert dict(zip(found.segments, found.customers.tolist(), strict=True)) == {
        "1 to 2": 30,
        "3 to 5": 30,
        "6 to 10": 50,
    }
    assert found.value[0] == pytest.approx([0.2, 0.4, 0.8])


def test_who_gets_worse_is_named_with_size_and_interval():
    sat = exam(short=200, long=200)
    noise = np.random.default_rng(1).normal(0, 0.02, 400)
    some = answers(sat, old=by_length(sat, 0.5, 0.5) + noise, new=by_length(sat, 0.3, 0.7))
    found = shifts(some, KEY, [by_history(sat)], "new", "old", seed=0)

    assert [one.outcome for one in found] == [Outcome.worse, Outcome.better]
    assert found[0].change == pytest.approx(-0.2, abs=0.01)
    assert found[0].low < found[0].change < found[0].high
    words = told(found, KEY, "new", "old")
    assert words.startswith("Customers with 1 to 2 interactions before the exam get worse by nDCG@10 0.")
    assert words.endswith("Better for: 6 to 10.")


def test_where_nobody_is_shown_to_get_worse_that_is_said():
    sat = exam(short=10, long=200)
    some = answers(sat, old=np.full(210, 0.5), new=by_length(sat, 0.1, 0.7))
    words = told(shifts(some, KEY, [by_history(sat)], "new", "old", seed=0), KEY, "new", "old")

    assert words.startswith("Nobody is shown to get worse with new instead of old. Better for: 6 to 10.")
    assert words.endswith("Too few customers to tell for: 1 to 2.")


def test_less_is_a_gain_where_less_is_better():
    sat = exam(short=100, long=100)
    key = "gini@10"
    some = {
        name: [Answer(sat, {key: Measurement.mean(np.full(200, value))})]
        for name, value in (("old", 0.6), ("new", 0.4))
    }
    assert [
        one.change for one in shifts(some, key, [by_history(sat)], "new", "old", seed=0)
    ] == pytest.approx([0.2, 0.2])


def test_the_best_and_the_worst_segment_are_only_told_apart_where_their_intervals_are():
    apart = BySegment(
        ("one",), ("few", "many"), np.array([50, 50]), np.array([[0.1, 0.4]]), np.array([[0.05, 0.3]]), np.array([[0.2, 0.5]])
    )  # fmt: skip
    near = replace(apart, low=np.array([[0.05, 0.15]]))
    comparison = SimpleNamespace(champion="one")
    assert (
        finding(comparison, apart, KEY)
        == "nDCG@10 of one is highest for “many” (0.400), lowest for “few” (0.100)"
    )
    assert finding(comparison, near, KEY).endswith("; no two segments can be told apart")
