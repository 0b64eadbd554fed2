"""The contract of every recommender, as small checks: run them over your own class.

    from reco_lab.testing.recommenders import checks

    @pytest.mark.parametrize("check", checks()) def test_mine(check): check(Mine)

Each check takes the class, fits it on small data and raises AssertionError with a sentence (SkipTest without
its extra).
"""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from reco_lab.core.batch import UNKNOWN, UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, InputError, NeedsError
from reco_lab.core.parameters import Parameter
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, Need, Recommender, Scorer, Scores, State
from reco_lab.testing.randomness import global_state
from reco_lab.testing.shops import checkerboard, degenerate, shop, standard, without

Kind = type[Recommender]
Check = Callable[[Kind], None]


def checks() -> tuple[Check, ...]:
    """Every check there is, in the order of this file."""
    found = globals().items()
    return tuple(thing for name, thing in found if name.startswith("check_") and callable(thing))


def check_it_documents_itself(kind: Kind) -> None:
    """A docstring, a label, a paper, a summary that tells something, help for each parameter."""
    info = kind.info
    assert kind.__doc__, "has no docstring"
    assert info.label, "has no label"
    assert info.family, "belongs to no family"
    assert info.paper, "names no paper"
    assert len(info.summary) > 60, "its summary says too little for a marketer"
    assert info.folds_in or info.folds_in_why, "does not say why it cannot fold in"
    assert all(parameter.help for parameter in kind.parameters()), "has a parameter without help"


def check_it_is_a_value_that_survives_json(kind: Kind) -> None:
    """Built without arguments, hashable, frozen, equal after JSON."""
    spec = kind()
    values = json.loads(json.dumps(spec.to_dict()))
    values.pop("algorithm")
    assert kind(**values) == spec, "is another one after JSON"
    assert hash(kind(**values)) == hash(spec), "hashes differently after JSON"


def check_bounds_hold_the_default(kind: Kind) -> None:
    """Every default is allowed, and nothing beyond the bounds is."""
    for parameter in kind.parameters():
        assert _allowed(parameter), f"{parameter.name} = {parameter.default} is not {parameter.bounds}"
        assert not parameter.log or (parameter.low or 0) > 0, f"{parameter.name} cannot be on a log scale"
        beyond = parameter.high + 1 if parameter.high is not None else "no such choice"
        try:
            kind(**{parameter.name: beyond})
        except ValidationError:
            continue
        raise AssertionError(f"{parameter.name} = {beyond} is let in")


def check_it_leaves_the_data_untouched(kind: Kind) -> None:
    """Neither fitting nor scoring changes the log, the tables or a batch."""
    given, kept = shop(), shop()
    scorer = _fit(kind, given.train, replace(_context(), validation=given.validation))
    batch = _everybody(given.train)
    scorer.score(batch)
    assert _same(given.train.interactions, kept.train.interactions), "changed the log"
    assert _same(given.validation, kept.validation), "changed the validation part"
    assert _same(batch, _everybody(kept.train)), "changed the batch"
    tables = ((given.train.items, kept.train.items), (given.train.customers, kept.train.customers))
    for mine, theirs in tables:
        assert mine is not None, "lost a table"
        assert theirs is not None, "lost a table"
        assert mine.equals(theirs), "changed a table"


def check_read_only_arrays_serve(kind: Kind) -> None:
    """A log and a batch that nobody may write to (such as those of a mapped file) serve like any other."""
    given = shop()
    log, batch = given.train.interactions, _everybody(given.train)
    for array in (*vars(log.matrix).values(), *vars(log).values(), *vars(batch).values()):
        _lock(array)
    try:
        scores = _fit(kind, given.train, replace(_context(), validation=given.validation)).score(batch)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"read-only arrays are refused: {error}") from error
    _close(scores, _fitted(kind).score(_everybody()), "read-only arrays make a difference")


def check_scores_are_finite_float32(kind: Kind) -> None:
    """Customers x items, or x the items given: float32, all finite."""
    batch, n_items = _everybody(), standard().train.interactions.n_items
    for items in (None, np.array([5, 2])):
        scores = _fitted(kind).score(batch, items)
        wanted = (len(batch), n_items if items is None else len(items))
        assert scores.dtype == np.float32, f"scores are {scores.dtype}"
        assert scores.shape == wanted, f"scores are {scores.shape}, not {wanted}"
        assert np.isfinite(scores).all(), "scores are not finite"


