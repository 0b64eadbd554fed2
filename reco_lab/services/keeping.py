"""Data sets in the workspace: saved under their content, listed, loaded as fast as arrays can be read."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.core.dataset import Dataset, Truth
from reco_lab.core.errors import CorruptError, NotFoundError
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.store.artefacts import Artefact
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

KIND = "dataset"


@dataclass(frozen=True)
class Stored:
    """A data set on the disk that no record names yet."""

    artefact: str
    fingerprint: str
    summary: Mapping[str, Any]


def save_dataset(
    workspace: Workspace, dataset: Dataset, title: str = "", *, after: DatasetVersion | None = None
) -> DatasetVersion:
    """Keep a data set as the next version of its name; what is already there is not kept twice.

    `after` is the version that it was made of: DataError where that is not the newest any more, so that
    nothing that came (or a customer who was erased) meanwhile is lost (or comes back).
    """
    kept = store_dataset(workspace, dataset)
    return workspace.store.add_dataset(
        dataset.name,
        kept.fingerprint,
        kept.artefact,
        kept.summary,
        dataset.synthetic,
        title=title,
        after="" if after is None else after.fingerprint,
    )


def store_dataset(workspace: Workspace, dataset: Dataset) -> Stored:
    """Write a data set to the disk; it counts once a record names it."""
    dataset = _without_empty_tables(dataset)
    log, truth = dataset.interactions, dataset.truth
    arrays: dict[str, Any] = {
        "users": log.users,
        "items": log.items,
        "values": log.values,
        "kinds": log.kinds,
    }
    if log.times is not None:
        arrays["times"] = log.times.astype("datetime64[us]").view(np.int64)
    meta: dict[str, Any] = {"synthetic": dataset.synthetic, "truth": None}
    if truth is not None:
        arrays["truth"] = truth.probability
        meta["truth"] = [str(truth.start), str(truth.end)]
    tables = {"user_ids": _ids(log.user_ids), "item_ids": _ids(log.item_ids)}
    tables |= {
        name: table.reset_index(drop=True)
        for name, table in (("customers", dataset.customers), ("items", dataset.items))
        if table is not None
    }
    with ThreadPoolExecutor(1) as beside:  # of a large log, hashing and counting take as long as writing
        told = beside.submit(lambda: (dataset.fingerprint, summary(dataset)))
        artefact = workspace.artefacts.save(KIND, arrays=arrays, meta=meta, tables=tables)
        fingerprint, counts = told.result()
    return Stored(artefact, fingerprint, counts)


def load_version(workspace: Workspace, record: DatasetVersion) -> Dataset:
    """The data set of a version, dropped or not. NotFoundError, CorruptError."""
    return _restored(record, workspace.artefacts.load(record.artefact))


def load_dataset(workspace: Workspace, name: str, version: int | None = None) -> Dataset:
    """A data set of the workspace, its newest version unless one is named. NotFoundError, CorruptError."""
    return load_version(workspace, workspace.store.dataset(name, version))


def load_content(workspace: Workspace, name: str, fingerprint: str) -> Dataset:
    """The version of a data set with this content, dropped or not; NotFoundError once it is forgotten.

    No other version stands in: whoever asks knows customers and items by their places in this one.
    """
    every = workspace.store.all_versions()
    found = next((one for one in every if (one.name, one.fingerprint) == (name, fingerprint)), None)
    if found is None:
        raise NotFoundError(
            f"The version of {name!r} that this was made of is not kept any more.",
            fix="Choose a version that is here, or publish a model that learnt from one.",
        )
    return load_version(workspace, found)


def list_datasets(workspace: Workspace) -> list[DatasetVersion]:
    """The newest version of every data set."""
    return workspace.store.datasets()


def summary(dataset: Dataset) -> dict[str, Any]:
    """What a list of data sets shows, as JSON values: counts, first and last day, kinds, share of pairs filled."""
    log = dataset.interactions
    kinds = {kind.name: int(np.count_nonzero(log.kinds == kind)) for kind in Kind}
    cells = log.n_users * log.n_items
    return {
        "rows": len(log),
        "customers": log.n_users,
        "items": log.n_items,
        "first": None if log.times is None else str(log.times.min().astype("datetime64[s]")),
        "last": None if log.times is None else str(log.times.max().astype("datetime64[s]")),
        "kinds": {name: count for name, count in kinds.items() if count},
        "density": len(log.pairs) / cells if cells else 0.0,
        "customer_columns": _columns(dataset.customers),
        "item_columns": _columns(dataset.items),
    }


def _without_empty_tables(dataset: Dataset) -> Dataset:
    """The same without a table that has no columns: it says no more than the ids, which the log has."""
    customers, items = (
        None if table is None or not len(table.columns) else table
        for table in (dataset.customers, dataset.items)
    )
    return replace(dataset, customers=customers, items=items)


def _columns(table: pd.DataFrame | None) -> list[str]:
    return [] if table is None else [str(name) for name in table.columns]


def _ids(ids: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"id": ids})


def _restored(record: DatasetVersion, artefact: Artefact) -> Dataset:
    arrays, tables = artefact.arrays, artefact.tables
    if artefact.kind != KIND:
        raise CorruptError(f"The file of data set {record.name!r} holds a {artefact.kind}.")
    user_ids, item_ids = (
        pd.Index(tables[name]["id"], dtype="str", name=None) for name in ("user_ids", "item_ids")
    )
    log = Interactions(
        users=arrays["users"],
        items=arrays["items"],
        values=arrays["values"],
        times=arrays["times"].view("datetime64[us]") if "times" in arrays else None,
        kinds=arrays["kinds"],
        user_ids=user_ids,
        item_ids=item_ids,
    )
    customers, items = (
        None if name not in tables else tables[name].set_index(ids)
        for name, ids in (("customers", user_ids), ("items", item_ids))
    )
    truth = None
    if artefact.meta["truth"] is not None:
        start, end = (np.datetime64(moment) for moment in artefact.meta["truth"])
        truth = Truth(arrays["truth"], start, end)
    return Dataset(record.name, log, customers, items, truth, artefact.meta["synthetic"])
