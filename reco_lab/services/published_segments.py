"""Who is in which saved segment, as a publication knows it: counted once on its data, by customer code."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.workspace import Workspace

KIND = "segment-members"


def count_members(workspace: Workspace, data: Dataset) -> str:
    """Count the saved segments of these data and keep who is in each; the artefact's id, empty where there are none.

    A rule that these data cannot answer is left out and logged.
    """
    saved = workspace.segments.listing(data.name)
    if not saved:
        return ""
    from reco_lab.analysis.measured import Measured  # a server starts without the analyses
    from reco_lab.analysis.membership import mask

    known, arrays = Measured(data), dict[str, NDArray[np.uint8]]()
    for record in saved:
        try:
            arrays[record.title] = np.packbits(mask(known, record.definition))
        except InputError as error:
            workspace.log.reference(error)
    titles = sorted(arrays)
    return workspace.artefacts.save(
        KIND,
        arrays={f"s{place}": arrays[title] for place, title in enumerate(titles)},
        meta={"titles": titles, "customers": data.interactions.n_users},
    )


def members(workspace: Workspace, artefact: str) -> Mapping[str, NDArray[np.bool_]]:
    """Who is in each segment that a publication counted, by title. CorruptError, NotFoundError."""
    if not artefact:
        return {}
    found = workspace.artefacts.load(artefact)
    size = found.meta["customers"]
    return {
        title: np.unpackbits(found.arrays[f"s{place}"], count=size).astype(np.bool_)
        for place, title in enumerate(found.meta["titles"])
    }
