"""What a log's own rows say of its items: the title, category and price of a joined export."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.attributes import clean_attributes
from reco_lab.core.experiment import Columns
from reco_lab.core.words import agree, count
from reco_lab.services.mapping import item_columns

PRICE = "price"
_FREE = r"\D*0+(?:[.,]0+)?\D*"


@dataclass(frozen=True, eq=False)
class ItemSide:
    """A table indexed by item (title, category, price, as far as mapped), and by role how it came about."""

    frame: pd.DataFrame | None
    notes: dict[str, str]


def item_side(
    frame: pd.DataFrame, items: pd.Series, times: NDArray[np.int64] | None = None, *, columns: Columns
) -> ItemSide:
    """The items as the rows of `frame` describe them; `items` are their clean ids, row by row.

    `times` says of how many rows of the file each is one, where equal ones stand there once.

    What most rows of an item say holds, of two that are said as often the first; a price of nothing holds only where
    no other is known. How many items have others too is said. There is no table where none of `columns`, which are
    names, says anything of the items.
    """
    wanted = item_columns(columns)
    if not wanted:
        return ItemSide(None, {})
    texts = {role: frame[name].astype("str").str.strip() for role, name in wanted.items()}
    said = pd.DataFrame({role: text.where(text != "") for role, text in texts.items()})
    codes, names = pd.factorize(items)
    if PRICE in said:
        said[PRICE] = _priced(said[PRICE], codes)
    weights = np.ones(len(codes), np.int64) if times is None else times
    found = {role: _usual(said[role], codes, weights, len(names)) for role in wanted}
    usual = pd.DataFrame({"item": names} | {role: texts for role, (texts, _) in found.items()})
    table, _ = clean_attributes(usual, "item", "item", {role: role for role in wanted})
    notes = {
        role: _note(name, int(usual[role].notna().sum()), found[role][1]) for role, name in wanted.items()
    }
    return ItemSide(table, notes)


def told_beside(own: ItemSide, table: pd.DataFrame | None) -> dict[str, str]:
    """The notes, with the number of items of which a `table` of items (by item id) says the same, and so holds."""
    notes, mine = dict(own.notes), own.frame
    if mine is None or table is None:
        return notes
    for role in notes.keys() & set(mine) & set(table):
        both = mine.index[mine[role].notna()].intersection(table.index[table[role].notna()])
        notes[role] += f"; for {len(both):,} of them the table of items holds instead" if len(both) else ""
    return notes


def _priced(prices: pd.Series, items: NDArray[np.intp]) -> pd.Series:
    """The prices without those of nothing (a gift, a return), where another price of the item is known."""
    free = prices.str.fullmatch(_FREE).fillna(value=False).astype(bool)
    known = pd.Series(prices.notna() & ~free).groupby(items).transform("any")
    return prices.mask(free & known.to_numpy(bool))


def _usual(
    said: pd.Series, items: NDArray[np.intp], times: NDArray[np.int64], count: int
) -> tuple[pd.Series, int]:
    """By item what most of its rows say, and of how many items some rows say something else."""
    texts, distinct = pd.factorize(said)
    rows = np.flatnonzero((texts >= 0) & (items >= 0))
    pairs, firsts, which = np.unique(
        items[rows] * len(distinct) + texts[rows], return_index=True, return_inverse=True
    )
    often = np.bincount(which, times[rows], len(pairs))
    best_first = np.lexsort((firsts, -often, pairs // max(1, len(distinct))))
    of, told = np.divmod(pairs[best_first], max(1, len(distinct)))
    known, heads, texts_each = np.unique(of, return_index=True, return_counts=True)
    usual = pd.Series(distinct[told[heads]], index=known, dtype="str").reindex(range(count))
    return usual, int((texts_each > 1).sum())


def _note(column: str, known: int, several: int) -> str:
    verb = agree(several, "has", "have")
    others = f"; {several:,} {verb} more than one, the most frequent holds" if several else ""
    return f"from {column!r}, for {count(known, 'item')}{others}"
