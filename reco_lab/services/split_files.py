"""An experiment's own files: train, validation and test, as published benchmarks come."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.analysis.columns import ITEM_ROLES
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.interactions import clean_interactions
from reco_lab.core.clock import Clock
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, SpecError
from reco_lab.core.experiment import DataSpec
from reco_lab.core.interactions import Interactions
from reco_lab.core.ranking import Candidates
from reco_lab.core.source import Table
from reco_lab.core.words import count
from reco_lab.services.mapping import column_map, named_columns
from reco_lab.sources import sniff
from reco_lab.splits.given import Part, join_parts


def read_split_files(
    spec: DataSpec, base: Path, clock: Clock
) -> tuple[Dataset, NDArray[np.uint8], Candidates | None]:
    """Read the files that `spec` names, relative to `base`.

    Returns the data set of all rows, the part of each row (0 train, 1 validation, 2 test) and what may be
    recommended to whom where a file says so: "customer item item ..." lines, a table of pairs, or one item
    a line. Raises SpecError without a train file, DataError where a file loses rows in cleaning.
    """
    if spec.train is None:
        raise SpecError("The experiment names neither a data set nor a train file.", fix="Give data.train.")
    if spec.columns is not None and any(getattr(spec.columns, role) is not None for role in ITEM_ROLES):
        raise SpecError(
            "The files of a published split say nothing of their items.",
            where="data.columns",
            fix=f"Leave out {', '.join(ITEM_ROLES)}, or import the file and name the data set.",
        )
    named = ((Part.train, spec.train), (Part.validation, spec.validation), (Part.test, spec.test))
    files = [(part, base / name) for part, name in named if name is not None]
    log, parts = join_parts([_log(spec, path, clock) for _, path in files], [part for part, _ in files])
    name = Path(spec.train).stem
    if spec.candidates is None:
        return Dataset(name, log), parts, None
    return _with_candidates(Dataset(name, log), parts, _read(spec, base / spec.candidates))


def _read(spec: DataSpec, path: Path) -> Table:
    if spec.format == "lists":
        return sniff(path, "lists").read(path)
    source = sniff(path)
    return source.read(path, header=spec.header)


def _log(spec: DataSpec, path: Path, clock: Clock) -> Interactions:
    table = _read(spec, path)
    as_lists = table.dialect.get("format") == "lists"
    columns = column_map(named_columns(table.frame, None if as_lists else spec.columns))
    clean = clean_interactions(table.frame, columns, clock.now())
    if len(clean.refused):
        first = clean.refused.iloc[0]
        raise DataError(
            f"{count(len(clean.refused), 'row')} cannot be used; line {first['line']} {first['reason']}.",
            where=path.name,
            fix="The rows of a published split are not to be changed: mend the file.",
        )
    return Interactions.from_frame(clean.frame, clean.columns)


def _with_candidates(
    data: Dataset, parts: NDArray[np.uint8], table: Table
) -> tuple[Dataset, NDArray[np.uint8], Candidates]:
    frame = table.frame
    pairs = [clean_ids(frame[name], "candidate").values for name in frame.columns[:2]]
    items = pd.DataFrame(index=pd.Index(pairs[-1].unique(), dtype="str"))
    customers = pd.DataFrame(index=pd.Index(pairs[0].unique(), dtype="str")) if len(pairs) == 2 else None
    log = Dataset.join(data.name, data.interactions, customers, items).interactions
    wider = Dataset(data.name, log)
    codes = log.item_ids.get_indexer(pd.Index(pairs[-1]))
    if len(pairs) == 1:
        return wider, parts, Candidates(items=np.isin(np.arange(log.n_items), codes))
    rows = log.user_ids.get_indexer(pd.Index(pairs[0]))
    ones = np.ones(len(rows), np.float32)
    allowed = sparse.coo_matrix((ones, (rows, codes)), shape=(log.n_users, log.n_items)).tocsr()
    allowed.data[:] = 1
    return wider, parts, Candidates(pairs=allowed)
