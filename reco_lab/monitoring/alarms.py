"""What moved: of everything that is watched, the part of the traffic that explains a change best, and since when."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reco_lab.monitoring.facts import EVERYTHING, Facts, Slice
from reco_lab.monitoring.limits import DAY, WEEK, Chart, chance_of_one, means, rates, since
from reco_lab.monitoring.limits import jumped as jump_of

MOST_CAUSES = 3
SLOWEST = 0.95
FEW_ANSWERS = 20
SAME_SHARE = 0.1  # by which an arm's share of the traffic differs from what it was by chance and habit

Floats = NDArray[np.float64]
Series = tuple[list[Slice], Floats, Floats]


@dataclass(frozen=True)
class Measure:
    """Something that is watched: a rate, told apart by dimensions, and the least relative change worth a word.

    `late`: what counts comes some time after the decision, so that the youngest steps say nothing yet. `floor` is the
    share up to which a fault is nothing to speak of; of faults, only more of them is.
    """

    id: str
    of: Callable[[Facts], Iterator[Series]]
    least: float
    late: bool = False
    floor: float = 0.0

    def chart(self, x: Floats, n: Floats, before: int, chance: float, cycle: int) -> Chart:
        """Its rates within their limits."""
        return rates(x, n, before, chance, self.floor, cycle)

    def matters(self, moved: "Moved") -> bool:
        """Whether a change is large enough to be spoken of, and in a direction that is."""
        up = moved.after > moved.before
        if up != (moved.off > 0) or (self.floor and not up):
            return False
        return abs(moved.after - moved.before) >= self.least * max(moved.before, self.floor, 1e-12)


@dataclass(frozen=True)
class Moved:
    """A rate of a part of the traffic is another than before: since when (microseconds), what it was and is.

    `happened` of `out_of` since then, where `usual` would have been; `off` is by how many standard errors.
    """

    measure: str
    part: Slice
    since: int
    before: float
    after: float
    happened: float
    out_of: float
    usual: float
    off: float


@dataclass(frozen=True, eq=False)
class Watch:
    """A period and the one before it, searched for what moved.

    `facts` begin with the period before, which has `before` steps; `settled` is how many steps from the beginning
    are over, `clicked` how many of them are old enough that their clicks have come. `told` are events by step: all
    and refused.
    """

    facts: Facts
    before: int
    settled: int
    clicked: int
    told: tuple[Floats, Floats]

    @cached_property
    def tests(self) -> int:
        """How many rates are looked at, at every step."""
        found = 1  # the time that answers take
        for measure in MEASURES:
            for _, x, n in measure.of(self.facts):
                until = self.until(measure)
                found += int(measure.chart(x[:, :until], n[:, :until], self.before, 0.5, 0).known.sum())
        return found

    @cached_property
    def chance(self) -> float:
        """How unlikely one reading must be to be spoken of."""
        return chance_of_one(self.tests, self.facts.step)

    @property
    def cycle(self) -> int:
        """After how many steps the same hour comes again (of steps of a day: the same weekday); 0 where none has yet."""
        found = DAY // self.facts.step if self.facts.step < DAY else WEEK // self.facts.step
        return found if found <= self.before else 0

    def until(self, measure: Measure) -> int:
        """The number of steps that can be judged."""
        return self.clicked if measure.late else self.settled

    def moved(self) -> list[Moved]:
        """What moved, the most certain first in each measure."""
        found = [one for measure in MEASURES for one in self._causes(measure)]
        return [*found, *self._refused(), *self._slower()]

    def click_chart(self, part: Slice = EVERYTHING) -> Chart | None:
        """The click rate of a part of the traffic, by step, with its limits; None where too little is known of it."""
        if self.clicked <= self.before:
            return None
        for parts, every_x, every_n in _clicks(self.facts):
            if part in parts:
                row = slice(parts.index(part), parts.index(part) + 1)
                x, n = every_x[row, : self.clicked], every_n[row, : self.clicked]
                chart = rates(x, n, self.before, self.chance, cycle=self.cycle)
                return chart if chart.known[0] else None
        return None

    def _causes(self, measure: Measure) -> Iterator[Moved]:
        """The part that explains most is left out, and what then still moves has a cause of its own."""
        facts, until = self.facts, self.until(measure)
        if until <= self.before:
            return
        for _ in range(MOST_CAUSES):
            found = self._strongest(measure, facts, until)
            if found is None:
                return
            yield found
            if found.part == EVERYTHING:
                return
            facts = facts.without(found.part)

    def _strongest(self, measure: Measure, facts: Facts, until: int) -> Moved | None:
        best: tuple[float, Moved] | None = None
        for parts, every_x, every_n in measure.of(facts):
            x, n = every_x[:, :until], every_n[:, :until]
            chart = measure.chart(x, n, self.before, self.chance, self.cycle)
            for row in np.flatnonzero(chart.out & _comparable(parts, n, self.before)).tolist():
                gain, one = self._read(measure.id, parts[row], x[row], n[row], float(chart.off[row]))
                if measure.matters(one) and (best is None or gain > best[0]):
                    best = gain, one
        return None if best is None else best[1]

    def _read(self, id_: str, part: Slice, x: Floats, n: Floats, off: float) -> tuple[float, Moved]:
        first, gain = since(x, n, self.before)
        was, now = _share(x[:first], n[:first]), _share(x[first:], n[first:])
        usual = was * float(n[first:].sum())
        moment = self.facts.period.begin + first * self.facts.step
        return gain, Moved(
            id_, part, moment, was, now, float(x[first:].sum()), float(n[first:].sum()), usual, off
        )

    def _refused(self) -> Iterator[Moved]:
        every, refused = (one[: self.settled] for one in self.told)
        if self.settled <= self.before:
            return
        chart = REFUSED.chart(refused[None, :], every[None, :], self.before, self.chance, self.cycle)
        if chart.out[0]:
            _, found = self._read(REFUSED.id, EVERYTHING, refused, every, float(chart.off[0]))
            if REFUSED.matters(found):
                yield found

    def _slower(self) -> Iterator[Moved]:
        values = slowest(self.facts)[: self.settled]
        if self.settled <= self.before:
            return
        chart = means(np.log(values)[None, :], self.before, self.chance, self.cycle)
        off = float(chart.off[0])
        if not chart.out[0] or off < 0:
            return
        first = jump_of(np.log(values), self.before)
        was, now = (float(np.exp(np.nanmedian(np.log(part)))) for part in (values[:first], values[first:]))
        if now >= 1.5 * was:
            moment = self.facts.period.begin + first * self.facts.step
            yield Moved("latency", EVERYTHING, moment, was, now, 0.0, 0.0, 0.0, off)


def slowest(facts: Facts, share: float = SLOWEST) -> Floats:
    """What this share of the answers of each step stayed below, in milliseconds; NaN where there are too few."""
    took = facts.period.decided["latency_us"] / 1000
    edges = np.searchsorted(facts.when, np.arange(facts.steps + 1))
    return np.array(
        [
            np.quantile(took[low:high], share) if high - low >= FEW_ANSWERS else np.nan
            for low, high in pairwise(edges)
        ]
    )


def _clicks(facts: Facts) -> Iterator[Series]:
    seen = facts.seen & facts.counted(facts.placed_kept)
    yield (
        [EVERYTHING],
        facts.by_step(facts.clicked & seen, placed=True)[None, :],
        facts.by_step(seen, placed=True)[None, :],
    )
    for dimension in ("slot", "segment", "ad", "model_version", "arm", "position"):
        told = facts.seen if dimension == "ad" else seen
        parts, x = facts.table(dimension, facts.clicked & told, placed=True)
        yield parts, x, facts.table(dimension, told, placed=True)[1]


def _traffic(facts: Facts) -> Iterator[Series]:
    every, one = facts.by_step(placed=False), np.ones(len(facts.period))
    for dimension in ("slot", "segment"):
        parts, x = facts.table(dimension, one, placed=False)
        yield parts, x, np.broadcast_to(every, x.shape)


def _decisions(what: str, dimensions: Sequence[str]) -> Callable[[Facts], Iterator[Series]]:
    def of(facts: Facts) -> Iterator[Series]:
        chosen = facts.fallback if what == "fallback" else ~facts.answered
        one = np.ones(len(facts.period))
        yield [EVERYTHING], facts.by_step(chosen, placed=False)[None, :], facts.by_step(placed=False)[None, :]
        for dimension in dimensions:
            parts, x = facts.table(dimension, chosen, placed=False)
            yield parts, x, facts.table(dimension, one, placed=False)[1]

    return of


def _comparable(parts: Sequence[Slice], n: Floats, before: int) -> NDArray[np.bool_]:
    """Which parts hold the same customers as before: the arms of a test that began or ended do not."""
    if not parts or parts[0].dimension != "arm":
        return np.ones(len(parts), bool)
    was, now = (one.sum(axis=1) / max(one.sum(), 1.0) for one in (n[:, :before], n[:, before:]))
    found: NDArray[np.bool_] = np.abs(now - was) <= SAME_SHARE
    return found


def _share(x: Floats, n: Floats) -> float:
    return float(x.sum() / n.sum()) if n.sum() else 0.0


MEASURES: Sequence[Measure] = (
    Measure("clicks", _clicks, 0.2, late=True),
    Measure("traffic", _traffic, 0.25),
    Measure("fallback", _decisions("fallback", ("slot", "segment", "model_version", "arm")), 0.5, floor=0.02),
    Measure("unanswered", _decisions("unanswered", ("slot", "segment")), 0.5, floor=0.02),
)
REFUSED = Measure("refused", lambda _facts: iter(()), 1.0, floor=0.02)
