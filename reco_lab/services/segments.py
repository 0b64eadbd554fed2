"""Segments: saved as a rule, computed on the data at hand, kept as members at a time."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis import membership
from reco_lab.analysis.measured import Measured
from reco_lab.analysis.rfm import NAMES, rfm
from reco_lab.core.conditions import Rfm, RfmName
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError
from reco_lab.core.segment import Definition, checked
from reco_lab.store.records import DatasetVersion
from reco_lab.store.segments import KIND, Kept, SegmentRecord
from reco_lab.workspace import Workspace

__all__ = [
    "Drift", "Kept", "SegmentRecord", "delete", "drift", "keep", "listing", "mask", "members", "of_class",
    "redefine", "rename", "save", "saved_titles", "segment", "told",
]  # fmt: skip

_LEAST = 1e-4


@dataclass(frozen=True)
class Drift:
    """How a segment moved since its members were kept.

    `psi` is the population stability index of the members' RFM classes: below 0.1 the mix is the same, above
    0.25 it is another one; None where it cannot be told.
    """

    before: int
    now: int
    joined: int
    left: int
    psi: float | None


def listing(workspace: Workspace, dataset: str) -> list[SegmentRecord]:
    """The saved segments of a data set, by title."""
    return workspace.segments.listing(dataset)


def saved_titles(workspace: Workspace) -> list[str]:
    """The names of all saved segments, of whatever data set."""
    return sorted({one.title for one in workspace.segments.listing()})


def segment(workspace: Workspace, id_: str) -> SegmentRecord:
    """One saved segment; NotFoundError if there is none with this id."""
    return workspace.segments.segment(id_)


def mask(data: Dataset, definition: Definition) -> NDArray[np.bool_]:
    """Who fulfils a rule, by customer code. NotFoundError, DataError."""
    return membership.mask(Measured(data), definition)


def members(workspace: Workspace, data: Dataset, segment_id: str) -> NDArray[np.bool_]:
    """Who is in a saved segment, by customer code, its rule computed on these data. NotFoundError, DataError."""
    return mask(data, segment(workspace, segment_id).definition)


def told(workspace: Workspace, data: Dataset, dataset: str) -> dict[str, NDArray[np.bool_]]:
    """The members of every saved segment of a data set by its title, on these data; without those that cannot be told."""
    found = {}
    for record in listing(workspace, dataset):
        with suppress(InputError):
            found[record.title] = mask(data, record.definition)
    return found


def save(
    workspace: Workspace, version: DatasetVersion, data: Dataset, title: str, definition: Definition
) -> SegmentRecord:
    """Save a segment under a name, with its members as of now.

    Raises InputError for a rule that nobody fulfils or that is too long, DataError for a name that is taken.
    """
    kept = _kept(workspace, version, data, _somebody(data, checked(definition)))
    return workspace.segments.add(secrets.token_hex(8), version.name, title, definition, kept)


def of_class(workspace: Workspace, version: DatasetVersion, data: Dataset, name: RfmName) -> SegmentRecord:
    """The saved segment of a class of recency, frequency and money; saved under the class's name where there is none.

    Raises InputError where nobody is in it or nobody can say who is.
    """
    rule, title = Rfm(classes=(name,)), name.capitalize()
    there = listing(workspace, version.name)
    if found := next((one for one in there if one.definition == rule), None):
        return found
    if title in {one.title for one in there}:
        title = f"{title} (class)"
    return save(workspace, version, data, title, rule)


def keep(workspace: Workspace, version: DatasetVersion, data: Dataset, id_: str) -> SegmentRecord:
    """Keep who is in it now, in place of who was in it; NotFoundError."""
    inside = members(workspace, data, id_)
    return workspace.segments.change(id_, kept=_kept(workspace, version, data, inside))


def redefine(
    workspace: Workspace, version: DatasetVersion, data: Dataset, id_: str, definition: Definition
) -> SegmentRecord:
    """Give a segment another rule, with its members as of now; errors as `save`."""
    kept = _kept(workspace, version, data, _somebody(data, checked(definition)))
    return workspace.segments.change(id_, definition=definition, kept=kept)


def rename(workspace: Workspace, id_: str, title: str) -> SegmentRecord:
    """Give a segment another name; NotFoundError, DataError for a name that is taken."""
    return workspace.segments.change(id_, title=title)


def delete(workspace: Workspace, id_: str) -> None:
    """Delete a segment: its rule and its kept members; NotFoundError."""
    workspace.segments.remove(id_)


def drift(workspace: Workspace, data: Dataset, record: SegmentRecord, now: NDArray[np.bool_]) -> Drift | None:
    """Hold who is in a segment `now` against who was when its members were kept; None if they never were."""
    if record.kept is None:
        return None
    before = data.interactions.user_ids.isin(
        workspace.artefacts.load(record.kept.artefact).tables[KIND]["id"]
    )
    both = int((now & before).sum())
    size = int(now.sum())
    return Drift(
        record.kept.size, size, size - both, record.kept.size - both, _psi(record.kept.mix, _mix(data, now))
    )


def _somebody(data: Dataset, definition: Definition) -> NDArray[np.bool_]:
    inside = mask(data, definition)
    if not inside.any():
        raise InputError(
            "Nobody fulfils this rule.",
            where=definition.words if len(definition.words) < 200 else "The rule of the segment",
            fix="Loosen a condition until the count is above 0.",
        )
    return inside


def _kept(workspace: Workspace, version: DatasetVersion, data: Dataset, inside: NDArray[np.bool_]) -> Kept:
    ids = pd.DataFrame({"id": data.interactions.user_ids[inside]})
    artefact = workspace.artefacts.save(KIND, meta={"dataset": version.name}, tables={KIND: ids})
    return Kept(
        version=version.version,
        fingerprint=version.fingerprint,
        size=len(ids),
        customers=data.interactions.n_users,
        artefact=artefact,
        at=workspace.clock.now().isoformat(),
        mix=_mix(data, inside),
    )


def _mix(data: Dataset, inside: NDArray[np.bool_]) -> dict[str, float]:
    """The share of each RFM class among the members who bought; empty where there are no classes."""
    try:
        codes = rfm(data).codes[inside]
    except DataError:
        return {}
    counts = np.bincount(codes[codes >= 0], minlength=len(NAMES))
    total = int(counts.sum())
    return {name: float(n / total) for name, n in zip(NAMES, counts, strict=True) if n} if total else {}


def _psi(before: Mapping[str, float], now: Mapping[str, float]) -> float | None:
    if not before or not now:
        return None
    was, is_ = (np.maximum([mix.get(name, 0.0) for name in NAMES], _LEAST) for mix in (before, now))
    return float(((is_ - was) * np.log(is_ / was)).sum())
