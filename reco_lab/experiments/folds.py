"""From the folds of a split to one answer a customer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Measurement
from reco_lab.core.interactions import Kind
from reco_lab.core.splitting import Split
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import SplitSummary


@dataclass(frozen=True, eq=False)
class Answer:
    """What one recommender reached in one fold: its metrics over warm customers, the mean over its seeds.

    `by_seed` are those of each seed.
    """

    exam: Exam
    measurements: dict[str, Measurement]
    by_seed: tuple[dict[str, Measurement], ...] = ()

    @classmethod
    def of(cls, exam: Exam, by_seed: Sequence[dict[str, Measurement]]) -> "Answer":
        """One answer from those of the seeds."""
        means = {key: Measurement.averaged([one[key] for one in by_seed]) for key in by_seed[0]}
        return cls(exam, means, tuple(by_seed))

    def with_seed(self, place: int) -> "Answer":
        """What the seed at this place reached alone."""
        return Answer(self.exam, self.by_seed[place])


def chooses(cuts: Sequence[Split]) -> bool:
    """Whether the first cut's validation part judges in no cut, so that a champion may be chosen by it."""
    judging = np.unique(np.concatenate([cut.test_rows for cut in cuts]))
    return not np.isin(cuts[0].validation_rows, judging).any()


def pooled(answers: Sequence[Answer], key: str) -> Measurement:
    """One measurement over all folds: a customer's numerators and denominators are added up over them.

    A metric that is no mean over customers is averaged over the folds and then has no interval.
    """
    parts = [answer.measurements[key] for answer in answers]
    return parts[0] if len(parts) == 1 else _pooled(parts, [answer.exam.counted(key) for answer in answers])


def _pooled(parts: Sequence[Measurement], counted: Sequence[NDArray[np.int64]]) -> Measurement:
    if any(part.numerator is None or part.denominator is None for part in parts):
        return Measurement(float(np.mean([part.value for part in parts])))
    _, rows = np.unique(np.concatenate(counted), return_inverse=True)
    numerator, denominator = (
        np.bincount(rows, np.concatenate([getattr(part, name) for part in parts])).astype(np.float64)
        for name in ("numerator", "denominator")
    )
    seeds = zip(*(part.parts for part in parts), strict=True) if parts[0].parts else ()
    return replace(
        Measurement.ratio(numerator, denominator, parts[0].link),
        parts=tuple(_pooled(one, counted) for one in seeds),
    )


def overall(answers: Sequence[Answer], key: str) -> float | None:
    """A metric over warm and cold customers of all folds together, cold ones served by the shared fallback."""
    warm = [answer.measurements[key] for answer in answers]
    cold = [answer.exam.of_cold.get(key) for answer in answers if len(answer.exam.cold)]
    parts = [*warm, *cold]
    if any(part is None or part.numerator is None or part.denominator is None or part.link for part in parts):
        return None
    sums = [
        (part.numerator.sum(), part.denominator.sum())
        for part in parts
        if part and part.numerator is not None and part.denominator is not None
    ]
    total = sum(base for _, base in sums)
    return float(sum(own for own, _ in sums) / total) if total else None


def summary(kind: str, exams: Sequence[Exam], folds: Sequence[Split]) -> SplitSummary:
    """The split in numbers. With several folds, rows of the test add up and customers are counted once."""
    warm = _distinct([exam.users[: exam.n_warm] for exam in exams])
    everyone = _distinct([exam.asked.users.astype(np.int64) for exam in exams])
    cold = _distinct([exam.asked.users[~exam.warm_rows].astype(np.int64) for exam in exams])
    first = exams[0]
    asked, judged = (sum(len(getattr(exam, name)) for exam in exams) for name in ("asked", "judged"))
    removed = sum(exam.repeats_removed for exam in exams)
    return SplitSummary(
        kind=kind,
        train=round(float(np.mean([len(split.train_rows) for split in folds]))),
        validation=round(float(np.mean([len(split.validation_rows) for split in folds]))),
        test=sum(len(split.test_rows) for split in folds),
        users_in_test=everyone,
        users_scored=warm,
        cold_users=cold,
        cold_items=_distinct([_cold_items(exam) for exam in exams]),
        nothing_left=max(0, everyone - warm - cold),
        unknown_item_rows=asked - judged - removed,
        repeats_removed=removed,
        cold_user_rows=sum(int((~exam.warm_rows).sum()) for exam in exams),
        asked=asked,
        judged=judged,
        candidates=first.n_candidates,
        as_of=_text(first.as_of),
        until=_text(
            max((split.test.times.max() for split in folds if split.test.times is not None), default=None)
        ),
        sampled=folds[0].sampled,
        hits=tuple(dict.fromkeys(Kind(kind).name for exam in exams for kind in np.unique(exam.asked.kinds))),
    )


def _text(moment: np.datetime64 | None) -> str | None:
    return None if moment is None else str(moment.astype("datetime64[s]"))


def _distinct(codes: Sequence[NDArray[np.int64]]) -> int:
    return len(np.unique(np.concatenate(codes)))


def _cold_items(exam: Exam) -> NDArray[np.int64]:
    """The distinct test items that nobody had touched before the cut."""
    items = np.unique(exam.asked.items).astype(np.int64)
    cold: NDArray[np.int64] = items[exam.train.interactions.item_counts[items] == 0]
    return cold
