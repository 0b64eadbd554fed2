"""The story of a finished comparison for somebody who was not there: real customers, money, doubts, for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from reco_lab.analysis.personas import Persona, personas
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import metric_key
from reco_lab.core.experiment import MetricSpec
from reco_lab.experiments.by_segment import Shift
from reco_lab.experiments.compare import differences, margin_of
from reco_lab.experiments.folds import Answer, pooled
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.segments import HISTORY
from reco_lab.experiments.verdict import POPULAR, YARDSTICKS
from reco_lab.services.customers import Look, Microscope
from reco_lab.services.evidence import Evidence, Way
from reco_lab.services.reckoning import Assumptions, Finds
from reco_lab.services.recommending import permitted, recommend
from reco_lab.workspace import Workspace

FOUND = "hit_rate"


@dataclass(frozen=True, eq=False)
class Story:
    """What can be told of a comparison. `shown` is the recommender it is about, `today` what everyone sees without it.

    `decided` says how `shown` compares with `today` on the metric that was chosen before the run. `finds` is None
    where the lists are not kept any more; `shifts` are by the way of parting customers named `way` (its id).
    """

    found: Comparison
    shown: str
    today: str
    decided: Outcome
    finds: Finds | None
    assumed: Assumptions
    ways: dict[str, str]
    way: str
    shifts: tuple[Shift, ...]
    personas: tuple[Persona, ...]


@dataclass(frozen=True)
class Example:
    """One real customer who stands for a persona and may be shown to others."""

    id: str
    name: str
    customer_id: str
    why: str


def pair(found: Comparison) -> tuple[str, str] | None:
    """What would be shown and what everyone sees today: the champion (else the best of the others) and the bestsellers.

    None where nothing personal finished, or nothing says what is popular.
    """
    running = [row for row in found.leaderboard if row.error is None and row.algorithm not in YARDSTICKS]
    today = next((row.name for row in running if row.algorithm == POPULAR), None)
    others = [row.name for row in running if row.algorithm != POPULAR]
    if today is None or not others:
        return None
    return (found.champion if found.champion in others else others[0]), today


def story(known: Evidence, way: str = "", saved: Mapping[str, Way] = MappingProxyType({})) -> Story | None:
    """Put the story together; `way` is the id of a way to part the customers, by default the length of their history.

    `saved` are saved segments as such ways. None where there is nothing personal to tell of.
    """
    found, names = known.found, pair(known.found)
    if names is None:
        return None
    shown, today = names
    parted = known.ways | dict(saved)
    ways = {id_: some[0].name for id_, some in parted.items()}
    chosen = way if way in ways else HISTORY if HISTORY in ways else next(iter(ways), "")
    kept = {shown, today} <= set(known.runs)
    exam = known.exams[0]
    return Story(
        found=found,
        shown=shown,
        today=today,
        decided=_decided(found, shown, today),
        finds=_finds(known, shown, today) if kept else None,
        assumed=Assumptions.of(exam),
        ways=ways,
        way=chosen,
        shifts=_shifts(known, parted[chosen], shown, today) if kept and chosen else (),
        personas=tuple(personas(exam.train, exam.known, exam.users[: exam.n_warm])),
    )


def examples(workspace: Workspace, microscope: Microscope, told: Story) -> list[Example]:
    """One customer for each persona: the most telling who may be shown to others and stands for no other persona."""
    return standing_for(workspace, microscope.data, told.personas)


def standing_for(workspace: Workspace, data: Dataset, kinds: Sequence[Persona]) -> list[Example]:
    """The same for personas of any customers of a data set."""
    ids, taken = data.interactions.user_ids, set[str]()
    chosen = []
    for one in kinds:
        names = [str(ids[code]) for code in one.customers]
        may = permitted(workspace, data, names)
        for who, allowed, why in zip(names, may, one.why, strict=True):
            if allowed and who not in taken:
                taken.add(who)
                chosen.append(Example(one.id, one.name, who, why))
                break
    return chosen


def look(workspace: Workspace, microscope: Microscope, told: Story, who: str, k: int) -> Look | None:
    """What she would see today and what the story is about, in that order; None where she does not want it."""
    names = (told.today, told.shown)
    asked = recommend(workspace, microscope, who, k=k, models=names)
    if asked.look is None or not asked.permitted:
        return None
    panels = sorted(asked.look.panels, key=lambda panel: names.index(panel.name))
    return replace(asked.look, panels=tuple(panels))


def _decided(found: Comparison, shown: str, today: str) -> Outcome:
    """How the one compares with the other by the verdicts; unsure where no verdict is about the two."""
    mirrored = {Outcome.better: Outcome.worse, Outcome.worse: Outcome.better}
    for one in found.verdicts:
        if (one.champion, one.other) == (shown, today):
            return one.outcome
        if (one.champion, one.other) == (today, shown):
            return mirrored.get(one.outcome, one.outcome)
    return Outcome.unsure


def _finds(known: Evidence, shown: str, today: str) -> Finds:
    k = known.asked.experiment.metrics.k[0]
    key = metric_key(FOUND, k)
    exams = [replace(exam, metrics=MetricSpec(names=(FOUND,), k=(k,))) for exam in known.exams]
    own, base = (
        pooled(
            [
                Answer.of(exam, [exam.measure(one.lists, one.scored) for one in drawn])
                for exam, drawn in zip(exams, known.runs[name], strict=True)
            ],
            key,
        )
        for name in (shown, today)
    )
    apart = differences(key, own, [base], np.random.default_rng(known.asked.experiment.seed))[0]
    return Finds(
        k=k,
        own=float(own.value),
        today=float(base.value),
        difference=apart.centre,
        low=apart.low,
        high=apart.high,
        customers=own.customers,
        outcome=apart.outcome(1, margin_of(key)),
        days=known.exams[0].days,
    )


def _shifts(known: Evidence, way: Way, shown: str, today: str) -> tuple[Shift, ...]:
    """What each segment gains on the headline; none where the metric has no value for a part of the customers."""
    answers: Sequence[Answer] = known.answers[shown]
    key = known.found.headline
    measured = answers[0].measurements.get(key)
    if measured is None or measured.numerator is None:
        return ()
    return known.shifts(key, way, shown, today)
