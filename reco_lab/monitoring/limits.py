"""Limits within which a rate or a mean moves by chance, and the moment from which on it moved otherwise.

Sources: D. Laney, Improved control charts for attributes (Quality Engineering 2002) for rates that vary more than
chance alone would have it; E. Page, Continuous inspection schemes (Biometrika 1954) for the last few steps together;
D. Hinkley, Inference about the change-point in a sequence of binomial variables (Biometrika 1970) for the moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import xlogy

# the last steps that are looked at together: few for a fault, many for a small shift
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16)
FALSE_A_WEEK = 0.25  # one false alarm in four weeks, over everything that is watched
DAY = 24 * 3600 * 10**6  # microseconds
WEEK = 7 * DAY
FEWEST_STEPS = 8
FEWEST_CYCLES, FEWEST_BLOCKS = 4, 5  # by which it is known how sums of several steps vary
FEWEST_EVENTS = 20.0
FEWEST_TRIES = 100.0
MOVING_RANGE, MEDIAN = 1.128, 1.4826  # what they are in standard deviations of a normal variable
LEAST_SPREAD = 0.05
SEEN = 1.28  # standard errors: what chance alone does one time in ten
CALM = 4  # times as much is known of a spread that is no more than chance alone has it

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chart:
    """Series (rows) held against what they were: slices x steps, all of the time shown.

    `rate` is what was seen, `low` and `high` the limits of one step, `centre` what it was before. `off` says
    by how many standard errors the last step, or the last few together, lie off, where most; `limit` is what
    that may be. `known` is False where there is too little to say anything.
    """

    rate: Floats
    centre: Floats
    low: Floats
    high: Floats
    off: Floats
    limit: Floats
    known: NDArray[np.bool_]

    @property
    def out(self) -> NDArray[np.bool_]:
        """Which series have moved, as of the last step."""
        found: NDArray[np.bool_] = self.known & (np.abs(self.off) > self.limit)
        return found


def chance_of_one(tests: int, step: int, a_week: float = FALSE_A_WEEK) -> float:
    """How unlikely one reading must be, so that false alarms stay at `a_week`: of all tests, at every step of a week."""
    return a_week / (2 * max(tests, 1) * WEEK / step)


def rates(x: Floats, n: Floats, before: int, chance: float, floor: float = 0.0, cycle: int = 0) -> Chart:
    """Rates x / n (series x steps) from step `before` on, held against the steps before it.

    `cycle` is how many steps a day has (or, where a step is a day, a week); 0 where `before` covers no whole one. What
    is so every evening is nothing that moved: the last steps must also lie off the same hours before.

    How much more a rate varies from step to step than chance alone explains is measured there too, and widens the
    limits; so does, where there were several days, how much more sums of steps vary, as where one day is better
    than another. As that is known from few steps, limits are Student's. `floor`: a fault that was rarer than that is taken to
    have been so frequent, so that it need not have happened before.
    """
    old_x, old_n = x[:, :before], n[:, :before]
    total = old_n.sum(axis=1)
    centre = np.maximum(np.divide(old_x.sum(axis=1), total, out=np.zeros(len(x)), where=total > 0), floor)
    filled = (old_n > 0).sum(axis=1)
    events = np.minimum(old_x.sum(axis=1), (old_n - old_x).sum(axis=1))
    enough = total >= FEWEST_TRIES if floor else events >= FEWEST_EVENTS
    known = enough & (filled >= FEWEST_STEPS)
    scale = _overspread(old_x, old_n, centre) ** 2
    usual = _by_phase(old_x, old_n, x.shape[1], cycle, centre, floor)
    freedom = np.where(scale > 1, 1, CALM) * np.maximum(filled - 1, 1)
    limit = stats.t.isf(chance / len(LENGTHS) / 2, freedom)
    several = cycle > 0 and before >= FEWEST_CYCLES * cycle
    fewest = FEWEST_BLOCKS if several else before + 1
    scales = _by_length(old_x, old_n, usual.rate[:, :before], scale, fewest)
    off = _most(_reading(x, n, before, size, (centre, scales[size], total), usual) for size in LENGTHS)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(n > 0, x / n, np.nan)
        error = np.sqrt(centre * (1 - centre) * scale * (1 / total + (1 / n.T)))
        then = np.sqrt(usual.rate * (1 - usual.rate) * scale[:, None] * (1 / usual.tries + 1 / n))
    half = np.where(n > 0, (limit * error).T, np.nan)
    wide = np.where((n > 0) & (usual.tries > 0), limit[:, None] * then, half)
    low = np.minimum(centre[:, None] - half, usual.rate - wide)
    high = np.maximum(centre[:, None] + half, usual.rate + wide)
    return Chart(
        rate, centre, np.clip(low, 0, 1), np.clip(high, 0, 1), off, np.asarray(limit, np.float64), known
    )


@dataclass(frozen=True, eq=False)
class _Usual:
    """What each step (column) usually is at its hour: its rate before, and the tries that is known from; `cycle` as given.

    Where a series (`even`) has no rhythm, every hour is as all of them.
    """

    rate: Floats
    tries: Floats
    cycle: int
    even: NDArray[np.bool_]


def _by_phase(x: Floats, n: Floats, steps: int, cycle: int, centre: Floats, floor: float) -> _Usual:
    """The rates of the steps before at the same place of the cycle; that of all of them where there was nothing."""
    even = ~_rhythm(_apart(x, n, centre), cycle) if cycle else np.ones(len(x), bool)
    every = np.broadcast_to(centre[:, None], (len(x), steps))
    if even.all():
        return _Usual(every, np.broadcast_to(n.sum(axis=1)[:, None], every.shape), 0, even)
    phases = (np.arange(x.shape[1]) % cycle)[:, None] == np.arange(cycle)
    got, tries = x @ phases, n @ phases
    own = np.divide(got, tries, out=np.repeat(centre[:, None], cycle, axis=1), where=tries > 0)
    place = np.arange(steps) % cycle
    return _Usual(
        np.where(even[:, None], every, np.maximum(own, floor)[:, place]), tries[:, place], cycle, even
    )


def _rhythm(z: Floats, cycle: int) -> NDArray[np.bool_]:
    """Which series go up and down by the hour: neighbours are alike, or the same hours of several days are.

    By J. von Neumann's ratio (Annals of Mathematical Statistics 1941) and the correlation a cycle apart, at
    10 %: who is taken for one with a rhythm is only known less well. A single wild step is none.
    """
    steps = z.shape[1]
    apart = z - np.nanmean(np.where(np.isfinite(z).any(axis=1, keepdims=True), z, 0.0), axis=1, keepdims=True)
    apart = np.nan_to_num(apart)
    whole = np.maximum((apart**2).sum(axis=1), 1e-12)
    ratio = (np.diff(apart, axis=1) ** 2).sum(axis=1) / (2 * whole)
    found: NDArray[np.bool_] = ratio < 1 - SEEN / np.sqrt(steps)
    if steps >= 2 * cycle:
        again = (apart[:, cycle:] * apart[:, :-cycle]).sum(axis=1) / whole
        found |= again > SEEN / np.sqrt(steps)
    return found


def _reading(
    x: Floats, n: Floats, before: int, size: int, known: tuple[Floats, Floats, Floats], usual: _Usual
) -> Floats:
    """By how much the last steps together lie off all steps before and off the same hours before: the nearer of the two."""
    centre, scale, total = known
    there = n > 0
    some, tries = _latest(x, there, before, size), _latest(n, there, before, size)
    plain = _off(some, tries, centre, scale, total)
    if not usual.cycle:
        return plain
    hoped = _latest(n * usual.rate, there, before, size)
    then = np.divide(hoped, tries, out=centre.copy(), where=tries > 0)
    once = min(size, usual.cycle)
    behind = _latest(np.where(there, usual.tries, 0.0), there, before, once)
    there_too = _off(some, tries, then, scale, np.where(behind > 0, behind, total))
    return np.where(usual.even, plain, _nearer(plain, there_too))


def _nearer(one: Floats, other: Floats) -> Floats:
    """The reading that is nearer to nothing; nothing where they point in two directions."""
    alike = np.sign(one) == np.sign(other)
    return np.where(alike, np.sign(one) * np.minimum(np.abs(one), np.abs(other)), 0.0)


def _same_hour(apart: Floats, there: NDArray[np.bool_], before: int, cycle: int) -> tuple[Floats, Floats]:
    """The mean of the steps before at the same place of the cycle as each step (0: none), and how many those are."""
    if not cycle:
        return np.zeros_like(apart), there.astype(np.float64)
    phases = (np.arange(before) % cycle)[:, None] == np.arange(cycle)
    many = there[:, :before].astype(np.float64) @ phases
    mean = apart[:, :before] @ phases / np.maximum(many, 1)
    place = np.arange(apart.shape[1]) % cycle
    return mean[:, place], many[:, place]


def means(values: Floats, before: int, chance: float, cycle: int = 0) -> Chart:
    """The same for numbers with no count behind them (series x steps, NaN where there is none), such as log times."""
    old, new = values[:, :before], values[:, before:]
    filled = np.isfinite(old).sum(axis=1)
    known = (filled >= FEWEST_STEPS) & np.isfinite(new).any(axis=1)
    safe = np.where(known[:, None], old, 0.0)
    centre = np.nanmedian(safe, axis=1)
    spread = np.maximum(_spread(safe), LEAST_SPREAD)
    few = 1 / np.maximum(filled, 1)
    there = np.isfinite(values)
    apart = np.where(there, values - centre[:, None], 0.0)
    again, once = _same_hour(apart, there, before, cycle)
    even = (
        ~_rhythm(np.where(there, apart, np.nan)[:, :before], cycle) if cycle else np.ones(len(values), bool)
    )
    readings = []
    for size in LENGTHS:
        count = np.maximum(_latest(there.astype(np.float64), there, before, size), 1)
        plain = _latest(apart, there, before, size) / count / (spread * np.sqrt(1 / count + few))
        behind = np.maximum(_latest(once, there, before, min(size, cycle or size)), 1)
        then = (
            _latest(apart - again, there, before, size) / count / (spread * np.sqrt(1 / count + 1 / behind))
        )
        readings.append(np.where(even, plain, _nearer(plain, then)))
    limit = np.asarray(stats.t.isf(chance / len(LENGTHS) / 2, np.maximum(filled - 1, 1)), np.float64)
    half = (limit * spread * np.sqrt(1 + few))[:, None]
    low, high = centre[:, None] - half, centre[:, None] + half
    shape = values.shape
    return Chart(
        values,
        centre,
        np.broadcast_to(low, shape),
        np.broadcast_to(high, shape),
        _most(readings),
        limit,
        known,
    )


def since(x: Floats, n: Floats, before: int) -> tuple[int, float]:
    """The step, `before` or later, from which on a rate is most likely another, and how likely (2 log likelihood)."""
    left_x, left_n = np.cumsum(x), np.cumsum(n)
    places = np.arange(before, len(x))
    ax, an = left_x[places - 1], left_n[places - 1]
    bx, bn = left_x[-1] - ax, left_n[-1] - an
    gain = _likely(ax, an) + _likely(bx, bn) - _likely(left_x[-1], left_n[-1])
    best = int(np.argmax(gain))
    return int(places[best]), float(2 * gain[best])


def jumped(values: Floats, before: int) -> int:
    """The step, `before` or later, from which on the mean of numbers is most likely another (NaN: no number)."""
    there = np.isfinite(values)
    total, count = np.cumsum(np.where(there, values, 0.0)), np.cumsum(there)
    places = np.arange(before, len(values))
    left, right = count[places - 1], count[-1] - count[places - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = total[places - 1] / left - (total[-1] - total[places - 1]) / right
        gain = np.nan_to_num(apart**2 * left * right / (left + right))
    return int(places[int(np.argmax(gain))])


def _likely(x: Floats, n: Floats) -> Floats:
    """The log likelihood of a rate at its best."""
    share = np.divide(x, n, out=np.zeros_like(np.asarray(x, float)), where=np.asarray(n) > 0)
    found: Floats = xlogy(x, share) + xlogy(n - x, 1 - share)
    return found


def _off(x: Floats, n: Floats, centre: Floats, scale: Floats, behind: Floats) -> Floats:
    """By how many standard errors a rate lies off its centre, by the likelihood, so that few events count right.

    The centre itself is known from `behind`. Half an event is taken off, as counts are whole.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(behind > 0, n / (scale * (1 + n / behind)), 0.0)
        share = np.where(n > 0, x / n, centre)
        gap = np.maximum(np.abs(share - centre) * worth - 0.5, 0.0) / worth
        near = centre + np.sign(share - centre) * np.nan_to_num(gap)
        apart = xlogy(near, near / centre) + xlogy(1 - near, (1 - near) / (1 - centre))
        found: Floats = np.nan_to_num(np.sign(share - centre) * np.sqrt(2 * np.maximum(worth * apart, 0.0)))
    return found


