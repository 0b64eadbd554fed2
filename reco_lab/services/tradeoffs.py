"""Drag a finished model's lists along a trade-off: the same candidates, re-ranked, measured again."""

from dataclasses import dataclass, replace

import numpy as np

from reco_lab.core.errors import NotFoundError
from reco_lab.core.evaluation import metric_at, metric_key
from reco_lab.core.experiment import MetricSpec
from reco_lab.experiments.rerank import DEPTH, RERANKERS, Pool, Reranker, rerank
from reco_lab.services.evidence import Evidence
from reco_lab.services.experiments import model_of, note_look
from reco_lab.workspace import Workspace

QUALITY = "ndcg"
STRENGTHS = tuple(step / 10 for step in range(11))


@dataclass(frozen=True)
class Dragged:
    """All metrics of one model's lists at each strength of a re-ranker; `aim` is the key of what it is after.

    `headline` is the quality that it costs: the experiment's, or nDCG where that one does not look at lists.
    `values` has a number a strength for each key, NaN where there is none; `depth` is how many candidates
    were ordered anew.
    """

    name: str
    kind: type[Reranker]
    headline: str
    aim: str
    strengths: tuple[float, ...]
    values: dict[str, tuple[float, ...]]
    depth: int = DEPTH

    def change(self, key: str, strength: float) -> float:
        """How much a metric changes from strength 0 to this one, as a share of what it was."""
        before = self.values[key][0]
        after = self.values[key][int(np.argmin(np.abs(np.array(self.strengths) - strength)))]
        return (after - before) / abs(before) if before else 0.0


def rerankers(known: Evidence) -> dict[str, str]:
    """Every re-ranker by its label, with what the data lacks for it (empty: nothing)."""
    return {one.label: one.lacks(known.asked.data) for one in RERANKERS}


def drag(workspace: Workspace, known: Evidence, name: str, label: str) -> Dragged:
    """Measure a model's first candidates in the order of each strength, on the (first) test part.

    Beside the experiment's metrics stand those that the re-rankers are after. NotFoundError where the model is gone.
    """
    kind = next(one for one in RERANKERS if one.label == label)
    model = model_of(workspace, known.asked.experiment, known.found.row(name))
    if model is None:
        raise NotFoundError(f"The model of {name!r} is not kept any more.", fix="Run the experiment again.")
    exam = replace(known.exams[0], metrics=_extended(known))
    pool, k = Pool.of(exam, model[1]), max(exam.metrics.k)
    steps = [exam.measure(rerank(pool, kind, strength, k), pool.answered) for strength in STRENGTHS]
    values = {key: tuple(float(step[key].value) for step in steps) for key in steps[0]}
    note_look(workspace, known.found, f"{name} towards {label}", len(STRENGTHS) - 1)
    headline = known.found.headline if known.found.headline in values else metric_key(QUALITY, k)
    aim = metric_key(kind.aim, metric_at(headline)[1] or k)
    return Dragged(name, kind, headline, aim, STRENGTHS, values, pool.lists.k)


def _extended(known: Evidence) -> MetricSpec:
    """The experiment's metrics, a measure of quality, and the aims of all re-rankers that the data can feed."""
    asked = known.asked.experiment.metrics
    aims = [one.aim for one in RERANKERS if not one.lacks(known.asked.data)]
    return MetricSpec(names=(*asked.names, QUALITY, "coverage", *aims), k=asked.k)
