"""The lists of a campaign: candidates, rules, and what there is to share out among the customers.

Where pieces or money are short, customers compete and first come, first served wastes them: a customer for whom
the item is one of ten takes the last piece from one for whom it is the only one. Each scarce item gets a price (the
multiplier of its limit in the Lagrangian; D. Bertsekas, Auction algorithms for network flow problems, 1992, for the
idea) at which about as many want it as there are pieces; the pieces are then given out at these prices. The same
prices bound what any sharing out could reach, so the answer says how far from the best it can be at most. Small cases
are solved exactly by HiGHS. First come, first served is tried as well, and the best of them is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from reco_lab.campaigns.candidates import Pool
from reco_lab.campaigns.rules import NO_LIMIT, RuleSet
from reco_lab.core.likeness import MOST_HELD, Likeness
from reco_lab.core.ranking import NO_ITEM, spread

ROUNDS = 40
COOLING = 0.88
FIRST_STEP = 0.5
EXACT_PAIRS = 20_000
BLOCK = 1 << 13
SAMPLE = 1 << 11
LAST_ROUNDS = 10
LAST_STEP = 0.1

Picks = NDArray[np.int32]
Prices = NDArray[np.float32]
Number = TypeVar("Number", np.int32, np.float32)


@dataclass(frozen=True, eq=False)
class Lists:
    """Item codes, customers x k, NO_ITEM where a list ends early; `worth` of each place, at least 0.

    `total` is the sum of worth. `best` is what no sharing out could exceed: where nothing is scarce, it is the total;
    None where variety or pinned places decide too, so that the sum is not all there is to a list.
    """

    items: NDArray[np.int32]
    worth: NDArray[np.float32]
    total: float
    best: float | None

    @property
    def share_of_best(self) -> float | None:
        """How much of what could be reached at most is reached; 1 where nothing is scarce, None where nobody can tell."""
        if self.best is None:
            return None
        return 1.0 if self.best <= 0 else min(self.total / self.best, 1.0)


@dataclass(frozen=True, eq=False)
class Limits:
    """What is short: pieces of each item, and money with what an item costs."""

    stock: NDArray[np.int64]
    cost: NDArray[np.float64]
    budget: float

    def met(self, items: NDArray[np.int32]) -> bool:
        """Whether these lists keep to them."""
        return bool((self.demand(items) <= self.stock).all() and self.spent(items) <= self.budget)

    def demand(self, items: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many customers are shown each item."""
        return np.bincount(items[items != NO_ITEM], minlength=len(self.stock)).astype(np.int64)

    def spent(self, items: NDArray[np.int32]) -> float:
        """What these lists cost."""
        return float(self.cost[items[items != NO_ITEM]].sum())


@dataclass(frozen=True, eq=False)
class _Start:
    """Where a search for prices begins: those of the items, that of money, and how far the first step goes."""

    each: NDArray[np.float64]
    money: float
    step: float


