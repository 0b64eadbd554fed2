"""The first step of a campaign: what it is meant to change, whom it reaches, and who leaves and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.campaigns.audience import Reached
from reco_lab.campaigns.spec import Audience, Campaign
from reco_lab.campaigns.terms import AllOf, AnyOf, Everyone, InSegment, Who, Without, in_words
from reco_lab.ui import page
from reco_lab.ui.words import count, md

OUTCOMES = {"conversion": "More customers buy", "revenue": "Customers spend more"}
JOINED = {"any": "in any of them", "all": "in all of them"}


@dataclass(frozen=True)
class Picked:
    """An audience as it is clicked: who is in these segments (any or all of them; without one, everyone), but not in those."""

    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    every: bool = False

    @property
    def who(self) -> Who:
        """The same as a term."""
        parts: list[Who] = [InSegment(segment=one) for one in self.inside]
        if len(parts) > 1 and not self.every:
            parts = [AnyOf(parts=tuple(parts))]
        parts += [Without(part=InSegment(segment=one)) for one in self.outside]
        if not parts:
            return Everyone()
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))

    @classmethod
    def of(cls, who: Who) -> "Picked | None":
        """The clicks that make this term; None for one that cannot be clicked."""
        parts = who.parts if isinstance(who, AllOf) else (who,)
        outside = tuple(_named(one.part) for one in parts if isinstance(one, Without))
        rest: list[Who] = [one for one in parts if not isinstance(one, Without)]
        every = len(rest) > 1
        if len(rest) == 1 and isinstance(rest[0], AnyOf):
            rest = list(rest[0].parts)
        elif rest == [Everyone()]:
            rest = []
        found = cls(tuple(_named(one) for one in rest), outside, every)
        return found if found.who == who else None


def _named(who: Who) -> str:
    return who.segment if isinstance(who, InSegment) else ""


def ask(campaign: Campaign, titles: Mapping[str, str], key: str, *, expert: bool) -> dict[str, Any]:
    """Ask for name, goal and audience; the changed parts of the campaign. `titles` names the saved segments."""
    title = st.text_input("Name", campaign.title, max_chars=200, key=f"{key}-title")
    outcome = st.segmented_control(
        "What is it meant to change?",
        list(OUTCOMES),
        default=campaign.goal.outcome,
        format_func=OUTCOMES.__getitem__,
        required=True,
        key=f"{key}-outcome",
        help="This is what the control group is compared by afterwards.",
    )
    who = _who(campaign.audience.who, titles, key)
    rest, costs = campaign.audience.rest_days, campaign.costs
    if expert:
        rest = _rest(rest, key)
        each = st.number_input(
            "Sending to one customer costs", 0.0, 1e6, costs.per_message, format="%.2f", key=f"{key}-message"
        )
        costs = costs.model_copy(update={"per_message": each})
    return {
        "costs": costs,
        "title": title.strip() or campaign.title,
        "goal": campaign.goal.model_copy(update={"outcome": outcome}),
        "audience": Audience(who=who, rest_days=rest),
    }


def _who(now: Who, titles: Mapping[str, str], key: str) -> Who:
    if not titles:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(
                "**Everyone** is in the audience. To reach only a part, choose a class below or save a segment.",
                width="content",
            )
            st.page_link(page.SEGMENTS, label="To the segments", icon=":material/groups:")
        return Everyone()
    picked = Picked.of(now)
    if picked is None:
        st.markdown(f"For **{md(in_words(now, lambda one: titles.get(one, one)))}**.")
        if not st.toggle("Choose the audience anew", key=f"{key}-anew"):
            return now
        picked = Picked()
    left, right = st.columns(2)
    inside = left.multiselect(
        "Customers in",
        _offered(titles, picked.inside),
        list(picked.inside),
        format_func=lambda one: titles.get(one, one),
        placeholder="Everyone",
        key=f"{key}-inside",
    )
    outside = right.multiselect(
        "but not in",
        _offered(titles, picked.outside),
        list(picked.outside),
        format_func=lambda one: titles.get(one, one),
        placeholder="Nobody is taken out",
        key=f"{key}-outside",
    )
    every = picked.every
    if len(inside) > 1:
        way = left.segmented_control(
            "Those who are",
            list(JOINED),
            default="all" if every else "any",
            format_func=JOINED.__getitem__,
            required=True,
            key=f"{key}-joined",
        )
        every = way == "all"
    return Picked(tuple(inside), tuple(outside), every).who


def _offered(titles: Mapping[str, str], chosen: tuple[str, ...]) -> list[str]:
    """The segments that may be chosen, and those that were although they are not there any more."""
    return list(dict.fromkeys([*titles, *chosen]))


def _rest(now: int | None, key: str) -> int | None:
    found: int | None = st.number_input(
        "Leave in peace who was in a campaign in the last … days",
        1,
        3650,
        now,
        placeholder="nobody is left in peace",
        key=f"{key}-rest",
    )
    return found


def leaving(found: Reached) -> None:
    """Who is reached, and who leaves and why: every customer stands in one row."""
    rows = [("All customers", len(found.mask))]
    rows += [(f"− {one.why}", one.customers) for one in found.steps if one.customers]
    rows.append(("In the audience", found.customers))
    st.subheader(f"{count(found.customers, 'customer')} in the audience", anchor=False)
    st.dataframe(
        pd.DataFrame(rows, columns=["", "Customers"]),
        hide_index=True,
        alt=found.sentence,
        column_config={"Customers": st.column_config.NumberColumn(format="localized")},
        width="content",
    )
    st.caption("Whoever gave no consent or is on the suppression list is always left out.")
