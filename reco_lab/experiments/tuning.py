"""Find a recommender's settings on the validation part, with a budget that is the same for every recommender.

Settings are proposed by a tree-structured Parzen estimator (J. Bergstra et al., Algorithms for Hyper-Parameter
Optimization, NIPS 2011) through Optuna. The first proposal is always what the recommender was given, so tuning
never ends below it on the validation part. Proposals come in batches of a fixed size, so that the same seed
finds the same settings on any number of processors, and a study that was interrupted goes on where it stopped.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import stats
from threadpoolctl import threadpool_limits

from reco_lab.core.errors import InputError, ScoreError
from reco_lab.core.evaluation import metric_at
from reco_lab.core.experiment import Question, Tuning
from reco_lab.core.parameters import Parameter
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender
from reco_lab.experiments.engines import side_by_side
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.run import validate

if TYPE_CHECKING:
    import optuna

BATCH = 4
STARTS = 5
RUNG = 0.25
ROWS_FOR_A_RUNG = 200_000
WORTH_A_PROCESS = 3.0
LARGEST_HANDED_OVER = 256 << 20
SHUFFLES = 999
LEVEL = 0.05
TINY = 1e-9


class State(StrEnum):
    """How a trial ended."""

    scored = "scored"
    pruned = "pruned"
    failed = "failed"


class Trial(BaseModel):
    """One set of settings and what it reached on the validation part.

    `first` is the headline on a quarter of the customers, where the data is large enough to look there first;
    a pruned trial has only that. `why` is the reason of a failure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, Any]
    state: State
    value: float | None = None
    first: float | None = None
    seconds: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Notebook:
    """Where the trials of a study are kept: those of before, and how to keep one more."""

    before: Sequence[Trial] = ()
    keep: Callable[[Trial], None] = lambda _trial: None


@dataclass(frozen=True)
class Found:
    """What a study found: the recommender with the best settings, and all trials in the order they were proposed."""

    spec: Recommender
    trials: tuple[Trial, ...]


def tune(
    spec: Recommender, exam: Exam, question: Question, budget: Tuning, notebook: Notebook, report: Report
) -> Found:
    """Try settings on the validation exam until the budget is spent; trials of the notebook are not run again.

    A recommender without settings comes back as it is, without trials. Raises CancelledError through `report`.
    """
    if not spec.parameters():
        return Found(spec, ())
    rises = metric_at(question.headline)[0].higher_is_better is not False
    study = _study(spec, question.seed, rises=rises)
    known = {_key(trial.parameters): trial for trial in notebook.before}
    found: list[Trial] = []
    spent = 0.0
    while len(found) < budget.trials and (budget.seconds is None or not found or spent < budget.seconds):
        count = min(BATCH if found else 1, budget.trials - len(found))
        asked = [study.ask(_space(spec.parameters())) for _ in range(count)]
        settings = [_settings(spec, one.params) for one in asked]
        report(len(found) / budget.trials, _progress(spec, found, budget, rises=rises))
        started = perf_counter()
        new = [one for one in {_key(one): one for one in settings}.values() if _key(one) not in known]
        for trial in _tried(spec, new, exam, question, study, _processes(found, exam, budget)):
            notebook.keep(trial)
            known[_key(trial.parameters)] = trial
        spent += perf_counter() - started if new else sum(known[_key(one)].seconds for one in settings)
        for proposal, one in zip(asked, settings, strict=True):
            _tell(study, proposal, known[_key(one)])
            found.append(known[_key(one)])
    return Found(best_of(spec, found, rises=rises), tuple(found))


def best_of(spec: Recommender, trials: Sequence[Trial], *, rises: bool) -> Recommender:
    """The recommender with the best settings of the trials; of equals the first; itself where none was scored."""
    scored = [trial for trial in trials if trial.state is State.scored and trial.value is not None]
    sign = 1 if rises else -1
    best = max(scored, key=lambda trial: sign * (trial.value or 0.0), default=None)
    return spec if best is None else spec.model_copy(update=best.parameters)


