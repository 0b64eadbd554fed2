"""The log of what was served and done, as a data set that trains: the loop is closed."""

from dataclasses import dataclass, replace

import pandas as pd

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.events import FeedbackKind
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.services import bookings
from reco_lab.services.appending import append, known_rows
from reco_lab.services.decisions import open_log
from reco_lab.services.keeping import load_version, save_dataset
from reco_lab.services.merging import LOG, Part, parts, remember_part
from reco_lab.services.privacy import objecting, pseudonym_key
from reco_lab.services.recipes import pass_on
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

MEANING = {FeedbackKind.click: Kind.click, FeedbackKind.conversion: Kind.purchase}
SAME_DEED = pd.Timedelta(minutes=30)
_COLUMNS = ["customer", "item", "kind", "time", "value"]
_MAP = ColumnMap(user="customer", item="item", value="value", time="time", kind="kind")


@dataclass(frozen=True)
class FeedbackData:
    """A data set that was made of the log, how many rows the log gave, and what of the log is not among them.

    `rows` are those that were not in the other data set already. `without_item` are clicks and conversions of
    ads that promote no item (any more), `without_customer` those of decisions for nobody, `told_twice` those
    that a visit tells as well, `left_out` rows of customers on the suppression list.
    """

    dataset: DatasetVersion
    rows: int
    without_item: int
    without_customer: int
    told_twice: int
    left_out: int


@dataclass(frozen=True, eq=False)
class _Told:
    """The log as interactions of pseudonyms, and what of it cannot be one."""

    frame: pd.DataFrame
    without_item: int
    without_customer: int
    told_twice: int


def save_feedback(workspace: Workspace, name: str, *, onto: str | None = None, by: str = "") -> FeedbackData:
    """Save the log as the next version of a data set, behind the rows of another one if `onto` names it.

    `by` is the round of the gate that wants it.

    Visits are what they are. A click on an ad is a click on the item that it promotes, a conversion a purchase of
    the value that was told (1 without one). An impression is what the service did and not the customer, so it is
    no interaction, nor is a dismissal. A site that tells one deed both as what came of an ad and as a visit (the
    same customer, item and kind within SAME_DEED) means one interaction: the visit stays. Customers are
    pseudonyms, except those whom the other data set knows by their ids. What was told of customers and items
    joins the tables. Nobody on the suppression list is in what the log gives. What the other data set has of the log
    already is not added again. Raises DataError where the log gives nothing (new), or others add to the same data set.
    """
    log = open_log(workspace)
    try:
        told = _told(workspace, log)
        customers, items = _table(log.described("users")), _table(log.described("items"))
    finally:
        log.close()
    objects = objecting(workspace)
    frame = told.frame[~told.frame["customer"].isin(list(objects))]
    left_out = len(told.frame) - len(frame)
    if frame.empty:
        raise DataError("The log holds no interactions yet.", fix="Serve ads, and send what came of them.")
    came = None if onto is None else workspace.store.dataset(onto)
    earlier = None if came is None else load_version(workspace, came)
    if customers is not None:
        customers = customers[~customers.index.isin(list(objects))]
    if earlier is not None:
        ids = _ids(workspace, earlier)
        frame = frame.assign(customer=frame["customer"].map(ids).fillna(frame["customer"]))
        frame = frame[~known_rows(earlier.interactions, frame.rename(columns={"customer": "user"}))]
        if frame.empty:
            raise DataError(
                "The log holds nothing that the data lack.",
                where=onto or "",
                fix="Serve ads, and send what came of them.",
            )
        customers = None if customers is None else customers.rename(index=ids)
    data = Dataset.join(name, Interactions.from_frame(frame, _MAP), customers, items)
    if earlier is not None:
        whole = append(replace(earlier, name=name, synthetic=False, truth=None), data)
        data = replace(whole, synthetic=earlier.synthetic)
    version = save_dataset(workspace, data, after=came if name == onto else None)
    remember_part(workspace, version, Part(LOG, LOG, len(frame), by), came)
    if came is not None:
        pass_on(workspace, came, version)
    return FeedbackData(
        version, len(frame), told.without_item, told.without_customer, told.told_twice, left_out
    )


def of_log(workspace: Workspace, version: DatasetVersion) -> bool:
    """Whether the newest rows of a version were made of the log."""
    made = parts(workspace, version)[-1:]
    return bool(made) and made[0].file == LOG


def made_by(workspace: Workspace, version: DatasetVersion, round_: str) -> bool:
    """Whether a round of the gate made a version of the log, and nobody else."""
    return of_log(workspace, version) and parts(workspace, version)[-1].by == round_


def _told(workspace: Workspace, log: EventLog) -> _Told:
    visits = pd.DataFrame(
        [
            (one.customer, one.item_id, one.kind, pd.Timestamp(one.at).tz_localize(None), one.value)
            for _, one in log.visits()
        ],
        columns=_COLUMNS,
    )
    came = pd.DataFrame(log.happened(), columns=["customer", "ad", "kind", "time", "value"])
    came["kind"] = came["kind"].map({kind.value: meaning.name for kind, meaning in MEANING.items()})
    came = came[came["kind"].notna()]
    promoted = {ad.id: ad.item for ad in bookings.ads(workspace) if ad.item is not None}
    came["item"] = came["ad"].map(promoted)
    named, promotes = came["customer"] != "", came["item"].notna()
    came = came.assign(
        time=pd.to_datetime(came["time"], unit="us"), value=came["value"].astype("float64").fillna(1.0)
    )
    counted = came.loc[named & promotes, _COLUMNS]
    twice = _also_visits(counted, visits)
    parts = [part for part in (visits, counted[~twice]) if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    return _Told(frame, int((named & ~promotes).sum()), int((~named).sum()), int(twice.sum()))


def _also_visits(came: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """Which of the clicks and conversions a visit tells as well."""
    if came.empty or visits.empty:
        return pd.Series(data=False, index=came.index)
    deed = ["customer", "item", "kind"]
    told, visited = (
        side[[*deed, "time"]]
        .astype({**dict.fromkeys(deed, "str"), "time": "datetime64[us]"})
        .sort_values("time")
        .reset_index(names="row")
        for side in (came, visits)
    )
    visited = visited.drop(columns="row").assign(visited=True)
    met = pd.merge_asof(told, visited, on="time", by=deed, tolerance=SAME_DEED, direction="nearest")
    return met.set_index("row")["visited"].notna().reindex(came.index)


def _ids(workspace: Workspace, data: Dataset) -> dict[str, str]:
    """The ids of a data set by their pseudonyms."""
    key = pseudonym_key(workspace)
    return {pseudonym(key, str(id_)): str(id_) for id_ in data.interactions.user_ids}


def _table(told: dict[str, dict[str, str]]) -> pd.DataFrame | None:
    return pd.DataFrame.from_dict(told, orient="index", dtype="str") if told else None
