"""What each part of a hybrid is worth: the hybrid without it, on the validation part."""

from zlib import crc32

import numpy as np
from pydantic import BaseModel, ConfigDict

from reco_lab.core.errors import ParameterError
from reco_lab.core.evaluation import Measurement
from reco_lab.core.experiment import Question
from reco_lab.core.progress import Report
from reco_lab.core.recommender import Recommender
from reco_lab.experiments.compare import differences, direction, margin_of
from reco_lab.experiments.conduct import named
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Outcome
from reco_lab.experiments.run import examine


class Part(BaseModel):
    """One part of a hybrid: the headline metric of all parts without this one, and of it alone.

    `worth` is what the hybrid loses without it, below zero where it would gain, with its simultaneous 95 %
    interval over all parts. None where there is no figure; `outcome` is None where nothing can be tested.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    without: float | None
    alone: float | None
    worth: float | None
    low: float | None = None
    high: float | None = None
    outcome: Outcome | None = None


class Ablation(BaseModel):
    """A hybrid taken apart: the metric (`key`) of all parts together over so many customers, and each part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    whole: float | None
    customers: int
    parts: tuple[Part, ...]


def ablation(spec: Recommender, exam: Exam, question: Question, report: Report) -> Ablation:
    """Take a hybrid apart by the headline metric on the validation part; its parts keep their order.

    Each variant learns its weights, thresholds or trees anew, and half of the customers is scored by what the
    other half taught, so that more parts have no head start. Raises ParameterError for what has no parts.
    """
    parts = spec.made_of(exam.train)
    if not parts:
        raise ParameterError(
            f"{spec.info.label} is not made of other recommenders, so there is nothing to leave out.",
            fix="Choose a hybrid.",
        )
    variants = [_of(spec, parts)]
    variants += [_of(spec, parts[:place] + parts[place + 1 :]) for place in range(len(parts))]
    found = []
    for number, variant in enumerate([*variants, *parts]):
        found.append(examine(variant, exam, question, _step(report, number, len(variants) + len(parts)))[1])
    whole, without, alone = found[0], found[1 : 1 + len(parts)], found[1 + len(parts) :]
    return Ablation(
        key=question.headline,
        whole=_value(whole),
        customers=len(exam.counted(question.headline)),
        parts=_parts(parts, whole, list(zip(without, alone, strict=True)), question),
    )


def _parts(
    specs: tuple[Recommender, ...],
    whole: Measurement | None,
    found: list[tuple[Measurement | None, Measurement | None]],
    question: Question,
) -> tuple[Part, ...]:
    """Each part with what it is worth, and how sure that is where every variant has a number a customer."""
    names = {spec: name for name, spec in named(specs)}
    sign = direction(question) or 1
    known = [one for one, _ in found if one is not None and one.numerator is not None]
    tested = whole is not None and whole.numerator is not None and len(known) == len(found)
    rng = np.random.default_rng([question.seed, crc32(question.headline.encode())])
    apart = differences(question.headline, whole, known, rng) if whole is not None and tested else []
    rows, base, margin = [], _value(whole), margin_of(question.headline)
    for place, (spec, (without, alone)) in enumerate(zip(specs, found, strict=True)):
        fewer = _value(without)
        row = Part(
            name=names[spec],
            without=fewer,
            alone=_value(alone),
            worth=None if base is None or fewer is None else sign * (base - fewer),
        )
        if apart:
            low, high = sorted((sign * apart[place].low, sign * apart[place].high))
            row = row.model_copy(
                update={"low": low, "high": high, "outcome": apart[place].outcome(sign, margin)}
            )
        rows.append(row)
    return tuple(rows)


def _value(one: Measurement | None) -> float | None:
    return None if one is None or not np.isfinite(one.value) else float(one.value)


def _of(spec: Recommender, parts: tuple[Recommender, ...]) -> Recommender:
    """The same kind of hybrid of these parts, with nothing learnt yet; a single part stands for itself."""
    return parts[0] if len(parts) == 1 else type(spec)(parts=parts, **spec.params())


def _step(report: Report, number: int, count: int) -> Report:
    return lambda fraction, message: report((number + fraction) / count, message)