def check_a_batch_scores_like_its_customers_alone(kind: Kind) -> None:
    """Who else is asked about makes no difference."""
    scorer, batch = _fitted(kind), _everybody()
    alone = np.concatenate([scorer.score(batch.rows(row, row + 1)) for row in range(len(batch))])
    _close(alone, scorer.score(batch), "a batch scores differently from its customers alone")


def check_given_items_are_those_columns_of_all(kind: Kind) -> None:
    """Scores of given items, in the order given, equal those of all."""
    scorer, batch = _fitted(kind), _everybody()
    items = np.array([11, 3, 7])
    _close(scorer.score(batch, items), scorer.score(batch)[:, items], "given items score differently")


def check_permuting_customers_permutes_rows(kind: Kind) -> None:
    """The order of the customers makes no difference."""
    scorer, log = _fitted(kind), standard().train.interactions
    turned = UserBatch.of(log, np.arange(log.n_users)[::-1], attributes=standard().train.customers)
    _close(scorer.score(turned)[::-1], scorer.score(_everybody()), "the order of the customers matters")


def check_relabelling_changes_nothing(kind: Kind) -> None:
    """Other ids, the same scores; a recommender that uses its seed is excused."""
    if not np.array_equal(_fitted(kind).score(_everybody()), _fitted(kind, seed=1).score(_everybody())):
        return
    other = shop(relabelled=True)
    scorer = _fit(kind, other.train, replace(_context(), validation=other.validation))
    scores = scorer.score(_everybody(other.train))
    _close(scores[::-1, ::-1], _fitted(kind).score(_everybody()), "scores depend on the ids", loose=10)


def check_the_same_seed_gives_the_same_arrays(kind: Kind) -> None:
    """Two fits agree to the digit, where the recommender says so."""
    again = _fit(kind, standard().train, _context())
    if kind.info.deterministic:
        assert _equal_states(again.state(), _fitted(kind).state()), "the same seed gave other arrays"


def check_the_seed_matters_as_declared(kind: Kind) -> None:
    """Another seed gives another model exactly where `seeded` says so: those are run several times."""
    batch = _everybody()
    one, other = (_fitted(kind, seed=seed).score(batch) for seed in (0, 1))
    if kind().seeded:
        assert not np.array_equal(one, other), "another seed gave the same model against its declaration"
    else:
        _close(one, other, "another seed gave another model against its declaration", loose=100)


def check_more_threads_change_nothing(kind: Kind) -> None:
    """On two threads the same model as on one, but for the last digits that the order of additions costs."""
    batch = _everybody()
    two = _fit(kind, standard().train, replace(_context(), threads=2)).score(batch)
    _close(two, _fitted(kind).score(batch), "another number of threads gave another model")


def check_global_randomness_is_left_alone(kind: Kind) -> None:
    """Neither NumPy's nor Python's global generator moves."""
    before = global_state()
    scorer = _fit(kind, standard().train, _context())
    scorer.score(_everybody())
    assert before == global_state(), "moved a global random generator"


def check_history_and_code_agree(kind: Kind) -> None:
    """A history scores the same with and without its customer's code; without fold-in, the code decides."""
    scorer, batch = _fitted(kind), _everybody()
    assert scorer.folds_in == kind.info.folds_in, "the scorer folds in, or not, against its declaration"
    active = np.flatnonzero(batch.lengths > 0)
    known = UserBatch.of(standard().train.interactions, active, attributes=standard().train.customers)
    scores = scorer.score(known)
    if scorer.folds_in:
        strangers = replace(known, codes=np.full(len(known), UNKNOWN, np.int32))
        _close(scorer.score(strangers), scores, "a history scores differently without its code")
    else:
        _close(scorer.score(_without_histories(known)), scores, "a history changed what cannot fold in")


