"""The one place that knows the library Surprise: ratings in, its arrays out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from reco_lab.algorithms._ratings import Biases, Numbers
from reco_lab.core.interactions import Interactions
from reco_lab.core.recommender import Codes, FitContext


class Ratings:
    """What Surprise asks of a training set, answered from our arrays by code; each pass over it is reported."""

    def __init__(self, log: Interactions, ctx: FitContext, passes: int) -> None:
        values = log.values.astype(np.float64)
        self.n_users, self.n_items = log.n_users, log.n_items
        self.global_mean = float(values.mean())
        self.rating_scale = (float(values.min()), float(values.max()))
        self.ur = _lists(log.users, log.items, values, log.n_users)
        self.ir = _lists(log.items, log.users, values, log.n_items)
        self._rows = list(zip(log.users.tolist(), log.items.tolist(), values.tolist(), strict=True))
        self._ctx, self._passes, self._done = ctx, passes, 0

    def all_ratings(self) -> Iterator[tuple[int, int, float]]:
        """Every rating as (customer, item, value); asked for once a pass, where a cancelled fit ends."""
        self._ctx.report(self._done / (self._passes + 1), f"round {self._done + 1} of {self._passes}")
        self._done += 1
        return iter(self._rows)

    def all_users(self) -> range:
        """All customer codes."""
        return range(self.n_users)

    def all_items(self) -> range:
        """All item codes."""
        return range(self.n_items)


def compact(log: Interactions) -> tuple[Interactions, Codes, Codes]:
    """The ratings under codes without gaps, and the code that each customer and item had before."""
    users, owners = np.unique(log.users, return_inverse=True)
    items, rows = np.unique(log.items, return_inverse=True)
    dense = replace(
        log,
        users=owners.astype(np.int32),
        items=rows.astype(np.int32),
        user_ids=log.user_ids[users],
        item_ids=log.item_ids[items],
    )
    return dense, users, items


def trained(name: str, ratings: Ratings, **settings: Any) -> Any:
    """Surprise's algorithm of this name, trained; what it learnt is read from its arrays."""
    import surprise

    return getattr(surprise, name)(**settings).fit(ratings)


def baselines(ratings: Ratings) -> Biases:
    """Biases by the alternating least squares that Surprise's k-NN baseline starts from."""
    from surprise import KNNBaseline

    model = KNNBaseline(verbose=False)
    model.trainset, model.bu, model.bi = ratings, None, None
    users, items = model.compute_baselines()
    return biases_of(ratings, users, items)


def biases_of(ratings: Ratings, users: Any, items: Any) -> Biases:
    """What customers and items deviate by from the mean, with the scale of the ratings."""
    low, high = ratings.rating_scale
    return Biases(ratings.global_mean, np.asarray(users), np.asarray(items), low, high)


def _lists(owners: Codes, others: Codes, values: Numbers, count: int) -> dict[int, list[tuple[int, float]]]:
    order = np.argsort(owners, kind="stable")
    pairs = list(zip(others[order].tolist(), values[order].tolist(), strict=True))
    ends = np.cumsum(np.bincount(owners, minlength=count)).tolist()
    return {code: pairs[start:end] for code, (start, end) in enumerate(zip([0, *ends], ends, strict=False))}
