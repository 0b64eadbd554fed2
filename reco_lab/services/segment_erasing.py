"""A customer out of the saved segments: off the lists in their rules, out of the members that they remember."""

from dataclasses import replace

import pandas as pd

from reco_lab.core.segment import without
from reco_lab.services.pending import Pending
from reco_lab.services.traces import Traces
from reco_lab.store.segments import KIND, Kept, SegmentRecord
from reco_lab.workspace import Workspace


def forget(workspace: Workspace, traces: Traces, pending: Pending) -> int:
    """Take her out of every saved segment; how many knew her. What remembered her goes when no record names it."""
    known = 0
    for record in workspace.segments.listing():
        definition = without(record.definition, lambda ids: frozenset(pd.Index(ids)[traces.among(ids)]))
        kept = _kept(workspace, traces, pending, record)
        if kept is not None or definition != record.definition:
            known += 1
            workspace.segments.change(record.id, definition=definition, kept=kept)
    return known


def titles(workspace: Workspace, traces: Traces) -> list[str]:
    """The segments that remember her, by title."""
    return [
        one.title for one in workspace.segments.listing() if _remembered(workspace, traces, one) is not None
    ]


def _kept(workspace: Workspace, traces: Traces, pending: Pending, record: SegmentRecord) -> Kept | None:
    """What the segment remembers without her; None where it does not know her."""
    left = _remembered(workspace, traces, record)
    if record.kept is None or left is None:
        return None
    pending.note([record.kept.artefact])
    artefact = workspace.artefacts.save(KIND, meta={"dataset": record.dataset}, tables={KIND: left})
    return replace(record.kept, artefact=artefact, size=len(left))


def _remembered(workspace: Workspace, traces: Traces, record: SegmentRecord) -> pd.DataFrame | None:
    """The members that it remembers but her; None where she is not among them."""
    if record.kept is None:
        return None
    table = workspace.artefacts.load(record.kept.artefact).tables[KIND]
    hers = traces.among(table["id"])
    return table[~hers].reset_index(drop=True) if hers.any() else None
