"""What each part of a hybrid is worth: the hybrid without it, on the validation part."""

from dataclasses import dataclass

from reco_lab.core.errors import ParameterError
from reco_lab.core.experiment import Question
from reco_lab.core.recommender import Recommender
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.run import Report, validate


@dataclass(frozen=True)
class Ablation:
    """One part of a hybrid: the headline metric of all parts together, without this one, and of it alone.

    None where there is no figure.
    """

    part: Recommender
    whole: float | None
    without: float | None
    alone: float | None

    @property
    def worth(self) -> float | None:
        """What the hybrid loses without the part; below zero where it would gain."""
        return None if self.whole is None or self.without is None else self.whole - self.without


def ablation(spec: Recommender, exam: Exam, question: Question, report: Report) -> tuple[Ablation, ...]:
    """A row for each part of a hybrid, in their order, by the headline metric on the validation part.

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
        found.append(validate(variant, exam, question, _step(report, number, len(variants) + len(parts)))[1])
    whole, without, alone = found[0], found[1 : 1 + len(parts)], found[1 + len(parts) :]
    rows = zip(parts, without, alone, strict=True)
    return tuple(Ablation(part, whole, fewer, single) for part, fewer, single in rows)


def _of(spec: Recommender, parts: tuple[Recommender, ...]) -> Recommender:
    """The same kind of hybrid of these parts, with nothing learnt yet; a single part stands for itself."""
    return parts[0] if len(parts) == 1 else type(spec)(parts=parts, **spec.params())


def _step(report: Report, number: int, count: int) -> Report:
    return lambda fraction, message: report((number + fraction) / count, message)
