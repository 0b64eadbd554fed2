"""Interactions with what is known of the customers and the items."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.interactions import Interactions, Rows


@dataclass(frozen=True, eq=False)
class Truth:
    """What a simulated shop knows and a real one never does: who will buy what.

    `probability` is float32 users x items (the codes of the interactions): the chance that the customer
    buys the item at least once from `start` to `end`.
    """

    probability: NDArray[np.float32]
    start: np.datetime64
    end: np.datetime64


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set: the log, and two tables of attributes whose rows follow the log's codes.

    `customers` has one row a customer (index `interactions.user_ids`), `items` one row an item (index
    `interactions.item_ids`; columns such as title, category, price where known). Either may be None;
    what is not known of one customer or item is missing in its row.
    """

    name: str
    interactions: Interactions
    customers: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    truth: Truth | None = None
    synthetic: bool = False

    @classmethod
    def join(
        cls,
        name: str,
        interactions: Interactions,
        customers: pd.DataFrame | None = None,
        items: pd.DataFrame | None = None,
        *,
        synthetic: bool = False,
    ) -> "Dataset":
        """Join attribute tables (indexed by text id) to a log.

        Customers and items that only the tables know are added to the codes, so that a new item can be
        recommended before anybody touched it. A repeated id in a table keeps its last row.
        """
        log = _with_ids(interactions, customers, items)
        aligned = [
            None if table is None else table[~table.index.duplicated(keep="last")].reindex(ids)
            for table, ids in ((customers, log.user_ids), (items, log.item_ids))
        ]
        return cls(name, log, aligned[0], aligned[1], synthetic=synthetic)

    def take(self, rows: Rows) -> "Dataset":
        """The same customers and items with only these rows of the log."""
        return replace(self, interactions=self.interactions.take(rows))

    def without(self, customers: NDArray[np.bool_]) -> "Dataset":
        """The data set without some customers (a mask by code): their ids, rows, attributes and truth; all items stay."""
        staying, log = ~customers, self.interactions
        codes = (np.cumsum(staying) - 1).astype(np.int32)
        left = log.take(staying[log.users])
        return replace(
            self,
            interactions=replace(left, users=codes[left.users], user_ids=log.user_ids[staying]),
            customers=None if self.customers is None else self.customers[staying],
            truth=self.truth and replace(self.truth, probability=self.truth.probability[staying]),
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the log and both tables: the key of every cache, run and artefact."""
        digest = hashlib.sha256(self.interactions.fingerprint.encode())
        for table in (self.customers, self.items):
            if table is not None:
                digest.update("\0".join(map(str, table.columns)).encode())
                digest.update(pd.util.hash_pandas_object(table.astype("str")).to_numpy(np.uint64).tobytes())
        return digest.hexdigest()

    def title(self, item: int) -> str:
        """The item's title where there is one, else its id."""
        return str(self._title_array[item])

    @cached_property
    def _title_array(self) -> NDArray[np.object_]:
        return self.titles.to_numpy(object)

    @cached_property
    def titles(self) -> pd.Series:
        """A title for each item, by code; its id where no title is known."""
        ids = pd.Series(self.interactions.item_ids, index=self.interactions.item_ids, dtype="str")
        if self.items is None or "title" not in self.items:
            return ids
        return self.items["title"].astype("str").where(self.items["title"].notna(), ids)


def _with_ids(log: Interactions, customers: pd.DataFrame | None, items: pd.DataFrame | None) -> Interactions:
    user_ids = (
        log.user_ids if customers is None else log.user_ids.union(customers.index.astype("str")).unique()
    )
    item_ids = log.item_ids if items is None else log.item_ids.union(items.index.astype("str")).unique()
    if len(user_ids) == log.n_users and len(item_ids) == log.n_items:
        return log
    users = user_ids.get_indexer(log.user_ids)[log.users].astype(np.int32)
    codes = item_ids.get_indexer(log.item_ids)[log.items].astype(np.int32)
    return replace(log, users=users, items=codes, user_ids=user_ids, item_ids=item_ids)