def _overspread(x: Floats, n: Floats, centre: Floats) -> Floats:
    """How many times as much a rate varies from step to step as chance alone would have it; at least once."""
    return np.maximum(_spread(_apart(x, n, centre)), 1.0)


def _by_length(x: Floats, n: Floats, usual: Floats, scale: Floats, fewest: int) -> dict[int, Floats]:
    """For each length how many times the variance of chance alone sums of so many steps have; `scale` is that of one.

    Longer sums, of which there are fewer than `fewest`, are taken to vary as those of which there are enough.
    """
    found = {}
    for size in LENGTHS:
        blocks = x.shape[1] // size
        if size > 1 and blocks >= fewest:
            shape = len(x), blocks, size
            got, hoped, chance = (
                one[:, -blocks * size :].reshape(shape).sum(axis=2)
                for one in (x, n * usual, n * usual * (1 - usual))
            )
            apart = np.divide(got - hoped, np.sqrt(chance), out=np.full(got.shape, np.nan), where=chance > 0)
            scale = np.maximum(scale, _spread(apart) ** 2)
        found[size] = scale
    return found


def _apart(x: Floats, n: Floats, centre: Floats) -> Floats:
    """How far each rate lies off its centre, in standard errors of chance alone (NaN: nothing happened)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(centre[:, None] * (1 - centre[:, None]) / n)
        return np.where((n > 0) & (error > 0), (x / n - centre[:, None]) / error, np.nan)


def _spread(values: Floats) -> Floats:
    """The standard deviation from step to step, or about the middle where that is more; one wild step does not count."""
    if values.shape[1] < 2:
        return np.zeros(len(values))
    ranges = np.abs(np.diff(values, axis=1))
    none = ~np.isfinite(ranges).any(axis=1, keepdims=True)
    ranges, values = np.where(none, 0.0, ranges), np.where(none, 0.0, values)
    middle = np.nanmedian(values, axis=1, keepdims=True)
    steps = np.nanmean(ranges, axis=1) / MOVING_RANGE
    found: Floats = np.maximum(steps, MEDIAN * np.nanmedian(np.abs(values - middle), axis=1))
    return found


def _latest(values: Floats, there: NDArray[np.bool_], before: int, size: int) -> Floats:
    """The sum of the last steps in which there was anything, none of them earlier than `before`."""
    rank = np.cumsum(there[:, : before - 1 : -1], axis=1)[:, ::-1]
    found: Floats = np.where(rank <= size, values[:, before:], 0.0).sum(axis=1)
    return found


def _most(readings: Iterable[Floats]) -> Floats:
    """The reading that lies farthest off, of each row."""
    every = np.array(list(readings))
    found: Floats = np.take_along_axis(every, np.abs(every).argmax(axis=0)[None, :], axis=0)[0]
    return found
