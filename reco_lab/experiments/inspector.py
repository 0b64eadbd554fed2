"""Look into a split before anything is trained on it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ranking import Candidates
from reco_lab.core.splitting import Split
from reco_lab.experiments.exam import allowed, among, known_items
from reco_lab.experiments.inspection import Inspection, PartFacts, Repeats
from reco_lab.experiments.split_findings import findings, recommendation

DRAWS = 3


def inspect(split: Split, kinds: tuple[Kind, ...] = ()) -> Inspection:
    """Count what a split leaves and what leaks, and say it in sentences with a recommendation.

    `kinds` are those that count as a hit (none named: all). One pass over the rows each; nothing is trained.
    """
    learned, test = split.before_test.interactions, split.test.of_kinds(kinds)
    parts = {"train": split.train.interactions, "validation": split.validation, "test": test}
    warm = np.diff(split.known_before_test.user_starts) > 0
    candidates = split.candidates or Candidates(items=known_items(split.before_test, split.as_of))
    again = among(test, split.known_before_test.of_kinds(kinds).pairs)
    known = allowed(test, candidates)
    counts = known & (split.repeats | ~again)
    cold = ~warm[test.users]
    rows_before = _by_item(learned)
    later, own_later = _later(learned, test)
    by_chance, chance_gini = _by_chance(rows_before, len(test))
    tested = np.unique(test.items)
    found = Inspection(
        name=split.name,
        parts=tuple(_facts(name, part) for name, part in parts.items()),
        test_rows=len(test),
        test_customers=len(np.unique(test.users)),
        warm_customers=len(np.unique(test.users[counts & (~cold | split.asks_everyone)])),
        cold_customers=len(np.unique(test.users[cold])),
        cold_rows=int(cold.sum()),
        test_items=len(tested),
        cold_items=int((learned.item_counts[tested] == 0).sum()),
        unknown_item_rows=int((~known).sum()),
        repeated_rows=int(again.sum()),
        learned_rows=len(learned),
        later_rows=later,
        own_later_rows=own_later,
        agreement=_agreement(rows_before, _by_item(test)),
        chance_agreement=by_chance,
        chance_gini=chance_gini,
        repeats=_repeats(parts),
        repeats_count=split.repeats,
        asks_everyone=split.asks_everyone,
        sampled=split.sampled,
    )
    return replace(found, findings=findings(found), recommendation=recommendation(found))


def _facts(name: str, part: Interactions) -> PartFacts:
    counts = np.bincount(part.items, minlength=part.n_items)
    known = part.times is not None and len(part) > 0
    return PartFacts(
        name,
        len(part),
        len(np.unique(part.users)),
        int((counts > 0).sum()),
        _gini(counts),
        part.times.min() if known and part.times is not None else None,
        part.times.max() if known and part.times is not None else None,
    )


def _gini(counts: NDArray[np.int64]) -> float:
    """How unequally the rows fall on the items that the data set names: 0 equally, 1 all on one."""
    total, n = counts.sum(), len(counts)
    return float(np.sort(counts) @ (2.0 * np.arange(1, n + 1) - n - 1) / (n * total)) if total else 0.0


def _later(learned: Interactions, test: Interactions) -> tuple[int, int]:
    """How many learned rows are later than the first test row, and than that of their own customer."""
    if learned.times is None or test.times is None or not len(test):
        return 0, 0
    never = np.iinfo(np.int64).max
    first = np.full(test.n_users, never)
    moments = test.times.astype("datetime64[us]").astype(np.int64)
    np.minimum.at(first, test.users, moments)
    own = learned.times.astype("datetime64[us]").astype(np.int64)
    return int((own > moments.min()).sum()), int((own > first[learned.users]).sum())


def _by_item(log: Interactions) -> NDArray[np.int64]:
    return np.bincount(log.items, minlength=log.n_items)


def _by_chance(before: NDArray[np.int64], rows: int) -> tuple[float | None, float]:
    """Kendall's tau and Gini where the test is a random part of what was learned from: the mean of a few draws."""
    rng = np.random.default_rng(0)
    size = min(rows, int(before.sum()) // 2)
    drawn = rng.multivariate_hypergeometric(before, size, size=DRAWS, method="marginals")
    taus = [tau for one in drawn if (tau := _agreement(before - one, one)) is not None]
    return float(np.mean(taus)) if taus else None, float(np.mean([_gini(one) for one in drawn]))


def _agreement(before: NDArray[np.int64], after: NDArray[np.int64]) -> float | None:
    """Kendall's tau between the popularities of the items that were learned from; None where one is constant."""
    some = before > 0
    if not some.any() or np.ptp(before[some]) == 0 or np.ptp(after[some]) == 0:
        return None
    return float(stats.kendalltau(before[some], after[some]).statistic)


def _repeats(parts: Mapping[str, Interactions]) -> tuple[Repeats, ...]:
    return tuple(
        Repeats((one, other), len(np.intersect1d(parts[one].pairs, parts[other].pairs, assume_unique=True)))
        for one, other in combinations(parts, 2)
    )
