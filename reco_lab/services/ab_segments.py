"""In which segments the customers of an A/B test are, whom the log knows by their pseudonyms alone."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.personal import pseudonym
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.published_segments import members
from reco_lab.services.publishing import plan_data, serving_plan
from reco_lab.workspace import Workspace

KNOWN, OTHERS = "in the data", "not in the data"
FEWEST = 2


def segments_of(workspace: Workspace, names: pd.Index) -> dict[str, NDArray[np.bool_]]:
    """Masks over these pseudonyms: the saved segments as what serves counted them, and who is in the data at all."""
    plan = serving_plan(workspace)
    if plan is None or not len(names):
        return {}
    key, ids = pseudonym_key(workspace), plan_data(workspace, plan).interactions.user_ids
    codes = pd.Index([pseudonym(key, str(id_)) for id_ in ids]).get_indexer(names)
    known = codes >= 0
    found = {KNOWN: known, OTHERS: ~known}
    for title, inside in members(workspace, plan.members).items():
        found[title] = known & inside[codes]
    return {title: mask for title, mask in found.items() if mask.sum() >= FEWEST}
