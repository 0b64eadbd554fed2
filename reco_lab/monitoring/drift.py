"""How far data, scores and traffic are from what the model was trained on, or from the period before.

Sources: B. Yurdakul, Statistical properties of population stability index (2018) for what the index is by chance
alone; A. Kolmogorov and N. Smirnov for the largest distance between two distributions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Kind
from reco_lab.core.words import share
from reco_lab.monitoring.facts import Facts

SOME, MUCH = 0.1, 0.25
BINS = 10
MOST_VALUES = 50
RARE = 5  # a value seen less often before counts with the others: what was rare by chance is not missed
FEWEST = 20
SURE = 1e-4
UNITS = (100.0, 1000.0, 10.0)
CLOSE = 1.25
LEAST_APART = 0.5
SCORES = "score of what the model puts first"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """One column, before and now.

    `psi` is the population stability index, `ks` the largest distance of the two distributions (NaN where the values
    have no order), `sure` whether chance alone does not make them so. `factor`: by how much all values seem to have
    been multiplied (100: as if money were in cents); 1 where they were not.
    """

    table: str
    column: str
    psi: float
    ks: float
    sure: bool
    before: str
    now: str
    n: int
    factor: float = 1.0

    @property
    def much(self) -> bool:
        """Whether it is worth an alarm."""
        return self.factor != 1.0 or (self.sure and self.psi > MUCH)


def numbers(table: str, column: str, before: Floats, now: Floats) -> Drift | None:
    """Hold the numbers of a column against those before; None where there are too few to say anything."""
    before, now = (part[np.isfinite(part)] for part in (before, now))
    if min(len(before), len(now)) < FEWEST:
        return None
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, part, side="left"), minlength=len(edges) + 1)
        for part in (before, now)
    ]
    psi, sure = _stability(*counts)
    apart = stats.ks_2samp(before, now, method="asymp")
    was, is_ = f"{np.median(before):,.6g}", f"{np.median(now):,.6g}"
    factor = _factor(before, now) if apart.pvalue < SURE else 1.0
    return Drift(table, column, psi, float(apart.statistic), sure, was, is_, len(now), factor)


def categories(table: str, column: str, before: pd.Series, now: pd.Series) -> Drift | None:
    """Hold the values of a column against those before; rare ones count together."""
    before, now = before.dropna().astype("str"), now.dropna().astype("str")
    if min(len(before), len(now)) < FEWEST:
        return None
    held = before.value_counts()
    frequent = held[held >= RARE].index[:MOST_VALUES]
    counts = []
    for part in (before, now):
        often = part.value_counts().reindex(frequent, fill_value=0).to_numpy(float)
        counts.append(np.append(often, len(part) - often.sum()))
    psi, sure = _stability(*counts)
    gap = counts[1] / counts[1].sum() - counts[0] / counts[0].sum()
    place = int(np.argmax(np.abs(gap)))
    name = str(frequent[place]) if place < len(frequent) else "rare or new values"
    was, is_ = (f"{name}: {share(part[place] / part.sum())}" for part in counts)
    return Drift(table, column, psi, np.nan, sure, was, is_, len(now))


def between(before: Dataset, now: Dataset, *, logged: bool = False) -> list[Drift]:
    """What a newer version of a data set has that the older one had otherwise, the most changed first.

    Of items and customers, those are looked at that are new or have changed; of interactions, the rows since, unless
    they were `logged` by the service: what a site tells is of other kinds than what was brought in, by its nature.
    """
    found = [
        *_tables("items", before.items, now.items),
        *_tables("customers", before.customers, now.customers),
    ]
    fresh, old = _since(before, now), before.interactions
    found += (
        []
        if logged
        else [
            numbers(
                "interactions",
                "value",
                old.values.astype(np.float64),
                now.interactions.values[fresh].astype(np.float64),
            ),
            categories("interactions", "kind", _kinds(old.kinds), _kinds(now.interactions.kinds[fresh])),
        ]
    )
    return sorted((one for one in found if one is not None), key=lambda one: -one.psi)


def of_traffic(before: Facts, now: Facts) -> list[Drift]:
    """What the model scores, and where and to whom ads are shown, held against the period before; units are customers."""
    found = [numbers("traffic", SCORES, _scores(before), _scores(now))]
    found += [categories("traffic", name, _usual(before, name), _usual(now, name)) for name in ("slot", "ad")]
    for title in now.segments:
        held = (pd.Series(_inside(one, title), dtype="bool") for one in (before, now))
        found.append(categories("traffic", f"in the segment {title}", *held))
    return [one for one in found if one is not None]


def _scores(facts: Facts) -> Floats:
    """What the model gave to what it put first, the mean of each customer."""
    placed = facts.period.placed
    mine = facts.placed_kept & (placed["position"] == 0) & ~facts.fallback[facts.of]
    versions = np.bincount(facts.placed_codes("model_version")[mine], minlength=1)
    mine &= facts.placed_codes("model_version") == versions.argmax()
    who = facts.period.decided["customer"][facts.of[mine]]
    count = np.bincount(who)
    found: Floats = np.bincount(who, placed["score"][mine])[count > 0] / count[count > 0]
    return found


def _usual(facts: Facts, dimension: str) -> pd.Series:
    """One value a customer, that of her last ad."""
    codes, who = facts.placed_codes(dimension), facts.period.decided["customer"][facts.of]
    last = pd.Series(codes, index=who)
    names = np.array(facts.names(dimension), object)
    return pd.Series(names[last[~last.index.duplicated(keep="last")].to_numpy()], dtype="str")


def _inside(facts: Facts, title: str) -> NDArray[np.bool_]:
    names = np.array(facts.period.names["customer"], object)
    return np.isin(names[np.unique(facts.period.decided["customer"])], list(facts.segments[title]))


def _tables(name: str, before: pd.DataFrame | None, now: pd.DataFrame | None) -> Iterator[Drift | None]:
    if before is None or now is None:
        return
    for column in before.columns.intersection(now.columns):
        was, is_ = before[column].dropna(), now[column].dropna()
        same = was.reindex(is_.index)
        moved = is_[~(same.notna() & (same == is_)).to_numpy(bool)]
        if pd.api.types.is_numeric_dtype(was) and not pd.api.types.is_bool_dtype(was):
            yield numbers(
                name,
                str(column),
                was.to_numpy(np.float64),
                pd.to_numeric(moved, errors="coerce").to_numpy(np.float64),
            )
        elif was.nunique() <= max(MOST_VALUES, len(was) // 10):
            yield categories(name, str(column), was, moved)


def _since(before: Dataset, now: Dataset) -> NDArray[np.bool_]:
    """The rows that the older version cannot have had; all where nothing tells them apart."""
    times, old = now.interactions.times, before.interactions.times
    if times is None or old is None or not len(old):
        return np.ones(len(now.interactions.users), bool)
    found: NDArray[np.bool_] = times > old.max()
    return found if found.sum() >= FEWEST else np.ones(len(times), bool)


def _kinds(codes: NDArray[np.uint8]) -> pd.Series:
    return pd.Series(np.array([kind.name for kind in Kind], object)[codes], dtype="str")


def _stability(before: NDArray[Any], now: NDArray[Any]) -> tuple[float, bool]:
    """The population stability index of two rows of counts, and whether it is more than chance makes it."""
    k = len(before)
    was, is_ = ((part + 0.5) / (part.sum() + 0.5 * k) for part in (before, now))
    psi = float(((is_ - was) * np.log(is_ / was)).sum())
    by_chance = float(stats.chi2.isf(SURE, max(k - 1, 1))) * (1 / before.sum() + 1 / now.sum())
    return psi, psi > by_chance


def _factor(before: Floats, now: Floats) -> float:
    """By how much all values seem to have been multiplied: 100, 1,000 or 10, or a part of that; 1 if they were not."""
    if (before <= 0).any() or (now <= 0).any():
        return 1.0
    apart = float(np.exp(np.median(np.log(now)) - np.median(np.log(before))))
    for unit in UNITS:
        for factor in (unit, 1 / unit):
            if (
                1 / CLOSE < apart / factor < CLOSE
                and stats.ks_2samp(before, now / factor).statistic < LEAST_APART / 2
            ):
                return factor
    return 1.0
