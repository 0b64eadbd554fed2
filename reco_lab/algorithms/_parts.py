"""Recommenders made of others: their parts fitted, taken apart and put together again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.progress import Report
from reco_lab.core.recommender import FitContext, Need, Recommender, Scorer, Scores, State, recommender

Specs = tuple[Recommender, ...]
Parts = tuple[Scorer, ...]

PERSONAL = {stage: place for place, stage in enumerate(Stage)}


def fit_parts(specs: Specs, data: Dataset, ctx: FitContext) -> tuple[Specs, Parts]:
    """The parts, each with what it has learnt, and their scorers; one step of the progress is left for the whole."""
    parts = tuple(
        spec.fit(data, replace(ctx, report=_share(ctx.report, place, len(specs) + 1)))
        for place, spec in enumerate(specs)
    )
    settled = (spec.model_copy(update=dict(part.learnt())) for spec, part in zip(specs, parts, strict=True))
    return tuple(settled), parts


def parts_state(specs: Specs, parts: Parts, meta: Mapping[str, Any], **arrays: Any) -> State:
    """A state of these numbers and values, with the parts as children."""
    named = dict(meta) | {"parts": [spec.to_dict() for spec in specs]}
    return State(arrays, named, children=tuple(part.state() for part in parts))


def restored_parts(state: State) -> tuple[Specs, Parts]:
    """The parts that `parts_state` wrote."""
    specs = tuple(recommender(spec) for spec in state.meta["parts"])
    return specs, tuple(spec.restore(child) for spec, child in zip(specs, state.children, strict=True))


def bases_together(parts: Sequence[Scorer], batch: UserBatch) -> list[Stage]:
    """What scores rest on in which all parts have a say: of each customer the most personal that a part which answers names."""
    found = [Stage.house] * len(batch)
    for part in parts:
        answered = part.answers(batch).tolist()
        for row, basis in enumerate(part.bases(batch)):
            if answered[row] and PERSONAL[basis] < PERSONAL[found[row]]:
                found[row] = basis
    return found


def named(*names: str) -> Specs:
    """Recommenders with the settings they come with."""
    return tuple(recommender({"algorithm": name}) for name in names)


def popularity_for(data: Dataset) -> str:
    """The popularity that suits the data: of late where there are times, else of all times."""
    return "recently_popular" if Need.times.met(data) else "most_popular"


def between_0_and_1(scores: Scores, among: Any = True) -> Scores:
    """Each row moved and scaled so that those `among` it (a mask) reach from 0 to 1; zeros where they are all equal."""
    low = np.min(scores, axis=1, keepdims=True, where=among, initial=np.inf)
    high = np.max(scores, axis=1, keepdims=True, where=among, initial=-np.inf)
    spread = np.where(high > low, high - low, np.inf)
    return np.asarray(np.clip((scores - low) / spread, 0, 1), np.float32)


def ahead(scores: Scores, batch: UserBatch, count: int) -> Any:
    """Marks what stands among the first `count` of each row, its customer's history not counted: at or above the bar.

    Items of the history are marked where they would stand there.
    """
    return scores >= bars_of(scores, batch, count)[:, None]


def bars_of(scores: Scores, batch: UserBatch, count: int) -> Scores:
    """The lowest of the first `count` scores of each row, its customer's history not counted."""
    from reco_lab.core._kernels.selecting import bars

    found = np.full(len(scores), -np.inf, np.float32)
    if count < scores.shape[1]:
        fresh = np.array(scores, np.float32, order="C")
        fresh[batch.owners, batch.items] = -np.inf
        bars(fresh, count, found)
    return found


def _share(report: Report, place: int, count: int) -> Report:
    return lambda fraction, message: report((place + fraction) / count, message)
