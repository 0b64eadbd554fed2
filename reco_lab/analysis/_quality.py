"""How well chances and scores foretold what happened: areas, squared misses, and chances beside frequencies."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

CLASSES = 10


def auc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Of two people of whom one is `truth`: how often she has the higher score (ties count half); NaN without both."""
    yes = int(truth.sum())
    no = len(truth) - yes
    if not yes or not no:
        return float("nan")
    return float((stats.rankdata(scores)[truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def by_chance(truth: NDArray[np.bool_]) -> float:
    """How far from one half the area gets by chance (95 %), as Mann and Whitney have it."""
    yes = int(truth.sum())
    no = len(truth) - yes
    return float(1.96 * np.sqrt((yes + no + 1) / (12 * max(yes * no, 1))))


def brier(chances: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The mean squared miss of the chances: 0 is perfect."""
    return float(np.mean((chances - truth) ** 2))


def calibration(chances: NDArray[np.float64], truth: NDArray[np.bool_]) -> pd.DataFrame:
    """Customers in tenths by their chance: customers, said (mean chance) and happened (share); equal chances stay together."""
    edges = np.unique(np.quantile(chances, np.linspace(0, 1, CLASSES + 1)[1:-1]))
    table = pd.DataFrame(
        {"class": np.searchsorted(edges, chances, side="left"), "said": chances, "happened": truth}
    )
    grouped = table.groupby("class").agg(
        customers=("said", "size"), said=("said", "mean"), happened=("happened", "mean")
    )
    return grouped.reset_index(drop=True)
