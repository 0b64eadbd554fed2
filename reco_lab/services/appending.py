"""New rows behind those of an earlier version, and the last import undone."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from reco_lab.cleaning.cleaned import Mask
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.item_side import PRICE
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

_SAME = ["user", "item", "time", "kind", "value"]


def known_rows(earlier: Interactions, frame: pd.DataFrame) -> Mask:
    """Which rows of a clean table (user, item, value, kind, time) are in a log already, to the microsecond.

    Without times none are: an equal row may be a thing that happened again.
    """
    if earlier.times is None or "time" not in frame:
        return np.zeros(len(frame), bool)
    old, new = (
        table[_SAME].astype({"kind": "str", "value": np.float32}) for table in (earlier.frame(), frame)
    )
    hashes = [pd.util.hash_pandas_object(table, index=False).to_numpy() for table in (old, new)]
    suspects = np.isin(hashes[1], hashes[0])
    candidates = old[np.isin(hashes[0], hashes[1])].drop_duplicates()
    found = new[suspects].merge(candidates, on=_SAME, how="left", indicator=True)["_merge"] == "both"
    suspects[suspects] = found.to_numpy(bool)
    return suspects


def append(earlier: Dataset, later: Dataset, wins: Literal["later", "earlier"] = "later") -> Dataset:
    """Both logs in one, with both tables; where both know something of an id, the one that `wins` holds.

    Raises DataError where only one of them knows times, and for a simulated shop, whose truth would be lost.
    """
    if earlier.synthetic:
        raise DataError("Rows cannot be added to a simulated shop.", fix="Import them under another name.")
    logs = [one.interactions for one in (earlier, later)]
    if (logs[0].times is None) != (logs[1].times is None):
        lacking = "The earlier version" if logs[0].times is None else "This file"
        raise DataError(
            f"{lacking} has no times, the other has.", fix="Map a time, or import under another name."
        )
    frame = pd.concat([one.frame() for one in logs], ignore_index=True)
    time = None if logs[0].times is None else "time"
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "value", time, "kind"))
    first, last = (earlier, later) if wins == "later" else (later, earlier)
    customers, items = one_table(first.customers, last.customers), one_table(first.items, last.items)
    return Dataset.join(earlier.name, log, customers, items)


def same_file(workspace: Workspace, version: DatasetVersion, digest: str) -> bool:
    """Whether a file with this digest went into a version."""
    return digest in workspace.store.get_setting(_files_of(version), [])


def remember_files(
    workspace: Workspace, version: DatasetVersion, digest: str, earlier: DatasetVersion | None
) -> None:
    """Keep which files went into a version."""
    before = [] if earlier is None else workspace.store.get_setting(_files_of(earlier), [])
    workspace.store.set_setting(_files_of(version), [*dict.fromkeys([*before, digest])])


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files_of(version: DatasetVersion) -> str:
    return f"files/{version.name[:32]}/{version.fingerprint}"


def one_table(earlier: pd.DataFrame | None, later: pd.DataFrame | None) -> pd.DataFrame | None:
    """Two tables of customers or of items in one; where both know something of an id, the later holds.

    A price of nothing does not hold against another.
    """
    if earlier is None or later is None:
        return later if earlier is None else earlier
    mixed = [name for name in later if name in earlier and later[name].dtype != earlier[name].dtype]
    tables = [one.astype(dict.fromkeys(mixed, "str")) for one in (earlier, later)]
    names = [*dict.fromkeys([*earlier.columns, *later.columns])]
    both = tables[1].combine_first(tables[0])[names]
    if PRICE in mixed or not all(PRICE in one and is_numeric_dtype(one[PRICE]) for one in tables):
        return both
    charged = tables[1][[PRICE]].mask(tables[1][PRICE] == 0).combine_first(tables[0][[PRICE]])[PRICE]
    return both.assign(**{PRICE: charged.fillna(both[PRICE])})
