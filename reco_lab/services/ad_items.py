"""Items for a customer, by what ranks the ads for her."""

import numpy as np

from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.ranking import top
from reco_lab.services.ad_messages import ItemsAnswer
from reco_lab.serving.decide import Standing, Weighed
from reco_lab.serving.snapshot import Snapshot


def best_items(
    snapshot: Snapshot, standing: Standing, data: Dataset | None, weighed: Weighed, user_id: str, k: int
) -> ItemsAnswer:
    """The k best: what she bought before is left out where ads leave it out; none where nobody could rank."""
    if weighed.ranker is None or weighed.batch is None or data is None:
        return ItemsAnswer(user_id, (), Stage.house, snapshot.version)
    scores = weighed.ranker.score(weighed.batch)[None, :].copy()
    if snapshot.hide_bought:
        bought = standing.histories.bought(weighed.batch)
        scores[0, bought[bought < scores.shape[1]]] = -np.inf
    items, values = top(scores, min(k, scores.shape[1]))
    ids = data.interactions.item_ids
    found = tuple(
        (str(ids[item]), snapshot.title(int(item)), float(value))
        for item, value in zip(items[0], values[0], strict=True)
        if item >= 0
    )
    return ItemsAnswer(user_id, found, weighed.stage, snapshot.version)