def importances(spec: type[Recommender], trials: Sequence[Trial], *, rises: bool) -> Mapping[str, float]:
    """How much of the difference between trials each parameter explains; shares that add up to 1.

    By functional ANOVA (F. Hutter et al., An Efficient Approach for Assessing Hyperparameter Importance, ICML
    2014); empty with fewer than five scored trials or where all reached the same.
    """
    scored = [trial for trial in trials if trial.state is State.scored]
    if len(scored) < STARTS or len({trial.value for trial in scored}) == 1:
        return {}
    import optuna

    study = _study(spec(), 0, rises=rises)
    space = _space(spec.parameters())
    study.add_trials(
        optuna.trial.create_trial(params=trial.parameters, distributions=space, value=trial.value)
        for trial in scored
    )
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: float(share) for name, share in found.items()}


def surely_matters(spec: type[Recommender], trials: Sequence[Trial], name: str) -> bool:
    """Whether a parameter explains more of what trials reached than chance would, had it been dealt out among them anew.

    Shares always add up to 1, those of nothing but noise too: of eight parameters the first then has a third. What it
    explains are the ranks of the values by a parabola through its own ranks, or by group; chance is a thousand
    shuffles, in each of which the best of all parameters counts, as the named one is the first of them.
    """
    scored = [trial for trial in trials if trial.state is State.scored and trial.value is not None]
    if len(scored) < STARTS:
        return False
    reached = stats.rankdata([trial.value for trial in scored])
    reached -= reached.mean()
    dealt = np.tile(reached, (SHUFFLES + 1, 1))
    dealt[1:] = np.random.default_rng(0).permuted(dealt[1:], axis=1)
    explained = {
        one.name: ((dealt @ _basis([trial.parameters[one.name] for trial in scored], one)) ** 2).sum(axis=1)
        for one in spec.parameters()
        if len({str(trial.parameters[one.name]) for trial in scored}) > 1
    }
    if name not in explained:
        return False
    most = np.max(list(explained.values()), axis=0)
    return bool((most[1:] >= explained[name][0] - TINY).mean() < LEVEL)


def _basis(values: Sequence[Any], one: Parameter) -> NDArray[np.float64]:
    """Orthonormal columns for what a parameter can explain beside the mean: trials x columns."""
    if one.kind in {"int", "float"}:
        ranks = stats.rankdata(values)
        columns = np.stack([np.ones(len(values)), ranks, (ranks - ranks.mean()) ** 2], axis=1)
    else:
        codes = np.unique([str(value) for value in values], return_inverse=True)[1]
        columns = np.column_stack([np.ones(len(values)), np.eye(codes.max() + 1)[codes]])
    found, sizes, _ = np.linalg.svd(columns - columns.mean(axis=0), full_matrices=False)
    basis: NDArray[np.float64] = found[:, sizes > TINY * max(sizes.max(), 1.0)]
    return basis


def _study(spec: Recommender, seed: int, *, rises: bool) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if rises else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTS),
    )
    study.enqueue_trial(spec.params())
    return study


def _space(parameters: Sequence[Parameter]) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def distribution(one: Parameter) -> Any:
        if one.kind == "choice":
            return CategoricalDistribution(one.choices)
        if one.kind == "bool":
            return CategoricalDistribution((False, True))
        low, high = one.low or 0, one.high if one.high is not None else one.default
        if one.kind == "int":
            return IntDistribution(int(low), int(high), log=one.log)
        return FloatDistribution(low, high, log=one.log)

    return {one.name: distribution(one) for one in parameters}


def _settings(spec: Recommender, proposed: Mapping[str, Any]) -> dict[str, Any]:
    """What was proposed, rounded to what a person can read and write again."""
    kinds = {one.name: one.kind for one in spec.parameters()}
    return {
        name: float(f"{value:.4g}") if kinds[name] == "float" and value != getattr(spec, name) else value
        for name, value in proposed.items()
    }


