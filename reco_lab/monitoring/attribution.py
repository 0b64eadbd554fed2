"""Which decision a conversion is owed to: the last click of that customer, if it is not too long ago."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.monitoring.facts import Facts
from reco_lab.store.events.measuring import NEVER

SAME_DEED = 30 * 60 * 10**6  # microseconds; a site may tell one purchase in two ways
_TEXTS = ("slot", "stage", "model_version", "arm", "ad_id")
COLUMNS = [*_TEXTS, "customer", "position", "decided", "value"]


def last_touch(
    facts: Facts, told: pd.DataFrame, bought: pd.DataFrame, items: Mapping[str, str]
) -> pd.DataFrame:
    """The conversions that count, a row each: the decision it is owed to (`COLUMNS`) and its `value`.

    `told` names a decision: it is owed to the last click of the same customer on the same ad in the window before it,
    else to the decision that it names, if that lies in the window. `bought` (visits) names an item: it is owed to the
    last click in the window on an ad for it (`items`: item by ad), unless the same purchase was told as well. Those who
    are logged without a name are not one customer: what they bought is owed to the decision that is named.
    """
    touches = clicks(facts)
    touches = touches[touches["customer"] != ""]
    credited = []
    if len(told):
        told = told.assign(position=told["position"].astype(np.int64)).sort_values("at")
        found = _matched(told[["customer", "ad_id", "at", "value"]], touches, "ad_id", facts.window)
        named = told["at"].to_numpy() - told["decided"].to_numpy() <= facts.window
        own = told.reset_index(drop=True)
        missing = found["slot"].isna().to_numpy()
        credited += [found[~missing], own[missing & named]]
    if len(bought) and len(touches):
        items_of = touches.assign(item_id=touches["ad_id"].map(items))
        known = _matched(bought.sort_values("at"), items_of.dropna(subset="item_id"), "item_id", facts.window)
        known = known[known["slot"].notna()]
        credited.append(known[~_told_too(known, told, items)])
    filled = [one[COLUMNS] for one in credited if len(one)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def clicks(facts: Facts) -> pd.DataFrame:
    """Every click on an ad, in the order of time, with its decision."""
    placed, decided, names = facts.period.placed, facts.period.decided, facts.period.names
    rows = np.flatnonzero((placed["clicked"] != NEVER) & facts.placed_kept)
    of = facts.of[rows]
    columns = {name: _spelled(names[name], decided[name][of]) for name in (*_TEXTS[:-1], "customer")}
    columns |= {"ad_id": _spelled(names["ad_id"], placed["ad_id"][rows])}
    columns |= {
        "position": placed["position"][rows],
        "decided": decided["at"][of],
        "at": placed["clicked"][rows],
    }
    return pd.DataFrame(columns).sort_values("at")


def _matched(events: pd.DataFrame, touches: pd.DataFrame, key: str, window: int) -> pd.DataFrame:
    """Each event with the last touch before it; missing where there is none."""
    touches = touches if key == "ad_id" or "item_id" in touches else touches.assign(item_id="")
    return pd.merge_asof(
        events.astype({"at": np.int64, "customer": "str", key: "str"}),
        touches.astype({"customer": "str", key: "str"}),
        on="at",
        by=["customer", key],
        tolerance=window,
    )


def _told_too(bought: pd.DataFrame, told: pd.DataFrame, items: Mapping[str, str]) -> pd.Series:
    if not len(told):
        return pd.Series(data=False, index=bought.index)
    also = pd.DataFrame(
        {"customer": told["customer"], "item_id": told["ad_id"].map(items), "at": told["at"], "twice": True}
    ).dropna()
    found = pd.merge_asof(
        bought[["customer", "item_id", "at"]],
        also.astype({"customer": "str", "item_id": "str", "at": np.int64}).sort_values("at"),
        on="at",
        by=["customer", "item_id"],
        tolerance=SAME_DEED,
        direction="nearest",
    )
    return pd.Series(found["twice"].notna().to_numpy(), index=bought.index)


def _spelled(names: Sequence[str], codes: NDArray[Any]) -> NDArray[np.object_]:
    found: NDArray[np.object_] = np.array(names, object)[codes]
    return found