@dataclass(frozen=True, eq=False)
class Builder:
    """Builds lists of length k from a pool under the rules; `likeness` says which items are alike."""

    pool: Pool
    rules: RuleSet
    k: int
    likeness: Likeness
    threads: int = 1

    def build(self) -> Lists:
        """The lists; where customers compete for something, the best sharing out that is found."""
        limits = Limits(self.rules.stock, self.rules.cost, self.rules.budget)
        wanted = self._free(self._no_prices)
        if not self.rules.limited or limits.met(self._items(wanted)):
            return self._lists(wanted, np.inf)
        from reco_lab.campaigns.exact import solve

        exact = None
        if self._countable and self.pool.items.size <= EXACT_PAIRS:
            exact = solve(self.pool, self._worth, self.rules, self.k)
        prices, best = self._prices(limits)
        ways = [self._share(prices, limits), self._share(self._no_prices, limits)]
        lists = [self._lists(picks, best) for picks in (*ways, *([] if exact is None else [exact]))]
        found = max(lists, key=lambda one: one.total)
        if not self._countable:
            return replace(found, best=None)
        return found if exact is None else replace(found, best=found.total)

    def first_come(self) -> Lists:
        """The lists that first come, first served would give: what the sharing out is held against."""
        limits = Limits(self.rules.stock, self.rules.cost, self.rules.budget)
        return self._lists(self._share(self._no_prices, limits), np.inf)

    @property
    def _countable(self) -> bool:
        """Whether the worth of a list is the sum of its items' worth, whatever stands beside them."""
        return not self.rules.variety and not self.rules.pins

    @cached_property
    def _worth(self) -> NDArray[np.float32]:
        """Relevance and boost of each candidate."""
        boost = np.append(self.rules.boost, np.float32(0))
        return np.ascontiguousarray(self.pool.relevance + boost[self.pool.items], np.float32)

    @cached_property
    def _falling(self) -> bool:
        """Whether candidates stand in the order of their worth, so that the first that cannot win ends a search."""
        return not self.rules.variety and not np.ptp(self.rules.boost)

    @property
    def _no_prices(self) -> Prices:
        return np.zeros(len(self.rules.boost), np.float32)

    def _prices(self, limits: Limits) -> tuple[Prices, float]:
        """The price of showing each item, its part of the budget included, and what no sharing out exceeds.

        Prices are found among every n-th customer first, where there are many, and settled among all.
        """
        stride = -(-len(self.pool) // SAMPLE)
        if stride == 1:
            return self.settle(limits, _Start(np.zeros(len(limits.stock)), 0.0, FIRST_STEP), ROUNDS)[1:]
        some = self._every(stride)
        fewer = self.rules.scaled(len(some.pool) / len(self.pool))
        near = some.settle(
            Limits(fewer.stock, fewer.cost, fewer.budget),
            _Start(np.zeros(len(limits.stock)), 0.0, FIRST_STEP),
            ROUNDS,
        )[0]
        return self.settle(limits, replace(near, step=LAST_STEP), LAST_ROUNDS)[1:]

    def _every(self, stride: int) -> "Builder":
        some = (self.pool.items[::stride].copy(), self.pool.relevance[::stride].copy(), self.pool.depth)
        return replace(self, pool=Pool(*some))

    def settle(self, limits: Limits, start: "_Start", rounds: int) -> tuple["_Start", Prices, float]:
        """Raise the price of what too many want and lower that of what too few want, by steps that grow smaller."""
        scarce, tight = limits.stock < NO_LIMIT, bool(np.isfinite(limits.budget))
        stock = np.where(scarce, limits.stock, 0).astype(np.float64)
        scale = float(limits.cost[limits.cost > 0].mean()) if tight and limits.cost.any() else 1.0
        each, money, step = start.each, start.money, start.step
        found, chosen, best = start, self._no_prices, np.inf
        for _ in range(rounds):
            prices = (each + money * limits.cost).astype(np.float32)
            picks = self._free(prices)
            bound = self._reduced(prices, picks) + float(each @ stock)
            bound += money * limits.budget if tight else 0.0
            if bound < best:
                found, chosen, best = _Start(each, money, step), prices, bound
            items = self._items(picks)
            demand = limits.demand(items)
            gap = (demand - stock) / np.maximum(np.maximum(demand, stock), 1)
            each = np.where(scarce, np.maximum(each + step * gap, 0), 0)
            if tight:
                spent = limits.spent(items)
                over = (spent - limits.budget) / max(spent, limits.budget)
                money = max(money + step * over / scale, 0.0)
            step *= COOLING
        return replace(found, step=step), chosen, best

    def _reduced(self, prices: Prices, picks: Picks) -> float:
        """The most that all customers together could have above the prices: never too low.

        What each takes for herself (`picks`) is her best where one cap at most applies; else caps are overlooked.
        """
        paid = np.append(prices, np.float32(np.inf))[self.pool.items]
        worth = (self._worth - paid)[:, : self.pool.depth]
        k = min(self.k, worth.shape[1])
        if len(self.rules.most) <= 1 and self._countable:
            top = _picked(self._worth - paid, picks, 0.0)
        else:
            top = -np.partition(-worth, k - 1, axis=1)[:, :k] if k else worth
        return float(np.maximum(top, 0).sum(dtype=np.float64))

    def _free(self, prices: Prices) -> Picks:
        """What each customer would take at these prices if there were enough for all."""
        n = len(prices)
        picks = np.full((len(self.pool), self.k), -1, np.int32)
        floor = 0.0 if prices.any() else -np.inf

        def work(rows: slice) -> None:
            self._fill(rows, prices, floor, np.full(n, NO_LIMIT), np.zeros(n), np.array([np.inf]), picks)

        for _ in spread(work, self._rows(), self.threads):
            pass
        return picks

    def _share(self, prices: Prices, limits: Limits) -> Picks:
        """Give out what there is at these prices, in order of the customers; what is left goes to whoever has room."""
        left, money = limits.stock.copy(), np.array([limits.budget])
        picks = np.full((len(self.pool), self.k), -1, np.int32)
        for floor in (0.0, -np.inf) if prices.any() else (-np.inf,):
            for rows in self._rows():
                self._fill(rows, prices, floor, left, limits.cost, money, picks)
        return picks

    def _fill(
        self,
        rows: slice,
        prices: Prices,
        floor: float,
        left: NDArray[np.int64],
        cost: NDArray[np.float64],
        money: NDArray[np.float64],
        picks: Picks,
    ) -> None:
        from reco_lab.campaigns._kernels.lists import fill

        rules, items = self.rules, np.ascontiguousarray(self.pool.items[rows])
        pins = np.full(self.k, -1, np.int32)
        for number, (place, _) in enumerate(rules.pins):
            pins[place] = number
        pinned = np.array([mask for _, mask in rules.pins] or np.zeros((1, len(prices))), np.bool_)
        alike, places = self._alike(items)
        fill(
            items, self._worth[rows], self.pool.depth, self._falling, prices, floor, pins, pinned,
            rules.levels, rules.most, alike, places, rules.variety, left, cost, money, picks[rows],
        )  # fmt: skip

    def _alike(self, items: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        if self.rules.variety:
            return self.likeness.among(items)
        return np.zeros((1, 1), np.float32), np.zeros(len(self.rules.boost), np.int32)

    def _rows(self) -> Iterator[slice]:
        """Blocks of customers; few where the likeness of all their candidates has to be held."""
        crowded = self.rules.variety and not self.likeness.small
        size = max(1, MOST_HELD // max(self.pool.items.shape[1], 1)) if crowded else BLOCK
        return (slice(start, start + size) for start in range(0, len(self.pool), size))

    def _items(self, picks: Picks) -> NDArray[np.int32]:
        return _picked(self.pool.items, picks, NO_ITEM)

    def _lists(self, picks: Picks, best: float) -> Lists:
        worth = _picked(self._worth, picks, 0.0)
        total = float(worth.sum(dtype=np.float64))
        return Lists(self._items(picks), worth, total, total if np.isinf(best) else max(best, total))


def build(pool: Pool, rules: RuleSet, k: int, likeness: Likeness, *, threads: int = 1) -> Lists:
    """Lists of length k from the pool under the rules."""
    return Builder(pool, rules, k, likeness, threads).build()


def _picked(values: NDArray[Number], picks: Picks, nothing: float) -> NDArray[Number]:
    taken = np.take_along_axis(values, np.maximum(picks, 0), axis=1)
    taken[picks < 0] = nothing
    return taken