def _tried(
    spec: Recommender,
    settings: Sequence[dict[str, Any]],
    exam: Exam,
    question: Question,
    study: "optuna.Study",
    processes: int,
) -> list[Trial]:
    """A trial for each of the settings; on large data those below the median of a quarter of the customers end there."""
    small = exam.sampled(RUNG, question.seed) if len(exam.train.interactions) >= ROWS_FOR_A_RUNG else None
    if small is None:
        return list(side_by_side(partial(_attempt, spec, exam, question), settings, processes))
    first = list(side_by_side(partial(_attempt, spec, small, question), settings, processes))
    bar = _median(study)
    going = [
        one.parameters for one in first if one.state is State.scored and not _below(one.value, bar, study)
    ]
    full = {
        _key(one.parameters): one
        for one in side_by_side(partial(_attempt, spec, exam, question), going, processes)
    }
    return [_after_rung(one, full.get(_key(one.parameters))) for one in first]


def _after_rung(first: Trial, full: Trial | None) -> Trial:
    if first.state is State.failed:
        return first
    if full is None:
        return first.model_copy(update={"state": State.pruned, "value": None, "first": first.value})
    return full.model_copy(update={"first": first.value, "seconds": first.seconds + full.seconds})


def _median(study: "optuna.Study") -> float | None:
    """The median that the trials so far reached on the quarter; None while there are too few."""
    seen = [value for one in study.trials for value in one.intermediate_values.values()]
    return float(np.median(seen)) if len(seen) >= STARTS else None


def _below(value: float | None, bar: float | None, study: "optuna.Study") -> bool:
    if bar is None or value is None:
        return False
    return value < bar if study.direction.name == "MAXIMIZE" else value > bar


def _attempt(spec: Recommender, exam: Exam, question: Question, settings: dict[str, Any]) -> Trial:
    started = perf_counter()
    try:
        candidate = type(spec).model_validate(
            {**{name: getattr(spec, name) for name in type(spec).model_fields}, **settings}
        )
        with threadpool_limits(question.threads):
            _, value = validate(candidate, exam, question, lambda _fraction, _message: None)
    except (InputError, ScoreError) as error:
        return Trial(
            parameters=settings, state=State.failed, seconds=perf_counter() - started, why=str(error)
        )
    state, why = (
        (State.scored, "") if value is not None else (State.failed, "it has no value for this metric")
    )
    return Trial(parameters=settings, state=state, value=value, seconds=perf_counter() - started, why=why)


def _tell(study: "optuna.Study", proposal: "optuna.Trial", trial: Trial) -> None:
    import optuna

    if trial.first is not None:
        proposal.report(trial.first, 0)
    if trial.state is State.scored:
        study.tell(proposal, trial.value)
    else:
        ended = optuna.trial.TrialState
        study.tell(proposal, state=ended.PRUNED if trial.state is State.pruned else ended.FAIL)


def _processes(found: Sequence[Trial], exam: Exam, budget: Tuning) -> int:
    """As many as there are processors, where the work is long enough and the data small enough to hand over."""
    log = exam.train.interactions
    size = len(log) * (log.users.itemsize + log.items.itemsize + log.values.itemsize + 9)
    left = (budget.trials - len(found)) * (found[0].seconds if found else 0.0)
    if left < WORTH_A_PROCESS or size > LARGEST_HANDED_OVER:
        return 1
    return min(
        BATCH, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def _progress(spec: Recommender, found: Sequence[Trial], budget: Tuning, *, rises: bool) -> str:
    values = [trial.value for trial in found if trial.value is not None]
    best = f", best {max(values) if rises else min(values):.4f}" if values else ""
    return f"Tuning {spec.info.label}: trial {len(found) + 1} of {budget.trials}{best}"


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)
