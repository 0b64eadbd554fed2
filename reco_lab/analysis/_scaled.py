"""Behaviour brought to one scale, so that no trait outweighs another by its unit or by a few extreme customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import ParameterError
from reco_lab.core.features import Encoder

LOGS = ("visits", "recency", "spent", "basket_size", "variety")
TRAITS = ("visits", "recency", "spent", "basket_size", "variety", "weekend", "evening", "price_level")
SHRUNK = ("weekend", "evening", "price_level")
LINES = 5
TAIL = 0.01
MOST_COLUMNS = 60


@dataclass(frozen=True, eq=False)
class Scaled:
    """`values` is customers x `names`: each trait in standard deviations from everyone's mean; missing is 0.

    `customers` are the codes of its rows.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    customers: NDArray[np.int64]


def scaled(table: pd.DataFrame, data: Dataset, attributes: tuple[str, ...] = ()) -> Scaled:
    """Scale the traits of a behaviour table and encode these columns of the table of customers beside them.

    Counts and money go by their logarithms, shares of short histories are drawn to everyone's (as if by 5 more
    lines), the outermost 1 % at each end count as that limit; a trait that is the same for all is left out.
    """
    lines = (table["visits"] * table["basket_size"]).to_numpy()
    columns = {name: _trait(table, name, lines) for name in TRAITS if name in table}
    kept = {name: column for name, column in columns.items() if column.std() > 1e-9}
    codes = table.index.to_numpy(np.int64)
    parts = [np.column_stack([_standard(column) for column in kept.values()])] if kept else []
    names, encoded = _encoded(data, codes, attributes)
    found = np.column_stack([np.zeros((len(table), 0)), *parts, encoded])
    return Scaled(found, (*kept, *names), codes)


def _trait(table: pd.DataFrame, name: str, lines: NDArray[np.float64]) -> NDArray[np.float64]:
    column = table[name].to_numpy(np.float64)
    if name in LOGS:
        column = np.log1p(np.maximum(column, 0))
    column = np.where(np.isfinite(column), column, np.nanmean(column) if np.isfinite(column).any() else 0.0)
    if name in SHRUNK:
        column = (column * lines + column.mean() * LINES) / (lines + LINES)
    low, high = np.quantile(column, (TAIL, 1 - TAIL))
    return np.asarray(np.clip(column, low, high), np.float64)


def _standard(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((column - column.mean()) / column.std(), np.float64)


def _encoded(
    data: Dataset, codes: NDArray[np.int64], attributes: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    known = () if data.customers is None else tuple(map(str, data.customers.columns))
    for name in attributes:
        if name not in known:
            raise ParameterError(
                f"The table of customers has no column {name!r}.",
                fix=f"It has: {', '.join(known) or 'none'}.",
            )
    if not attributes or data.customers is None:
        return (), np.zeros((len(codes), 0))
    rows = data.customers.iloc[codes][list(attributes)].reset_index(drop=True)
    encoder = Encoder.learn(rows)
    if not 0 < len(encoder.names) <= MOST_COLUMNS:
        raise ParameterError(
            f"{' and '.join(map(repr, attributes))} say too little or have too many values to group customers by.",
            fix="Choose columns with a few values each.",
        )
    return encoder.names, encoder.apply(rows).toarray().astype(np.float64)