def check_state_round_trip(kind: Kind) -> None:
    """Arrays and JSON are enough to score the same."""
    scorer, batch = _fitted(kind), _everybody()
    restored = kind().restore(_copied(scorer.state()))
    assert restored.folds_in == scorer.folds_in, "forgot whether it folds in"
    assert np.array_equal(restored.score(batch), scorer.score(batch)), "scores differently once restored"
    assert np.array_equal(restored.answers(batch), scorer.answers(batch)), "answers others once restored"


def check_what_was_seen_is_not_recommended(kind: Kind) -> None:
    """Lists hold no item of the customer's history, and no item twice."""
    batch = _everybody()
    items = recommend(_fitted(kind), batch, 10).items
    seen = np.zeros((len(batch), standard().train.interactions.n_items + 1), np.int64)
    seen[batch.owners, batch.items] = 1
    np.add.at(seen, (np.arange(len(batch))[:, None], items), 1)
    assert seen[:, :-1].max() <= 1, "recommended what was seen, or an item twice"


def check_edge_cases_are_fitted_or_refused(kind: Kind) -> None:
    """One customer, one item, equal ratings and the like: finite scores, or a sentence that says what is missing."""
    for name, data in degenerate().items():
        try:
            scorer = _fit(kind, data, FitContext())
        except InputError as refusal:
            if kind().missing(data):
                continue
            raise AssertionError(f"{name}: refused what it said it could use: {refusal}") from refusal
        assert np.isfinite(scorer.score(_everybody(data))).all(), f"{name}: scores are not finite"


def check_a_cold_customer_is_answered_as_declared(kind: Kind) -> None:
    """A stranger with a history is answered if the model folds in; one without any still gets finite scores."""
    scorer = _fitted(kind)
    stranger, nobody = UserBatch.stranger([2, 4]), UserBatch.stranger([])
    assert bool(scorer.answers(stranger)[0]) == kind.info.folds_in, (
        "answers strangers against its declaration"
    )
    for batch in (stranger, nobody):
        assert np.isfinite(scorer.score(batch)).all(), "a stranger's scores are not finite"


def check_it_refuses_data_it_cannot_use(kind: Kind) -> None:
    """NeedsError where there is nothing to learn from, or something it needs is missing."""
    data = standard().train
    lacking = [data.take(np.zeros(0, np.intp))] + [without(data, need) for need in kind.info.needs]
    for poor in lacking:
        try:
            kind().fit(poor, FitContext())
        except NeedsError:
            continue
        raise AssertionError("was fitted on data that it cannot use")


def check_progress_rises_to_one(kind: Kind) -> None:
    """It reports fractions that never fall and end at 1."""
    told: list[float] = []
    _fit(kind, standard().train, replace(_context(), report=lambda fraction, _: told.append(fraction)))
    assert told, "reports nothing"
    assert told == sorted(told), "its progress falls"
    assert told[0] >= 0, "its progress starts below 0"
    assert told[-1] == 1, "its progress does not end at 1"


def check_cancelling_ends_the_fit(kind: Kind) -> None:
    """What a report raises comes out of the fit."""

    def cancel(_fraction: float, _message: str) -> None:
        raise CancelledError

    try:
        _fit(kind, standard().train, replace(_context(), report=cancel))
    except CancelledError:
        return
    raise AssertionError("goes on after it was cancelled")


def check_personal_lists_find_the_answer_on_a_checkerboard(kind: Kind) -> None:
    """What is more than a baseline finds most of what only chance could miss."""
    if kind.info.family == "baseline":
        return
    data, right = checkerboard(ratings=Need.ratings in kind.info.needs)
    items = recommend(_fit(kind, data, FitContext()), _everybody(data), right.sum(axis=1)[0]).items
    found = float(np.take_along_axis(right, items, axis=1).mean())
    assert found > 0.6, f"found {found:.0%} of a provable answer; chance finds at most 25 %"


