"""Several sources in one data set: ids that differ are joined, contradictions counted, and who brought what is kept."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from reco_lab.cleaning.ids import spelled
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import MappingError
from reco_lab.core.interactions import ColumnMap
from reco_lab.core.source import Table
from reco_lab.core.stored import known
from reco_lab.core.words import agree, count
from reco_lab.sources import sniff
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

LOG = "the log of the ads"  # the part that comes from no file
Wins = Literal["later", "earlier"]
_ROLES: tuple[Literal["user", "item"], ...] = ("user", "item")
_WHAT = {"user": "customer", "item": "item"}
_WIDEST = 20
_NEAR = 1e-9


@dataclass(frozen=True)
class Part:
    """A file that went into a version: its name, its kind, how many of its rows are in, and `by` what if by no person."""

    file: str
    format: str
    rows: int
    by: str = ""


@dataclass(frozen=True, eq=False)
class Joined:
    """Ids of one role that were translated: what each of the file's becomes, and the account in a sentence."""

    role: Literal["user", "item"]
    ids: Mapping[str, str]
    sentence: str

    def of(self, ids: pd.Series) -> pd.Series:
        """The ids as the data set knows them; those that the table lacks stay as they are."""
        own = spelled(ids)
        return own.map(dict(self.ids)).fillna(own).astype("str")

    def after(self, spell: Callable[[pd.Series], pd.Series] | None) -> Callable[[pd.Series], pd.Series]:
        """The translation, and behind it another way to spell ids."""
        return self.of if spell is None else lambda ids: spell(self.of(ids))


def join_ids(table: Table, mapping: ColumnMap, path: Path, known: Dataset | None) -> tuple[Table, Joined]:
    """The table with the ids of a data set in place of its own, by a file with a column for each.

    Which column is whose, and whether it is about customers or items, is told by the ids themselves (`known` is the
    data set that the rows join). Raises MappingError where no column has any of the file's ids.
    """
    pairs = sniff(path).read(path).frame
    if pairs.shape[1] < 2:
        raise MappingError(
            "A table of ids needs two columns: the ids of this file, and those of the data set.",
            where=path.name,
        )
    role, own, other = _columns(table, mapping, pairs, path, known)
    clean = pairs[[own, other]].dropna().apply(spelled)
    several = int(clean.drop_duplicates().groupby(own)[other].nunique().gt(1).sum())
    ids = clean.drop_duplicates(own).set_index(own)[other]
    column = getattr(mapping, role)
    before = spelled(table.frame[column])
    distinct = pd.Index(before.dropna().unique())
    found = int(distinct.isin(ids.index).sum())
    sentence = (
        f"{found:,} of {count(len(distinct), _WHAT[role])} go by the ids of {path.name} ({own} → {other}); "
        f"{len(distinct) - found:,} are not in it and keep theirs."
    )
    if several:
        sentence += f" {count(several, 'id')} {agree(several, 'has', 'have')} several there: the first holds."
    joined = Joined(role, dict(zip(ids.index, ids, strict=True)), sentence)
    frame = table.frame.assign(**{column: joined.of(table.frame[column])})
    return replace(table, frame=frame), joined


def _columns(
    table: Table, mapping: ColumnMap, pairs: pd.DataFrame, path: Path, known: Dataset | None
) -> tuple[Literal["user", "item"], str, str]:
    """The role it is about, the column with the file's ids, and the one with the data set's."""
    names = [str(name) for name in pairs.columns[:_WIDEST]]
    held = {name: pd.Index(spelled(pairs[name].dropna()).unique()) for name in names}
    logs = None if known is None else known.interactions
    there = {"user": None if logs is None else logs.user_ids, "item": None if logs is None else logs.item_ids}
    best: tuple[int, int] = (0, 0)
    chosen: tuple[Literal["user", "item"], str, str] | None = None
    for role in _ROLES:
        own = pd.Index(spelled(table.frame[getattr(mapping, role)].dropna()).unique())
        targets = there[role]
        for name in names:
            for other in names:
                score = (
                    int(held[name].isin(own).sum()),
                    0 if targets is None else int(held[other].isin(targets).sum()),
                )
                if name != other and score[0] and score > best:
                    best, chosen = score, (role, name, other)
    if chosen is None:
        raise MappingError(
            "No column of the table of ids holds ids of this file.",
            where=path.name,
            fix="Bring a table with a column of this file's ids and one of the data set's.",
        )
    return chosen


def conflicts(earlier: Dataset, later: Dataset, wins: Wins) -> Iterator[str]:
    """What two data sets say differently of the same customers and items, a sentence a column."""
    holder = "what this file says holds" if wins == "later" else "what was there before holds"
    for what, one, two in (
        ("customer", earlier.customers, later.customers),
        ("item", earlier.items, later.items),
    ):
        if one is None or two is None:
            continue
        both = one.index.intersection(two.index)
        for name in [name for name in two if name in one]:
            if differ := _differing(one[name].reindex(both), two[name].reindex(both)):
                yield f"{count(differ, what)} {agree(differ, 'has', 'have')} another {name} in this file: {holder}."


def _differing(one: pd.Series, two: pd.Series) -> int:
    known = (one.notna() & two.notna()).to_numpy(bool)
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(two):
        apart = ~np.isclose(one.to_numpy(np.float64), two.to_numpy(np.float64), rtol=_NEAR, equal_nan=True)
    else:
        apart = (one.astype("str") != two.astype("str")).to_numpy(bool)
    return int((known & apart).sum())


def parts(workspace: Workspace, version: DatasetVersion) -> tuple[Part, ...]:
    """The files that went into a version, in the order in which they came."""
    return tuple(known(Part, one) for one in workspace.store.get_setting(_of(version), []))


def remember_part(
    workspace: Workspace, version: DatasetVersion, part: Part, earlier: DatasetVersion | None
) -> None:
    """Keep that a file went into a version, behind those of the version before it; one that gave nothing is not kept."""
    before = () if earlier is None else parts(workspace, earlier)
    if earlier is not None and earlier.fingerprint == version.fingerprint:
        return
    workspace.store.set_setting(_of(version), [asdict(one) for one in (*before, part)])


def _of(version: DatasetVersion) -> str:
    return f"parts/{version.name[:32]}/{version.fingerprint}"
