"""What is said of a champion follows from the numbers, whatever they are."""

from types import SimpleNamespace

import numpy as np
import pytest

from reco_lab.core.evaluation import Measurement
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.recommender import recommender
from reco_lab.experiments.compare import champion, verdicts
from reco_lab.experiments.conduct import named
from reco_lab.experiments.results import Cell, Outcome, Row, Verdict
from reco_lab.experiments.verdict import merged, plain, power, sentence
from reco_lab.ui import compare

KEY = "ndcg@10"


def asked(metric="ndcg"):
    return Experiment(
        data=DataSpec(), recommenders=[{"algorithm": "ease"}], metrics=MetricSpec(names=(metric,))
    )


def board(best="EASE", popularity="Most popular", **means):
    """Rows and verdicts of recommenders whose customers score around these means."""
    rng = np.random.default_rng(0)
    base = rng.random(2000) * 0.02
    measured = {
        name: {KEY: Measurement.mean(base + mean + rng.normal(0, 0.01, 2000))} for name, mean in means.items()
    }
    algorithms = {"EASE": "ease", "iALS": "ials", popularity: "most_popular", "Random": "random"}
    rows = [
        Row(name=name, algorithm=algorithms[name], parameters={}, metrics={KEY: Cell(value=own[KEY].value)})
        for name, own in measured.items()
    ]
    ranked = sorted(rows, key=lambda row: -row.metrics[KEY].value)
    return ranked, verdicts(best, measured, asked())


def said(best="EASE", **means):
    rows, found = board(best, **{name.replace("_", " "): mean for name, mean in means.items()})
    return plain(best, rows, found, KEY, ""), sentence(best, rows, found, KEY, "")


def test_a_better_champion_is_so_many_times_as_good_as_bestsellers():
    words, verdict = said(EASE=0.19, Most_popular=0.09)
    assert (
        words
        == "EASE is 2.0 times as good as the bestseller list at showing high up what customers go for next."
    )
    assert verdict.startswith("EASE beats Most popular by 0.1")


def test_only_a_metric_that_counts_places_is_said_to_be_about_them():
    rows, found = board(EASE=0.19, **{"Most popular": 0.09})
    moved = [row.model_copy(update={"metrics": {"recall@10": row.metrics[KEY]}}) for row in rows]
    words = plain("EASE", moved, found, "recall@10", "")
    assert words.endswith("the bestseller list at finding what customers go for next.")


def test_a_champion_that_is_worse_than_bestsellers_is_said_to_be():
    words, verdict = said(EASE=0.09, Most_popular=0.19)
    assert words == "Showing everybody the bestsellers did better than EASE in the test."
    assert "Most popular is better on the test by 0.1" in verdict


def test_a_proven_tie_is_called_a_tie():
    words, verdict = said(EASE=0.19, Most_popular=0.19)
    assert words == "EASE is no better and no worse than showing everybody the bestsellers."
    assert "are a tie" in verdict


def test_bestsellers_that_find_nothing_are_beaten_without_a_ratio():
    words, _ = said(EASE=0.19, Most_popular=-0.01)
    assert "better than the bestseller list" in words


def test_a_rival_that_did_better_in_the_test_is_named():
    words, _ = said(EASE=0.19, iALS=0.29, Most_popular=0.09)
    assert "iALS did better still in the test." in words


def test_a_popular_champion_that_lost_the_test_is_not_called_unbeaten():
    words, _ = said("Most popular", EASE=0.19, Most_popular=0.09)
    assert words.startswith("Most popular looked best before the test, and was not.")


def test_without_a_champion_the_reason_is_given():
    assert (
        plain(None, [], (), KEY, "nobody can be scored")
        == "There is no winner to name: nobody can be scored."
    )
    assert sentence(None, [], (), KEY, "nobody can be scored") == "No champion: nobody can be scored."


def duel(other, outcome, gap=0.0):
    return Verdict(
        champion="EASE", other=other, metric=KEY, difference=gap, low=-0.1, high=0.1, p=1, p_holm=1, p_max_t=1,
        customers=102, outcome=outcome, sentence="",
    )  # fmt: skip


