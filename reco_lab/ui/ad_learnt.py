"""What a policy that learns knows of each ad by now: the click rate expected, and how sure it is."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from reco_lab.charts.leaderboard import leaderboard
from reco_lab.core.ads import Ad
from reco_lab.core.learner import Learner
from reco_lab.core.memory import Memory
from reco_lab.services import bookings
from reco_lab.services.ad_learning import AdLearnt, of_each_ad
from reco_lab.ui import show
from reco_lab.ui.words import count
from reco_lab.workspace import Workspace

SHOWN = 12


def view(workspace: Workspace, learner: Learner, memory: Memory | None) -> None:
    """Show what was learnt, or say what has to happen first."""
    if memory is None or not memory.ids:
        st.caption(
            "It has not learnt anything yet: let it serve, and what it learns from clicks is shown here."
        )
        return
    booked = {ad.id: ad for ad in bookings.ads(workspace)}
    found = [one for one in of_each_ad(learner, memory) if one.ad in booked and not booked[one.ad].house]
    titles = {id_: f"{id_} · {ad.title}" for id_, ad in booked.items()}
    if not found:
        st.caption("Of the ads it learnt about none is booked any more.")
        return
    rows = pd.DataFrame(
        {
            "name": labels([booked[one.ad] for one in found]),
            "value": [one.rate for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "role": ["champion", *["challenger"] * (len(found) - 1)],
        }
    )
    table = pd.DataFrame(
        [
            {
                "Ad": titles[one.ad],
                "Counts as shown": round(one.shown, 1),
                "Clicks": round(one.clicked, 1),
                "Click rate expected": one.rate,
                "At least": one.low,
                "At most": one.high,
            }
            for one in found
        ]
    )
    show.chart(
        leaderboard(
            rows.head(SHOWN),
            axis="Click rate expected",
            palette=show.palette(),
            percent=True,
        ),
        finding=finding(found, titles),
        table=table,
        key="policy-learnt",
        explained="Of an ad at the first place. The line is where the rate is with a chance of 95 %, as far as the policy knows. A lower place counts as "
        "less than one time shown, as it is looked at less.",
    )
    if len(found) > SHOWN:
        st.caption(f"The best {SHOWN} of {count(len(found), 'ad')}; the table has all.")


def labels(ads: Sequence[Ad]) -> list[str]:
    """What tells the ads apart where there is little room: what comes last in the title, with the id where that is not enough."""
    tails = [ad.title.rpartition(": ")[2] for ad in ads]
    return [
        tail if tails.count(tail) == 1 else f"{ad.id} · {tail}" for ad, tail in zip(ads, tails, strict=True)
    ]


def finding(found: Sequence[AdLearnt], titles: Mapping[str, str]) -> str:
    """How sure it is of the best ad, in one sentence."""
    best = found[0]
    name = titles[best.ad].partition(" · ")[2]
    rivals = sum(one.high > best.low for one in found[1:])
    if not sum(one.clicked for one in found):
        return "Nobody has clicked yet, so it tries all ads alike"
    if not rivals:
        return f"It is sure: “{name}” is clicked most, about {best.rate:.1%} of the time"
    return (
        f"“{name}” seems best, about {best.rate:.1%} clicked, but {count(rivals, 'ad')} may still be as good"
    )
