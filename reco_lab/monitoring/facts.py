"""A period of the log, told apart in steps and slices: by slot, segment, ad, model version, arm, stage and place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.events import Stage
from reco_lab.store.events.measuring import NEVER, Period

TOLD = 0.02  # below this share of impressions a site is taken not to tell of them

Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slice:
    """A part of the traffic: everything (no dimension), or what has one value of a dimension."""

    dimension: str = ""
    value: str = ""


EVERYTHING = Slice()


@dataclass(frozen=True, eq=False)
class Facts:
    """What happened in a period, in steps of `step` microseconds from its beginning.

    `window`: how long after its decision a click counts. `segments` says who is in which, by the names that
    the log gives to customers, `own` are the ids of the shop's own ads. `apart` are parts that are left out,
    as if they had never been.
    """

    period: Period
    step: int
    window: int
    segments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    apart: tuple[Slice, ...] = ()

    @property
    def steps(self) -> int:
        """How many steps there are; the last may be unfinished."""
        return -(-(self.period.end - self.period.begin) // self.step)

    def without(self, part: Slice) -> "Facts":
        """The same without a part of the traffic."""
        return replace(self, apart=(*self.apart, part))

    def between(self, begin: int, end: int) -> "Facts":
        """The steps from `begin` to before `end`."""
        first = self.period.begin + begin * self.step
        last = min(self.period.begin + end * self.step, self.period.end)
        return replace(self, period=self.period.between(first, last))

    @cached_property
    def kept(self) -> Mask:
        """Which decisions are not left out."""
        kept = np.ones(len(self.period), bool)
        for part in self.apart:
            if part.dimension != "ad":
                kept &= ~self._decisions_of(part)
        return kept

    @cached_property
    def placed_kept(self) -> Mask:
        """Which ads in answers are not left out."""
        kept = self.kept[self.of].copy()
        for part in self.apart:
            if part.dimension == "ad":
                kept &= self.placed_codes("ad") != self._code("ad_id", part.value)
        return kept

    @property
    def of(self) -> Codes:
        """The decision of each ad in an answer."""
        return self.period.placed["of"]

    @cached_property
    def when(self) -> Codes:
        """The step of each decision."""
        found: Codes = (self.period.decided["at"] - self.period.begin) // self.step
        return found

    @cached_property
    def clicked(self) -> Mask:
        """Which ads in answers were clicked in the window."""
        return self._soon("clicked")

    @cached_property
    def impressions(self) -> bool:
        """Whether the site tells of impressions; if not, every ad in an answer counts as seen."""
        seen = self.period.placed["seen"] != NEVER
        return bool(len(seen)) and float(seen.mean()) >= TOLD

    @cached_property
    def seen(self) -> Mask:
        """Which ads in answers were seen, as far as is told."""
        if not self.impressions:
            return np.ones(len(self.of), bool)
        return self._soon("seen") | self.clicked

    @cached_property
    def rated(self) -> Mask:
        """Which ads in answers click rates are of: not the shop's own, which only fill what nothing else can."""
        own = np.array([name in self.own for name in self.names("ad")], bool)
        found: Mask = ~own[self.placed_codes("ad")]
        return found

    def counted(self, chosen: Mask) -> Mask:
        """Of some ads in answers those that count: all if every one is the shop's own, else the others."""
        found = chosen & self.rated
        return found if found.any() else chosen

    @cached_property
    def billed(self) -> Floats:
        """What each ad in an answer cost its advertiser: for the decision, and for its first click."""
        placed = self.period.placed
        found: Floats = placed["cost"] + np.where(placed["clicked"] != NEVER, placed["click_cost"], 0.0)
        return found

    @cached_property
    def fallback(self) -> Mask:
        """Which decisions were made by a stand-in: the model failed, or knew nothing of the customer."""
        found: Mask = self.period.decided["stage"] != self._code("stage", Stage.model.value)
        return found

    @cached_property
    def house(self) -> Mask:
        """Which decisions had nothing but the shop's own ads to show."""
        found: Mask = self.period.decided["stage"] == self._code("stage", Stage.house.value)
        return found

    @cached_property
    def answered(self) -> Mask:
        """Which decisions had an ad to show at all."""
        found = np.zeros(len(self.period), bool)
        found[self.of] = True
        return found

    def by_step(self, chosen: Mask | Floats | None = None, *, placed: bool) -> Floats:
        """How many decisions, or ads in answers (`placed`), fall into each step; chosen or weighed."""
        kept = self.placed_kept if placed else self.kept
        weights = kept.astype(np.float64) if chosen is None else kept * chosen
        when = self.when[self.of] if placed else self.when
        return np.bincount(when, weights, self.steps).astype(np.float64)

    def slices(self, dimension: str, *, placed: bool) -> Iterator[tuple[Slice, Mask]]:
        """The segments, which overlap, each with the decisions or ads in answers that belong to it."""
        for name in self.segments:
            inside = self._decisions_of(Slice(dimension, name))
            yield Slice(dimension, name), inside[self.of] if placed else inside

    def table(self, dimension: str, weights: Mask | Floats, *, placed: bool) -> tuple[list[Slice], Floats]:
        """Sums of weights by slice of a dimension and step: slices x steps."""
        if dimension == "segment":
            parts = list(self.slices(dimension, placed=placed))
            rows = [self.by_step(mask * weights, placed=placed) for _, mask in parts]
            return [part for part, _ in parts], np.array(rows).reshape(len(rows), self.steps)
        codes = self.placed_codes(dimension) if placed else self.decided_codes(dimension)
        names = self.names(dimension)
        when = self.when[self.of] if placed else self.when
        kept = self.placed_kept if placed else self.kept
        cells = np.bincount(codes * self.steps + when, weights * kept, len(names) * self.steps)
        return [Slice(dimension, name) for name in names], cells.reshape(len(names), self.steps).astype(
            np.float64
        )

    def names(self, dimension: str) -> list[str]:
        """The values of a dimension, by code."""
        if dimension == "position":
            places = self.period.placed["position"]
            return [str(place) for place in range(int(places.max()) + 1 if len(places) else 0)]
        return list(self.period.names["ad_id" if dimension == "ad" else dimension])

    def decided_codes(self, dimension: str) -> Codes:
        """The value of each decision."""
        return self.period.decided[dimension].astype(np.int64)

    def placed_codes(self, dimension: str) -> Codes:
        """The value of each ad in an answer."""
        if dimension == "ad":
            return self.period.placed["ad_id"].astype(np.int64)
        if dimension == "position":
            return self.period.placed["position"]
        return self.decided_codes(dimension)[self.of]

    @cached_property
    def _members(self) -> Mapping[str, Mask]:
        """Who is in which segment, by customer code."""
        names = self.period.names["customer"]
        return {
            title: np.fromiter((name in inside for name in names), bool, len(names))
            for title, inside in self.segments.items()
        }

    def _decisions_of(self, part: Slice) -> Mask:
        if part.dimension == "segment":
            return self._members[part.value][self.period.decided["customer"]]
        if part.dimension == "position":
            return np.zeros(len(self.period), bool)
        found: Mask = self.period.decided[part.dimension] == self._code(part.dimension, part.value)
        return found

    def _code(self, column: str, value: str) -> int:
        names = self.period.names[column]
        return names.index(value) if value in names else -1

    def _soon(self, what: str) -> Mask:
        moment = self.period.placed[what]
        found: Mask = moment <= self.period.decided["at"][self.of] + self.window
        return found
