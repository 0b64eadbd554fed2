"""The best sharing out of scarce items, exactly: for cases small enough for a solver of integer programs."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from reco_lab.campaigns.candidates import Pool
from reco_lab.campaigns.rules import NO_LEVEL, NO_LIMIT, RuleSet
from reco_lab.core.ranking import NO_ITEM

NODES = 100
WHOLE = 1e-6


def solve(pool: Pool, worth: NDArray[np.float32], rules: RuleSet, k: int) -> NDArray[np.int32] | None:
    """The columns of the pool that each customer takes, best first, -1 for none; None where that takes too long.

    Maximises the sum of worth: at most k a customer, no more than there is of an item, within the budget and the caps.
    """
    rows, columns = np.nonzero(pool.items[:, : pool.depth] != NO_ITEM)
    items = pool.items[rows, columns]
    limits = list(_limits(rows, items, rules, k, len(pool)))
    gain = worth[rows, columns].astype(np.float64)
    for whole in (False, True):  # without a budget or caps the relaxed answer is whole by itself
        answer = optimize.milp(
            -gain,
            integrality=np.full(len(rows), int(whole)),
            bounds=optimize.Bounds(0, 1),
            constraints=[optimize.LinearConstraint(left, ub=right) for left, right in limits],
            options={"node_limit": NODES, "mip_rel_gap": 0.0},
        )
        if answer.status != 0 or answer.x is None:
            return None
        found = np.asarray(answer.x)
        if np.abs(found - np.round(found)).max(initial=0) < WHOLE:
            break
    taken = np.flatnonzero(found > 0.5)
    order = np.lexsort((columns[taken], -worth[rows[taken], columns[taken]], rows[taken]))
    mine, chosen = rows[taken][order], columns[taken][order]
    picks = np.full((len(pool), k), -1, np.int32)
    first = np.concatenate(([0], np.cumsum(np.bincount(mine, minlength=len(pool)))))
    picks[mine, np.arange(len(mine)) - first[mine]] = chosen
    return picks


_Limit = tuple[sparse.csr_matrix, NDArray[np.float64]]


def _limits(
    rows: NDArray[np.intp], items: NDArray[np.int32], rules: RuleSet, k: int, customers: int
) -> list[_Limit]:
    pairs = np.arange(len(rows))
    ones = np.ones(len(rows))

    def summed(groups: NDArray[np.int64], size: int, kept: NDArray[np.bool_]) -> sparse.csr_matrix:
        return sparse.csr_matrix((ones[kept], (groups[kept], pairs[kept])), (size, len(rows)))

    every = np.ones(len(rows), np.bool_)
    found: list[_Limit] = [(summed(rows, customers, every), np.full(customers, float(k)))]
    scarce = rules.stock[items] < NO_LIMIT
    if scarce.any():
        right = np.where(rules.stock < NO_LIMIT, rules.stock, len(rows)).astype(np.float64)
        found.append((summed(items.astype(np.int64), len(rules.stock), scarce), right))
    if np.isfinite(rules.budget):
        found.append((sparse.csr_matrix(rules.cost[items][None, :]), np.array([rules.budget])))
    for levels, most in zip(rules.levels, rules.most, strict=True):
        counted = levels[items] != NO_LEVEL
        width = int(levels.max(initial=0)) + 1
        groups = rows.astype(np.int64) * width + np.maximum(levels[items], 0)
        found.append((summed(groups, customers * width, counted), np.full(customers * width, float(most))))
    return found
