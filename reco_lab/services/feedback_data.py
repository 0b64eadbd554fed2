"""The log of what was served and done, as a data set that trains: the loop is closed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.events import Decision, Feedback, FeedbackKind
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.services import bookings
from reco_lab.services.appending import append as appended
from reco_lab.services.decisions import open_log
from reco_lab.services.keeping import load_dataset, save_dataset
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

KINDS: Mapping[FeedbackKind, Kind] = {
    FeedbackKind.impression: Kind.view,
    FeedbackKind.click: Kind.click,
    FeedbackKind.conversion: Kind.purchase,
}
COLUMNS = ColumnMap(user="customer", item="item", value="value", time="time", kind="kind")


@dataclass(frozen=True)
class FeedbackData:
    """A data set made of the log, and what of the log is not in it: events of ads that promote no item, and of nobody."""

    dataset: DatasetVersion
    rows: int
    without_item: int
    without_customer: int


def feedback_table(workspace: Workspace, log: EventLog) -> tuple[pd.DataFrame, int, int]:
    """The log as interactions (customer, item, time, kind, value); how many events have no item, and no customer.

    Visits are what they are. An impression of an ad is a view of the item that it promotes, a click a click, a
    conversion a purchase of the value that was told; a dismissal is no interaction. An ad that was withdrawn
    since, or that promotes a category, has no item.
    """
    promoted = {ad.id: ad.item for ad in bookings.ads(workspace)}
    rows: list[tuple[str, str, object, int, float]] = [
        (one.customer, one.item_id, one.at, int(Kind[one.kind]), one.value) for _, one in log.visits()
    ]
    without_item = without_customer = 0
    placed = dict(_placed(log.all_decisions()))
    for _, event in log.feedback():
        kind = KINDS.get(event.kind)
        if kind is None or event.decision_id not in placed:
            continue
        customer, ad = placed[event.decision_id]
        item = promoted.get(ad)
        without_customer += not customer
        without_item += bool(customer) and item is None
        if customer and item is not None:
            rows.append((customer, item, event.at, int(kind), _value(event)))
    frame = pd.DataFrame(rows, columns=["customer", "item", "time", "kind", "value"])
    return frame, without_item, without_customer