def test_a_champion_that_is_not_shown_to_be_better_is_said_to_have_come_where_it_came():
    scores = {"iALS": 0.3, "Most popular": 0.2, "EASE": 0.1, "Random": 0.0}
    algorithms = {"EASE": "ease", "iALS": "ials", "Most popular": "most_popular", "Random": "random"}
    rows = [
        Row(name=name, algorithm=algorithms[name], parameters={}, metrics={KEY: Cell(value=value)})
        for name, value in scores.items()
    ]
    found = [duel(name, Outcome.unsure) for name in ("iALS", "Most popular", "Random")]
    assert plain("EASE", rows, found, KEY, "") == (
        "No recommender is shown to be better than popular items here. 102 customers are too few. "
        "EASE, picked in advance, came third of three."
    )


def test_all_comparisons_are_told_in_one_line():
    found = [duel("iALS", Outcome.unsure), duel("Content", Outcome.better), duel("BPR", Outcome.better)]
    assert merged("EASE", found) == "EASE beats Content and BPR. Not decided: iALS."


@pytest.mark.parametrize("customers", [5, 10, 30])
def test_a_few_customers_without_hits_are_no_tie(customers):
    empty = {name: {KEY: Measurement.mean(np.zeros(customers))} for name in ("EASE", "iALS")}
    assert verdicts("EASE", empty, asked())[0].outcome is Outcome.unsure


def test_a_skewed_difference_of_mean_zero_seldom_makes_a_verdict():
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(40):
        lead = np.where(rng.random((30, 4)) < 0.05, 0.38, -0.02)
        measured = {"EASE": {KEY: Measurement.mean(np.full(30, 0.5))}}
        measured |= {
            f"other {place}": {KEY: Measurement.mean(0.5 - column)} for place, column in enumerate(lead.T)
        }
        wrong += any(
            one.outcome in {Outcome.better, Outcome.worse, Outcome.tie}
            for one in verdicts("EASE", measured, asked())
        )
    assert wrong <= 2


def test_equal_validation_goes_to_the_first_that_was_asked_for():
    rows = [Row(name=name, algorithm=name, parameters={}, validation=0.25) for name in ("ease", "ials")]
    assert champion(rows, asked()) == "ease"
    assert champion(rows[::-1], asked()) == "ials"


def test_a_metric_without_a_better_end_has_no_champion():
    rows = [Row(name="EASE", algorithm="ease", parameters={}, validation=3.0)]
    assert champion(rows, asked("novelty")) is None


def test_a_recommender_without_a_value_gets_no_verdict():
    some = {
        "EASE": {KEY: Measurement.mean(np.ones(50))},
        "iALS": {KEY: Measurement.mean(np.full(50, np.nan))},
    }
    assert verdicts("EASE", some, asked()) == ()