def check_contributions_add_up(kind: Kind) -> None:
    """The parts of a score, one a history entry, sum to it."""
    scorer, log = _fitted(kind), standard().train.interactions
    items = np.array([1, 5, 8, 16])
    for user in range(4):
        batch = UserBatch.of(log, np.array([user]), attributes=standard().train.customers)
        why = scorer.contributions(batch, items)
        if why is None:
            return
        rows = len(why.labels) or len(batch.items)
        assert why.weights.shape == (rows, len(items)), "contributions have the wrong shape"
        total = why.weights.sum(axis=0) + why.base
        _close(total[None, :], scorer.score(batch, items), "contributions do not add up")
        loudest = Scorer.loudest(scorer, batch, items)
        assert (scorer.loudest(batch, items) == loudest).all(), "another entry is the loudest than they say"


def check_ratings_are_predicted_as_declared(kind: Kind) -> None:
    """A rating model predicts within the scale of the data; another one predicts nothing."""
    batch, values = _everybody(), standard().train.interactions.values
    predicted = _fitted(kind).predict(batch, np.array([0, 3, 3]), np.array([2, 0, 9]))
    assert (predicted is not None) == kind.info.rates, "predicts ratings against its declaration"
    if predicted is not None:
        assert predicted.shape == (3,), "does not predict one rating a pair"
        assert values.min() <= predicted.min() <= predicted.max() <= values.max(), "left the rating scale"


def check_scores_are_nothing_of_the_model(kind: Kind) -> None:
    """Whoever changes the scores she was given changes nothing of the model."""
    scorer, batch = _fit(kind, standard().train, _context()), _everybody()
    scores = scorer.score(batch)
    kept = scores.copy()
    if scores.flags.writeable:
        scores[:] = -1
    assert np.array_equal(scorer.score(batch), kept), "its scores are a window into the model"


def _fit(kind: Kind, data: Dataset, context: FitContext) -> Scorer:
    if lacks := kind.uninstalled():
        raise SkipTest(f"needs {', and '.join(lacks)}")
    return kind().fit(data, context)


@cache
def _fitted(kind: Kind, seed: int = 0) -> Scorer:
    return _fit(kind, standard().train, replace(_context(), seed=seed))


def _context() -> FitContext:
    return FitContext(validation=standard().validation)


def _everybody(data: Dataset | None = None) -> UserBatch:
    data = data or standard().train
    return UserBatch.of(data.interactions, np.arange(data.interactions.n_users), attributes=data.customers)


def _without_histories(batch: UserBatch) -> UserBatch:
    return replace(
        batch,
        indptr=np.zeros_like(batch.indptr),
        items=batch.items[:0],
        values=batch.values[:0],
        kinds=batch.kinds[:0],
        times=None if batch.times is None else batch.times[:0],
    )


def _allowed(parameter: Parameter) -> bool:
    if parameter.kind in ("choice", "bool"):
        return parameter.kind == "bool" or parameter.default in parameter.choices
    return (
        parameter.low is not None
        and parameter.high is not None
        and parameter.low <= parameter.default <= parameter.high
    )


def _close(found: Scores, wanted: Scores, sentence: str, loose: float = 1) -> None:
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    assert found.shape == wanted.shape, f"{sentence}: {found.shape} against {wanted.shape}"
    assert np.abs(found - wanted).max(initial=0) <= 1e-5 * loose * scale, sentence


def _same(mine: Any, theirs: Any) -> bool:
    pairs = ((getattr(mine, one.name), getattr(theirs, one.name)) for one in fields(mine))
    return all(np.array_equal(left, right) for left, right in pairs if isinstance(left, np.ndarray))


def _equal_states(one: State, other: State) -> bool:
    return (
        one.arrays.keys() == other.arrays.keys()
        and all(_equal_arrays(array, other.arrays[name]) for name, array in one.arrays.items())
        and dict(one.meta) == dict(other.meta)
        and dict(one.texts) == dict(other.texts)
        and len(one.children) == len(other.children)
        and all(map(_equal_states, one.children, other.children))
    )


def _equal_arrays(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def _lock(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        array.setflags(write=False)
    return array


def _copied(state: State) -> State:
    assert not any(array.dtype.hasobject for array in state.arrays.values()), "a state holds objects"
    return State(
        {name: _lock(array.copy()) for name, array in state.arrays.items()},
        json.loads(json.dumps(dict(state.meta))),
        dict(state.texts),
        tuple(map(_copied, state.children)),
    )
