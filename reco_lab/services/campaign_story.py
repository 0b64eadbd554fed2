"""The story of a campaign for somebody who was not there: real customers who got it, and what came of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.analysis.personas import personas
from reco_lab.campaigns.results import Judgement
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Kind
from reco_lab.services.campaign_lists import SENT, Prepared
from reco_lab.services.campaign_results import judgement
from reco_lab.services.recommending import permitted
from reco_lab.services.story import Example, standing_for
from reco_lab.workspace import Workspace


@dataclass(frozen=True, eq=False)
class CampaignStory:
    """A campaign whose lists are made. `judged` is None while nobody asked what came of it; `people` are real customers."""

    made: Prepared
    judged: Judgement | None
    people: tuple[Example, ...]


def campaign_story(workspace: Workspace, data: Dataset, made: Prepared) -> CampaignStory:
    """Gather what can be told of a campaign; people are chosen among those who got it, by their histories alone."""
    sent = made.customers.loc[made.customers["group"] == SENT, "customer_id"]
    codes = data.interactions.user_ids.get_indexer(pd.Index(sent))
    known = np.sort(codes[codes >= 0]).astype(np.int64)
    kinds = personas(data, data.interactions, known) if len(known) else []
    judged = judgement(workspace.campaigns.get(made.id))
    return CampaignStory(made, judged, tuple(standing_for(workspace, data, kinds)))


def shown_to(workspace: Workspace, data: Dataset, made: Prepared, who: str) -> pd.DataFrame | None:
    """What a customer was sent: place, title, because, price where known; None where she does not want it."""
    if not permitted(workspace, data, [who])[0]:
        return None
    return made.items[made.items["customer_id"] == who].sort_values("place")


def history(data: Dataset, who: str) -> pd.DataFrame:
    """A customer's interactions, newest first: item_id, title, kind, value and, where known, time."""
    log = data.interactions
    code = int(log.user_ids.get_indexer(pd.Index([who]))[0])
    rows = np.arange(log.user_starts[code], log.user_starts[code + 1])[::-1]
    frame = pd.DataFrame({
        "item_id": log.item_ids.take(log.items[rows]),
        "title": data.titles.to_numpy()[log.items[rows]],
        "kind": [Kind(kind).name for kind in log.kinds[rows]],
        "value": log.values[rows],
    })  # fmt: skip
    return frame if log.times is None else frame.assign(time=log.times[rows])
