"""Who is served well and who is not: every metric by segment, and who gets worse if one recommender replaces another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.evaluation import Measurement, metric_at
from reco_lab.experiments.compare import margin_of, outcome_of, width_of
from reco_lab.experiments.folds import Answer, pooled
from reco_lab.experiments.results import Outcome
from reco_lab.experiments.segments import SMALLEST, Segmentation
from reco_lab.experiments.significance import by_seeds, redraw, simultaneous
from reco_lab.experiments.verdict import listed, shown

Answers = Mapping[str, Sequence[Answer]]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BySegment:
    """A metric by segment: arrays recommenders x segments, NaN where too few customers stand behind it.

    `customers` is how many scored customers each segment has; all intervals hold together at 95 %.
    """

    names: tuple[str, ...]
    segments: tuple[str, ...]
    customers: NDArray[np.int64]
    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Shift:
    """What one segment gains (above 0) or loses when a recommender replaces another; None where it is too small to say."""

    segment: str
    people: str
    customers: int
    change: float | None = None
    low: float | None = None
    high: float | None = None
    outcome: Outcome = Outcome.unsure


def by_segment(answers: Answers, key: str, ways: Sequence[Segmentation], seed: int) -> BySegment | None:
    """A metric of every recommender in every segment, with intervals that hold together over all cells.

    `ways` are the same segmentation before the cut of each fold. None for a metric that has no value for a part
    of the customers (coverage). A segment without customers is left out.
    """
    names = [name for name, some in answers.items() if key in some[0].measurements]
    counts = _counts(answers[names[0]], key, ways) if names else np.zeros(0, np.int64)
    present = np.flatnonzero(counts)
    cells = [[_cell(answers[name], key, ways, place) for place in present.tolist()] for name in names]
    flat = [one for row in cells for one in row]
    if not flat or all(np.isnan(one.value) for one in flat):
        return None
    behind = np.tile(counts[present], len(names)).astype(np.float64)
    enough = behind >= SMALLEST
    value = np.where(enough, [one.value for one in flat], np.nan)
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    large = [one for one, there in zip(flat, enough, strict=True) if there]
    drawn = redraw(large, flat[0].customers, _rng(seed, key))
    if drawn is not None:
        both = simultaneous(
            value[enough],
            drawn,
            customers=behind[enough],
            width=width_of(key, flat),
            doubt=by_seeds(large).doubt,
        )
        bottom, top = metric_at(key)[0].bounds
        low[enough], high[enough] = np.maximum(both.low, bottom), np.minimum(both.high, top)
    shape = len(names), len(present)
    return BySegment(
        tuple(names),
        tuple(ways[0].segments[place] for place in present),
        counts[present],
        value.reshape(shape),
        low.reshape(shape),
        high.reshape(shape),
    )


def shifts(
    answers: Answers, key: str, ways: Sequence[Segmentation], ship: str, instead_of: str, seed: int
) -> tuple[Shift, ...]:
    """What each segment gains or loses if `ship` is shown instead of `instead_of`: paired, intervals that hold together.

    More is taken as better unless the metric says otherwise: a change above 0 is a gain.
    """
    counts = _counts(answers[ship], key, ways)
    present, large = np.flatnonzero(counts), np.flatnonzero(counts >= SMALLEST)
    pairs = [
        [_cell(answers[name], key, ways, place) for place in large.tolist()] for name in (ship, instead_of)
    ]
    found = dict(zip(large.tolist(), _changes(pairs[0], pairs[1], key, counts[large], seed), strict=True))
    return tuple(
        Shift(ways[0].segments[place], ways[0].people[place], int(counts[place]), *found.get(place, ()))
        for place in present.tolist()
    )


def told(found: Sequence[Shift], key: str, ship: str, instead_of: str) -> str:
    """Who gets worse, in a sentence or two; then who gets better, and of whom too little is known."""
    worse = [one for one in found if one.outcome is Outcome.worse]
    lines = [f"{one.people} get worse by {_size(one)}." for one in worse]
    name = shown(key)
    if worse:
        lines[0] = lines[0].replace(" get worse by ", f" get worse by {name} ", 1)
    known = [one for one in found if one.change is not None]
    if not known:
        return f"No segment has the {SMALLEST} customers that it takes to say anything."
    if not worse:
        lines = [f"Nobody is shown to get worse with {ship} instead of {instead_of}."]
    better = [one.segment for one in known if one.outcome is Outcome.better]
    if better:
        everybody = len(better) == len(found)
        lines.append("Every segment gets better." if everybody else f"Better for: {listed(better)}.")
    unsure = [one.segment for one in found if one.outcome is Outcome.unsure]
    if unsure:
        lines.append(f"Too few customers to tell for: {listed(unsure)}.")
    return " ".join(lines)


def _size(one: Shift) -> str:
    low, high = -(one.high or 0.0), -(one.low or 0.0)
    return f"{-(one.change or 0.0):.3f} ({low:.3f} to {high:.3f})"


def _changes(
    new: list[Measurement], old: list[Measurement], key: str, counts: NDArray[np.int64], seed: int
) -> list[tuple[float, float, float, Outcome]]:
    if not new:
        return []
    sign = -1.0 if metric_at(key)[0].higher_is_better is False else 1.0
    centre = sign * (np.array([one.value for one in new]) - np.array([one.value for one in old]))
    drawn = redraw([*new, *old], new[0].customers, _rng(seed, key))
    if drawn is None:
        return []
    spread = sign * (drawn[:, : len(new)] - drawn[:, len(new) :])
    both = simultaneous(
        centre,
        spread,
        customers=counts.astype(np.float64),
        width=width_of(key, [*new, *old]),
        doubt=by_seeds(new).doubt + by_seeds(old).doubt,
    )
    return [
        (float(change), float(low), float(high), outcome_of(low, high, margin_of(key)))
        for change, low, high in zip(centre, both.low, both.high, strict=True)
    ]


def _cell(some: Sequence[Answer], key: str, ways: Sequence[Segmentation], place: int) -> Measurement:
    """One recommender in one segment, all folds together."""
    parts = [
        Answer(answer.exam, {key: answer.measurements[key].within(_members(answer, key, way, place))})
        for answer, way in zip(some, ways, strict=True)
    ]
    cell = pooled(parts, key)
    return replace(cell, parts=tuple(_own(part) for part in cell.parts))


def _own(part: Measurement) -> Measurement:
    """The same of those customers alone that it is about: as much is kept of each seed of each segment."""
    if part.numerator is None or part.denominator is None:
        return part
    some = part.denominator > 0
    return Measurement.ratio(part.numerator[some], part.denominator[some], part.link)


def _counts(some: Sequence[Answer], key: str, ways: Sequence[Segmentation]) -> NDArray[np.int64]:
    """How many customers are scored in each segment, each counted once."""
    pairs = [
        np.unique(answer.exam.counted(key)[_members(answer, key, way, place)] * len(way.segments) + place)
        for answer, way in zip(some, ways, strict=True)
        for place in range(len(way.segments))
    ]
    return np.bincount(
        np.unique(np.concatenate(pairs)) % len(ways[0].segments), minlength=len(ways[0].segments)
    )


def _members(answer: Answer, key: str, way: Segmentation, place: int) -> NDArray[np.bool_]:
    """Which of the customers behind a metric are in a segment and have a value."""
    inside: NDArray[np.bool_] = way.codes[answer.exam.counted(key)] == place
    base = answer.measurements[key].denominator
    return inside if base is None else inside & (base > 0)


def _rng(seed: int, key: str) -> np.random.Generator:
    """The draws of a metric: the same that its intervals on the leaderboard rest on."""
    return np.random.default_rng([seed, crc32(key.encode())])