def test_hybrids_that_differ_only_in_weights_or_parts_have_names_of_their_own():
    parts = [{"algorithm": "random"}, {"algorithm": "most_popular"}]
    specs = [
        recommender({"algorithm": "hybrid", "parts": parts, "weights": [1.0, 0.0]}),
        recommender({"algorithm": "hybrid", "parts": parts, "weights": [0.0, 1.0]}),
        recommender({"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 5.0}]}),
        recommender({"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 9.0}]}),
    ]
    names = [name for name, _ in named(specs)]
    assert len(set(names)) == 4
    assert "l2 5.0" in names[2]


def test_the_champion_s_customers_are_counted_and_lower_is_better_turns_them_round():
    own = {"EASE": {KEY: Measurement.mean(np.array([0.5, 0.5, 0.0, 0.2]))}}
    other = {"iALS": {KEY: Measurement.mean(np.array([0.1, 0.2, 0.4, 0.2]))}}
    (found,) = verdicts("EASE", own | other, asked())

    assert (found.better, found.worse, found.equal) == (0.5, 0.25, 0.25)
    key = "gini@10"
    (turned,) = verdicts(
        "EASE", {name: {key: cells[KEY]} for name, cells in (own | other).items()}, asked("gini")
    )
    assert (turned.better, turned.worse, turned.equal) == (0.25, 0.5, 0.25)


def test_the_power_hint_is_about_the_closest_rival_and_a_true_difference_of_that_size():
    _, found = board(**{"EASE": 0.30, "iALS": 0.29, "Most popular": 0.1})
    hint = power(found, ["iALS", "Most popular"])

    closest = next(one for one in found if one.other == "iALS")
    assert hint == (
        f"With 2,000 customers a true difference to iALS under {closest.detectable:.3f} nDCG@10 would be missed more "
        "often than one time in five."
    )
    error = 0.01 * np.sqrt(2) / np.sqrt(2000)
    half = 2.236 * np.sqrt(error**2 + 2 / 2000**2)
    assert closest.detectable == pytest.approx(half + 0.8416 * error, rel=0.05)
    assert power(found, []) == ""


@pytest.mark.parametrize(("customers", "share"), [(100, 0.1), (300, 0.05)])
def test_a_difference_of_the_size_that_is_named_is_shown_in_four_of_five_comparisons(customers, share):
    def duel(seed, lead):
        rng = np.random.default_rng(seed)
        values = np.where(rng.random((2, customers)) < share, rng.choice([0.2, 0.4, 0.6], (2, customers)), 0)
        values[0] += lead
        measured = {
            name: {KEY: Measurement.mean(row)} for name, row in zip(("EASE", "iALS"), values, strict=True)
        }
        return verdicts("EASE", measured, asked())[0]

    size = np.mean([duel(seed, 0.0).detectable for seed in range(5)])
    shown = [duel(seed, size).low > 0 for seed in range(5, 30)]
    assert 0.6 <= np.mean(shown) <= 0.97


def test_customers_are_counted_by_their_own_values_where_a_metric_weighs_them():
    weights = np.array([1.0, 10.0, 1.0])
    own = Measurement.ratio(np.array([1.0, 10.0, 0.5]), weights)
    other = Measurement.ratio(np.array([1.0, 5.0, 0.5]), weights)
    (found,) = verdicts("EASE", {"EASE": {KEY: own}, "iALS": {KEY: other}}, asked())

    assert (found.better, found.worse) == pytest.approx((1 / 3, 0))
    assert found.equal == pytest.approx(2 / 3)


def test_what_can_be_seen_of_rating_errors_is_on_their_own_scale():
    rng = np.random.default_rng(0)
    errors = rng.uniform(3.5, 4.5, (2, 500))
    measured = {
        name: {"rmse": Measurement.ratio(10 * row, np.full(500, 10.0), np.sqrt)}
        for name, row in zip(("EASE", "iALS"), errors, strict=True)
    }
    (found,) = verdicts("EASE", measured, asked("rmse"))

    error = np.std(errors[0] - errors[1]) / 4 / np.sqrt(500)  # the root of 4 rises by a quarter
    assert found.detectable == pytest.approx((1.96 + 0.8416) * error, rel=0.1)


def test_a_verdict_kept_before_these_figures_were_known_still_loads():
    _, (first, *_) = board(EASE=0.30, iALS=0.29)
    later = {"p_bh", "p_wilcoxon", "effect", "better", "worse", "equal", "detectable"}
    old = {name: value for name, value in first.model_dump().items() if name not in later}

    assert Verdict.model_validate(old).detectable is None
    assert power([Verdict.model_validate(old)], ["iALS"]) == ""


def test_the_bestsellers_are_named_once_where_they_are_the_champion():
    names = {"Hybrid": "hybrid", "Most popular": "most_popular", "EASE": "ease"}
    rows = [
        SimpleNamespace(name=name, algorithm=kind, metrics={"ndcg@10": SimpleNamespace(value=0.1)})
        for name, kind in names.items()
    ]
    found = SimpleNamespace(
        champion="Most popular",
        verdicts=[SimpleNamespace(other=one, outcome=Outcome.unsure) for one in ("Hybrid", "EASE")],
        row=lambda name: next(row for row in rows if row.name == name),
    )

    assert compare._leaders(found, rows, "ndcg@10") == (
        "Hybrid stands on top, but it cannot be told apart from Most popular (Hybrid 0.100, Most popular 0.100)"
    )
