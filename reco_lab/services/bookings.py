"""The ads of the workspace: booked, changed, withdrawn, brought in as a table and taken out as one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reco_lab.cleaning.ad_table import ad_table, checked, read_ads, told
from reco_lab.core.ads import Ad, Billing
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.words import count
from reco_lab.reports.harmless import original
from reco_lab.serving.accounts import within_budget
from reco_lab.sources import sniff
from reco_lab.store.bookings import Bookings
from reco_lab.workspace import Workspace

MOST_ADS = 100_000
_DEMO = "demo.ads"
_AS_IT_WAS = {"Parquet", "Excel", "JSON array"}


@dataclass(frozen=True, eq=False)
class AdImport:
    """What came of a table of ads: how many are booked, and the rows that are not (line, reason, text)."""

    booked: int
    rows: int
    refused: pd.DataFrame

    @property
    def sentence(self) -> str:
        """How many rows became ads."""
        return f"{self.booked:,} of {count(self.rows, 'row')} became ads."


def ads(workspace: Workspace) -> list[Ad]:
    """All ads, by id."""
    return _bookings(workspace).ads()


def ad(workspace: Workspace, id_: str) -> Ad:
    """One ad; NotFoundError if there is none with this id."""
    found = _bookings(workspace).ad(id_)
    if found is None:
        raise NotFoundError(f"There is no ad {id_!r}.", fix="Look at the list of ads for its id.")
    return found


def drafted(values: Mapping[str, Any]) -> Ad:
    """The ad that these values make, not yet booked. Raises InputError with a sentence that names the field."""
    try:
        return checked(Ad.model_validate(dict(values)))
    except ValueError as error:
        raise InputError(told(error), where="This cannot be booked yet") from error


def billed(booked: Iterable[Ad], spent: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """What each ad is billed today and ever, of what its decisions and clicks would cost: no more than its budgets."""
    return {ad.id: within_budget(ad, *spent[ad.id]) for ad in booked if ad.id in spent}


def book(workspace: Workspace, ad: Ad) -> None:
    """Keep an ad, in place of the one with its id. Raises InputError for an id that cannot be one."""
    try:
        kept = checked(ad)
    except ValueError as error:
        raise InputError(told(error), where="The ad") from error
    _bookings(workspace).book([kept])


def odd(ad: Ad, data: Dataset | None) -> str | None:
    """What is odd about an ad for those who are served by these data: an item they do not know; None if nothing is."""
    if data is None or ad.item is None or ad.item in data.interactions.item_ids:
        return None
    return (
        f"The data that are served do not know the item {ad.item!r}, so no model can rank this ad by it until they do. "
        "Check that it is written as in the data."
    )


def pause(workspace: Workspace, id_: str, *, paused: bool = True) -> None:
    """Take an ad out of what is shown until it is let go on (`paused=False`)."""
    book(workspace, ad(workspace, id_).model_copy(update={"paused": paused}))


def withdraw(workspace: Workspace, id_: str) -> None:
    """Remove an ad; what was shown of it stays in the log. NotFoundError if there is none with this id."""
    _bookings(workspace).withdraw(id_)


def changed(workspace: Workspace) -> str:
    """A text that is another one after every change of any ad; cheap to ask for."""
    return _bookings(workspace).changed()


def import_ads(workspace: Workspace, frame: pd.DataFrame) -> AdImport:
    """Book the ads of a table (`ad_table`'s columns, all as text), each in place of the one with its id.

    Rows that are no ads are left out and told. Raises DataError for a table that is not of ads.
    """
    workspace.require_room()
    if len(frame) > MOST_ADS:
        raise DataError(f"It has {count(len(frame), 'row')}; at most {MOST_ADS:,} ads are booked at once.")
    found, refused = read_ads(frame)
    _bookings(workspace).book(found)
    return AdImport(len(found), len(frame), pd.DataFrame(refused, columns=["line", "reason", "text"]))


def import_file(workspace: Workspace, path: Path) -> AdImport:
    """Book the ads of a file of any kind that can be read, as `import_ads` does with its rows."""
    table = sniff(path).read(path, header=True)
    frame = table.frame
    if table.dialect.get("format") not in _AS_IT_WAS:
        frame = frame.map(original, na_action="ignore")
    found = import_ads(workspace, frame)
    unread = pd.DataFrame([vars(one) for one in table.refused], columns=["line", "reason", "text"])
    refused = pd.concat([unread, found.refused], ignore_index=True)
    return AdImport(found.booked, table.rows_in_file, refused)


def table(workspace: Workspace) -> pd.DataFrame:
    """All ads as a table that `import_ads` brings back."""
    return ad_table(ads(workspace))


def ensure_demo_ads(workspace: Workspace, folder: Path) -> None:
    """Book the demo shop's ads and two house ads, once: what a person withdraws afterwards stays away."""
    if workspace.store.get_setting(_DEMO):
        return
    kept = {one.id for one in ads(workspace)}
    fresh = [one for one in demo_ads(folder) if one.id not in kept]
    _bookings(workspace).book(fresh)
    workspace.store.set_setting(_DEMO, value=[one.id for one in fresh])


def demo_ads_on(workspace: Workspace) -> list[Ad]:
    """The ads that came with the demo shop and are not paused."""
    came = workspace.store.get_setting(_DEMO)
    theirs = set(came) if isinstance(came, list) else set()
    return [one for one in ads(workspace) if one.id in theirs and not one.paused]


def pause_demo_ads(workspace: Workspace) -> None:
    """Take the ads that came with the demo shop out of what is shown: real customers are served from now on."""
    flying = demo_ads_on(workspace)
    _bookings(workspace).book([one.model_copy(update={"paused": True}) for one in flying])


def demo_ads(folder: Path) -> list[Ad]:
    """The ads of a simulated shop, some with a budget, a cap or a slot, and two of the house."""
    rows = pd.read_parquet(folder / "ads.parquet").to_dict("records")
    return [_demo_ad(row, place) for place, row in enumerate(rows)] + [
        Ad(
            id="house-newsletter",
            title="Ten per cent off for newsletter readers",
            link="/newsletter",
            house=True,
        ),
        Ad(id="house-returns", title="Free returns within 30 days", link="/returns", house=True),
    ]


def _demo_ad(row: Mapping[Any, Any], place: int) -> Ad:
    bid = float(row["cost_per_click"])
    return Ad(
        id=str(row["ad"]),
        title=str(row["headline"]),
        link=f"/items/{row['item']}",
        item=str(row["item"]),
        bid=bid,
        billing=Billing.click,
        daily_budget=round(40 * bid, 2) if place % 3 == 0 else None,
        total_budget=round(400 * bid, 2) if place % 6 == 0 else None,
        cap_per_day=5 if place % 4 == 0 else None,
        slots=("home",) if place % 8 == 7 else (),
    )


def _bookings(workspace: Workspace) -> Bookings:
    return Bookings(workspace.store.database, workspace.clock)
