"""Recommenders with one fault each, and the one check that must catch it: proof that the checks bite."""

import random
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pytest

from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import Contributions, Info, Need, Recommender, Scorer, State
from reco_lab.testing import recommenders as suite
from reco_lab.testing.recommenders import checks

INFO = Info(
    label="Honest",
    family="neighbourhood",
    summary="Counts how many customers touched both of two items, less the mean: an honest recommender.",
    paper="none",
)


class Counts(Scorer):
    """The history times the co-occurrences."""

    folds_in = True

    def __init__(self, weights):
        self.weights = weights
        self.n_items = len(weights)

    def score(self, batch, items=None):
        scores = batch.matrix(self.n_items) @ self.weights
        return scores if items is None else scores[:, items]

    def contributions(self, batch, items):
        first = np.zeros(len(batch.items), np.float32)
        first[np.unique(batch.items, return_index=True)[1]] = 1
        weights = self.weights[batch.items][:, items] * first[:, None]
        return Contributions(weights, np.zeros(len(items), np.float32))

    def state(self):
        return State({"weights": self.weights})


class Honest(Recommender):
    """Does everything right."""

    info: ClassVar[Info] = INFO
    scorer: ClassVar[type[Counts]] = Counts
    damping: float = tunable(1.0, 0.1, 10.0, log=True, help="How much is taken off")
    kind: Literal["mean", "none"] = tunable("mean", help="What is taken off")

    def fit(self, data, ctx):
        self.require(data)
        ctx.report(0.0, "begin")
        weights = self.weights(data, ctx)
        ctx.report(1.0, "end")
        return self.scorer(weights)

    def weights(self, data, ctx):
        matrix = data.interactions.matrix
        together = (matrix.T @ matrix).toarray()
        return np.asarray(together - np.float32(self.damping) * together.mean(axis=0), np.float32)

    def restore(self, state):
        return self.scorer(state.arrays["weights"])


VILLAINS = {}


def caught_by(check):
    """Register a villain under the only check that must fail for it."""

    def register(villain):
        VILLAINS[villain] = check
        return villain

    return register


@caught_by(suite.check_it_documents_itself)
class Secretive(Honest):
    """Says nothing to a marketer."""

    info: ClassVar[Info] = replace(INFO, summary="A model.")


@caught_by(suite.check_it_is_a_value_that_survives_json)
class Forgetful(Honest):
    """Loses a parameter on the way to JSON."""

    def to_dict(self):
        return {"algorithm": "forgetful", "damping": 3.0}


@caught_by(suite.check_bounds_hold_the_default)
class Boundless(Honest):
    """Its default lies below its own lower bound."""

    damping: float = tunable(0.01, 0.1, 10.0, log=True, help="How much is taken off")

    def to_dict(self):
        return {"algorithm": "boundless"}


@caught_by(suite.check_it_leaves_the_data_untouched)
class Meddler(Honest):
    """Writes into the log's values, which it does not use."""

    def weights(self, data, ctx):
        values = data.interactions.values
        if data is not suite.standard().train and values.flags.writeable:
            values[:] = 1
        return super().weights(data, ctx)


@caught_by(suite.check_read_only_arrays_serve)
class Proprietor(Honest):
    """Takes only arrays that it could write to, as a compiled loop does that was not told otherwise."""

    def weights(self, data, ctx):
        if not data.interactions.matrix.indices.flags.writeable:
            raise TypeError("no definition for a read-only array")
        return super().weights(data, ctx)


class Wide(Counts):
    def score(self, batch, items=None):
        scores = super().score(batch, items)
        return scores if items is None else scores.astype(np.float64)


@caught_by(suite.check_scores_are_finite_float32)
class Double(Honest):
    """Scores given items in float64; the ranking, which asks for all, would not notice."""

    scorer: ClassVar[type[Counts]] = Wide


class Crowd(Counts):
    def score(self, batch, items=None):
        return super().score(batch, items) * np.float32(1 + 0.01 * (len(batch) > 1))

    def contributions(self, batch, items):
        return None


@caught_by(suite.check_a_batch_scores_like_its_customers_alone)
class Conformist(Honest):
    """Scores a customer differently in company."""

    scorer: ClassVar[type[Counts]] = Crowd


class Sorted(Counts):
    def score(self, batch, items=None):
        return super().score(batch, None if items is None else np.sort(items))

    def contributions(self, batch, items):
        return super().contributions(batch, np.sort(items))


@caught_by(suite.check_given_items_are_those_columns_of_all)
class Sorter(Honest):
    """Returns the items asked for in an order of its own."""

    scorer: ClassVar[type[Counts]] = Sorted


class FirstComes(Counts):
    def score(self, batch, items=None):
        shift = np.float32(0.01) * np.argsort(np.argsort(-batch.codes))
        scores = super().score(batch, items)
        turned = len(batch) > 1 and batch.codes[0] > batch.codes[-1]
        return scores + shift[:, None].astype(np.float32) * turned


@caught_by(suite.check_permuting_customers_permutes_rows)
class Queue(Honest):
    """Scores by the place in the batch where the order is unusual."""

    scorer: ClassVar[type[Counts]] = FirstComes


@caught_by(suite.check_relabelling_changes_nothing)
class Numerologist(Honest):
    """Prefers items with high codes a little."""

    def weights(self, data, ctx):
        weights = super().weights(data, ctx)
        return weights + np.linspace(0, 0.05, len(weights), dtype=np.float32)


