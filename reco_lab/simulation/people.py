"""The customers: what the shop knows of them, and what only the simulator knows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.simulation.assortment import (
    BRANDS,
    GOODS,
    LIFESTYLE_SHARES,
    LIFESTYLES,
    MEAN_AGES,
    REGIONS,
    STYLES,
)
from reco_lab.simulation.catalogue import Codes, Floats, numbered
from reco_lab.simulation.spec import Shop

PEOPLE_STREAM = 2
VISITS_PER_DAY = 0.026
ROBOT_SHARE = 0.002
EARLIER_CUSTOMERS = 0.65
KNOWN_LIFESTYLES = 0.6


@dataclass(frozen=True, eq=False)
class People:
    """The customers, in the order of their ids.

    `table` is what a shop knows (index: customer id). The arrays have one row a customer: `interest`
    customers x kinds of goods, `loyalty` customers x brands, `taste` customers x styles, `budget` the log of
    the price level they like, `thrift` how much a high price deters them, `activity` the rate of visits a
    day, `curiosity` the items they look up by themselves in a visit, `resolve` the chance that a cart is
    paid, `joined` the day they sign up (negative: before the start). Robots visit but never buy.
    """

    table: pd.DataFrame
    interest: Floats
    loyalty: Floats
    taste: Floats
    budget: Floats
    thrift: Floats
    activity: Floats
    curiosity: Floats
    resolve: Floats
    joined: Codes
    robot: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.robot)


def make_people(spec: Shop) -> People:
    """Draw the customers of a shop; the same specification gives the same ones."""
    rng, n = spec.rng(PEOPLE_STREAM), spec.customers
    lifestyle = np.searchsorted(np.cumsum(LIFESTYLE_SHARES), rng.random(n)).clip(max=len(LIFESTYLES) - 1)
    joined = np.where(
        rng.random(n) < EARLIER_CUSTOMERS,
        -(rng.random(n) * 900).astype(np.int64) - 1,
        (rng.random(n) * spec.days).astype(np.int64),
    )
    robot = np.zeros(n, bool)
    robot[rng.permutation(n)[: max(2, round(ROBOT_SHARE * n))]] = True
    activity = VISITS_PER_DAY * np.exp(0.9 * rng.standard_normal(n))
    return People(
        table=_table(spec, rng, lifestyle, joined),
        interest=_interests()[lifestyle] + 1.35 * rng.standard_normal((n, len(GOODS))),
        loyalty=1.1 * rng.standard_normal((n, len(BRANDS))),
        taste=1.3 * rng.standard_normal((n, len(STYLES))),
        budget=0.35 * rng.standard_normal(n),
        thrift=np.exp(0.5 * rng.standard_normal(n)),
        activity=np.where(robot, 0.0, activity),
        curiosity=0.5 + 1.4 * rng.random(n),
        resolve=0.45 + 0.4 * rng.random(n),
        joined=joined,
        robot=robot,
    )


def _interests() -> Floats:
    """Lifestyles x kinds of goods: how much each lifestyle is drawn to each kind, on a log scale."""
    names = [kind.name for kind in GOODS]
    rows = np.zeros((len(LIFESTYLES), len(GOODS)))
    for row, favourites in zip(rows, LIFESTYLES.values(), strict=True):
        row[[names.index(name) for name in favourites]] = 2.8
    return rows


def _table(spec: Shop, rng: np.random.Generator, lifestyle: Codes, joined: Codes) -> pd.DataFrame:
    n = len(lifestyle)
    gender = np.array(["female", "male", "diverse"])[np.searchsorted((0.51, 0.985), rng.random(n))]
    told = rng.random(n) < KNOWN_LIFESTYLES
    return pd.DataFrame(
        {
            "age": (np.array(MEAN_AGES)[lifestyle] + 11 * rng.standard_normal(n))
            .astype(np.int64)
            .clip(18, 88),
            "gender": gender,
            "region": np.array(REGIONS)[(rng.random(n) * len(REGIONS)).astype(np.int64)],
            "lifestyle": pd.Series(np.array(list(LIFESTYLES))[lifestyle], dtype="str").where(told).to_numpy(),
            "signup": spec.moment(0) + joined.astype("timedelta64[D]"),
            "consent": rng.random(n) < 0.72,
        },
        index=numbered("C", n, "customer"),
    )
