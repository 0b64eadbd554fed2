"""A customer out of the campaigns: off the lists that were made, out of the control groups that were drawn."""

from reco_lab.services.pending import Pending
from reco_lab.services.traces import Traces
from reco_lab.store.campaigns import ARTEFACT, CampaignRecord
from reco_lab.workspace import Workspace


def forget(workspace: Workspace, traces: Traces, pending: Pending) -> int:
    """Take her out of every campaign; how many knew her. What was judged with her stays: it is about no one customer."""
    known = 0
    for record in workspace.campaigns.listing():
        if record.artefact is None:
            continue
        kept = workspace.artefacts.load(record.artefact)
        ids = kept.tables["customers"]["customer_id"]
        hers = ids[traces.among(ids)]
        if hers.empty:
            continue
        known += 1
        left = {name: table[~table["customer_id"].isin(hers)] for name, table in kept.tables.items()}
        pending.note([record.artefact])
        workspace.campaigns.replaced(
            record,
            workspace.artefacts.save(
                ARTEFACT,
                meta=kept.meta,
                tables={name: table.reset_index(drop=True) for name, table in left.items()},
            ),
        )
    return known


def titles(workspace: Workspace, traces: Traces) -> list[str]:
    """The campaigns that know her, by title."""
    return [one.title for one in workspace.campaigns.listing() if _knows(workspace, traces, one)]


def _knows(workspace: Workspace, traces: Traces, record: CampaignRecord) -> bool:
    if record.artefact is None:
        return False
    people = workspace.artefacts.load(record.artefact).tables["customers"]
    return bool(traces.among(people["customer_id"]).any())