@caught_by(suite.check_the_same_seed_gives_the_same_arrays)
class Moody(Honest):
    """Differs a little each time it is fitted."""

    moods: ClassVar[list[int]] = []

    def weights(self, data, ctx):
        self.moods.append(1)
        return super().weights(data, ctx) * np.float32(1 + 1e-6 * len(self.moods))


@caught_by(suite.check_global_randomness_is_left_alone)
class Gambler(Honest):
    """Draws from the global generator and throws the number away."""

    def weights(self, data, ctx):
        random.random()
        return super().weights(data, ctx)


class CodesFirst(Counts):
    def score(self, batch, items=None):
        return (
            super().score(batch, items) * np.where(batch.codes < 0, np.float32(0.9), np.float32(1))[:, None]
        )


@caught_by(suite.check_history_and_code_agree)
class Snob(Honest):
    """Trusts strangers less than customers it knows."""

    scorer: ClassVar[type[Counts]] = CodesFirst


class Rounded(Counts):
    def state(self):
        return State({"weights": self.weights.astype(np.float16)})


@caught_by(suite.check_state_round_trip)
class Careless(Honest):
    """Saves half of the digits."""

    scorer: ClassVar[type[Counts]] = Rounded


@caught_by(suite.check_edge_cases_are_fitted_or_refused)
class Fragile(Honest):
    """Divides by the number of customers less one."""

    def weights(self, data, ctx):
        with np.errstate(invalid="ignore", divide="ignore"):
            return super().weights(data, ctx) / np.float32(len(np.unique(data.interactions.users)) - 1)


class Aloof(Counts):
    def answers(self, batch):
        return batch.codes >= 0


@caught_by(suite.check_a_cold_customer_is_answered_as_declared)
class Stranger(Honest):
    """Could answer strangers with a history, and does not."""

    scorer: ClassVar[type[Counts]] = Aloof


@caught_by(suite.check_it_refuses_data_it_cannot_use)
class Omnivore(Honest):
    """Says that it needs times and takes data without them."""

    info: ClassVar[Info] = replace(INFO, needs=(Need.times,))

    def require(self, data):
        if not len(data.interactions):
            super().require(data)


@caught_by(suite.check_progress_rises_to_one)
class Optimist(Honest):
    """Ends at 99 %."""

    def fit(self, data, ctx):
        self.require(data)
        ctx.report(0.99, "nearly there")
        return self.scorer(self.weights(data, ctx))


@caught_by(suite.check_cancelling_ends_the_fit)
class Stubborn(Honest):
    """Goes on whatever the report raises."""

    def fit(self, data, ctx):
        def deaf(fraction, message):
            with suppress(Exception):
                ctx.report(fraction, message)

        return super().fit(data, replace(ctx, report=deaf))


@caught_by(suite.check_personal_lists_find_the_answer_on_a_checkerboard)
class Contrarian(Honest):
    """Recommends what is least like the history."""

    def weights(self, data, ctx):
        return -super().weights(data, ctx)


class Boastful(Counts):
    def contributions(self, batch, items):
        why = super().contributions(batch, items)
        return replace(why, weights=why.weights * np.float32(1.1))


@caught_by(suite.check_contributions_add_up)
class Boaster(Honest):
    """Explains more than there is."""

    scorer: ClassVar[type[Counts]] = Boastful


@caught_by(suite.check_ratings_are_predicted_as_declared)
class Rater(Honest):
    """Says that it predicts ratings and does not."""

    info: ClassVar[Info] = replace(INFO, rates=True)


@caught_by(suite.check_more_threads_change_nothing)
class Juggler(Honest):
    """Lets the number of threads decide."""

    def weights(self, data, ctx):
        return super().weights(data, ctx) * np.float32(ctx.threads)


@caught_by(suite.check_the_seed_matters_as_declared)
class Dicer(Honest):
    """Draws from its seed and does not say so."""

    def weights(self, data, ctx):
        weights = super().weights(data, ctx)
        return weights + ctx.rng().random(weights.shape, np.float32)


class Window(Counts):
    def __init__(self, weights):
        super().__init__(weights)
        self.kept = {}

    def score(self, batch, items=None):
        key = (batch.codes.tobytes(), batch.items.tobytes(), None if items is None else items.tobytes())
        return self.kept.setdefault(key, super().score(batch, items))


@caught_by(suite.check_scores_are_nothing_of_the_model)
class Glasshouse(Honest):
    """Hands out the scores it will use again."""

    scorer: ClassVar[type[Counts]] = Window


def failures(kind):
    failed = set()
    for check in checks():
        try:
            check(kind)
        except Exception:  # noqa: BLE001 - any way to fail is a failure of the check
            failed.add(check.__name__)
    return failed


def test_an_honest_recommender_passes_every_check():
    assert failures(Honest) == set()


@pytest.mark.parametrize("villain", VILLAINS, ids=lambda villain: villain.__name__)
def test_each_villain_is_caught_by_its_own_check_and_no_other(villain):
    assert failures(villain) == {VILLAINS[villain].__name__}


def test_every_check_has_a_villain():
    unbeaten = {check.__name__ for check in checks()} - {check.__name__ for check in VILLAINS.values()}

    assert unbeaten == {"check_what_was_seen_is_not_recommended"}, "the ranking, not a model, keeps that one"
