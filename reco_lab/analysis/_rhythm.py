"""How long customers stay away between visits, measured by each one's own rhythm, those who never came back included."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reco_lab.analysis.view import firsts
from reco_lab.analysis.visits import Visits
from reco_lab.core.errors import DataError
from reco_lab.core.words import count

Floats = NDArray[np.float64]
CLASSES = (1, 2, 3, 5, 9)
PRIOR = 2.0
FEWEST = 30


@dataclass(frozen=True, eq=False)
class Rhythm:
    """For a customer after so many visits: the chance to be still away after so many of her own usual gaps.

    `usual` is everyone's mean gap in days. `curves` has, for each class of `CLASSES` (visits so far), ascending
    times in usual gaps and the share still away then (Kaplan and Meier, 1958); it ends where the log does.
    """

    usual: float
    curves: tuple[tuple[Floats, Floats], ...]

    def away(self, visits: NDArray[np.int64], gaps: Floats) -> Floats:
        """The chance that the gap after the last of so many visits is longer than so many usual gaps."""
        found = np.empty(len(gaps))
        place = np.searchsorted(CLASSES, visits, side="right") - 1
        for one, (times, shares) in enumerate(self.curves):
            here = place == one
            found[here] = shares[np.searchsorted(times, gaps[here], side="right") - 1]
        return found

    def until(self, visits: NDArray[np.int64], since: Floats, chance: float) -> Floats:
        """After how many usual gaps since the last visit a customer, silent for `since`, is back with this chance.

        Infinite where so many never were.
        """
        found = np.empty(len(since))
        left = self.away(visits, since) * (1 - chance)
        place = np.searchsorted(CLASSES, visits, side="right") - 1
        for one, (times, shares) in enumerate(self.curves):
            here = place == one
            at = np.searchsorted(-shares, -left[here], side="left")
            found[here] = np.append(times, np.inf)[at]
        return found


@dataclass(frozen=True, eq=False)
class Now:
    """Where each customer stands at the end of the log: visits so far, her usual gap and the days since the last."""

    customers: NDArray[np.int64]
    visits: NDArray[np.int64]
    usual: Floats
    since: Floats


def rhythm(seen: Visits) -> Rhythm:
    """Learn from every gap between visits and from every silence at the end; DataError for fewer than 30 gaps."""
    number, after = _numbered(seen)
    last = np.append(firsts(seen.users)[1:], True)
    gaps = int(len(last) - last.sum())
    if gaps < FEWEST:
        raise DataError(
            f"Customers came back on a later day only {count(gaps, 'time')} in all; it takes {FEWEST} to say when "
            "they return.",
            fix="Bring a longer log, or one that keeps customers apart by their ids.",
        )
    length = np.where(last, seen.end - seen.days, np.append(np.diff(seen.days), 0)).astype(np.float64)
    usual = float(length[~last].mean())
    scaled = length / _usual(number, after, usual)
    place = np.searchsorted(CLASSES, number, side="right") - 1
    whole = _curve(scaled, ~last)
    curves = []
    for one in range(len(CLASSES)):
        here = place == one
        curves.append(_curve(scaled[here], ~last[here]) if (here & ~last).sum() >= FEWEST else whole)
    return Rhythm(usual, tuple(curves))


def now(seen: Visits, learned: Rhythm) -> Now:
    """Where each customer stands at the end."""
    number, after = _numbered(seen)
    ends = np.flatnonzero(np.append(firsts(seen.users)[1:], True))
    usual = _usual(number[ends], after[ends], learned.usual)
    since = (seen.end - seen.days[ends]).astype(np.float64)
    return Now(seen.users[ends].astype(np.int64), number[ends], usual, since)


def _numbered(seen: Visits) -> tuple[NDArray[np.int64], Floats]:
    """Of each visit: which one of its customer it is (from 1), and how many days after her first."""
    begins = seen.begins
    sizes = np.diff(np.append(begins, len(seen.users)))
    number = np.arange(len(seen.users)) - np.repeat(begins, sizes) + 1
    return number, (seen.days - np.repeat(seen.days[begins], sizes)).astype(np.float64)


def _usual(number: NDArray[np.int64], after: Floats, everyone: float) -> Floats:
    """Each customer's mean gap as known at a visit, drawn to everyone's as if by two more gaps of that length."""
    return np.asarray((after + PRIOR * everyone) / (number - 1 + PRIOR), np.float64)


def _curve(lengths: Floats, ended: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The share that lasts longer, by ascending length; begins with 1 at 0."""
    times, place = np.unique(lengths, return_inverse=True)
    ends, all_out = np.bincount(place, ended), np.bincount(place)
    under = len(lengths) - np.append(0, np.cumsum(all_out)[:-1])
    shares = np.cumprod(1 - ends / under)
    steps = ends > 0
    return np.append(0.0, times[steps]), np.append(1.0, shares[steps])
