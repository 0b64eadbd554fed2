"""The Report page: its sections below each other, or one at a time before an audience, and what is asked in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

from reco_lab.services.reckoning import Assumptions
from reco_lab.ui import campaign_plan, export, linked, report_money, report_screen, show, state
from reco_lab.ui.report_sections import Section
from reco_lab.ui.report_told import Told, ToldCampaign

PERSONA, WAY, KIND = "persona", "by", "of"
COMPARISON, CAMPAIGN = "comparison", "campaign"
NAMED = {COMPARISON: state.EXPERIMENT, CAMPAIGN: campaign_plan.CAMPAIGN}
IDS = ("found", "customer", "money", "sure", "whom", "next")


def about(compared: Mapping[str, str], sent: Mapping[str, str]) -> tuple[str, str]:
    """Ask whether the story is of a comparison or a campaign, and which (id -> label); before an audience the address says.

    At least one of both must hold something.
    """
    offered = {kind: some for kind, some in ((COMPARISON, compared), (CAMPAIGN, sent)) if some}
    first = next(iter(offered))
    if show.presenting():
        named = st.query_params.get(KIND, "")
        kind = named if named in offered else first
        wanted = st.query_params.get(NAMED[kind], "")
        return kind, wanted if wanted in offered[kind] else next(iter(offered[kind]))
    kind = first
    if len(offered) > 1:
        kinds = {one: f"A {one}" for one in offered}
        kind = linked.choice("The story of", kinds, key=KIND, noun="kind of story", few=True)
    label = "Experiment" if kind == COMPARISON else "Campaign"
    return kind, linked.choice(label, offered[kind], key=NAMED[kind], noun=label.lower())


@dataclass
class Asked:
    """The report with what a person asks for in it; each section asks when it is drawn."""

    told: Told | ToldCampaign
    assumed: Assumptions | None = field(default=None, init=False)

    @property
    def ids(self) -> list[str]:
        """The sections that there are, in their order."""
        return [id_ for id_ in IDS if id_ != "customer" or self.told.people]

    def draw(self, id_: str, *, large: bool = False) -> Section | None:
        """Draw a section with what can be asked in it; what it is about is asked above it, what is assumed below."""
        first, second = st.container(), st.container()
        with first if id_ == "customer" else second:
            one = self._make(id_)
        if one is not None:
            with second if id_ == "customer" else first:
                report_screen.draw(one, show.palette(), large=large)
        return one

    def _make(self, id_: str) -> Section | None:
        told = self.told
        if id_ == "customer":
            names = {one.id: one.name for one in told.people}
            chosen = linked.choice("Which customer", names, key=PERSONA, noun="kind of customer", few=True)
            return told.person(next(one for one in told.people if one.id == chosen))
        if isinstance(told, Told) and id_ == "money":
            known = told.story.assumed
            self.assumed = known if told.story.finds is None else assume(known, told.experiment)
            return report_money.money(told.story, self.assumed)
        if isinstance(told, Told) and id_ == "whom" and told.story.shifts:
            return told.by(_way(told)).section(id_)
        return told.section(id_)


def whole(told: Told | ToldCampaign) -> None:
    """The page: what can be done with it, then every section below the other."""
    row = st.container(horizontal=True, vertical_alignment="center")
    asked, drawn = Asked(told), list[Section]()
    for id_ in asked.ids:
        with st.container(border=True):
            if (one := asked.draw(id_)) is not None:
                drawn.append(one)
    with row:
        st.button(
            "Present",
            type="primary",
            icon=":material/slideshow:",
            on_click=_go_to,
            args=(1,),
            help="One section at a time in large type, without the menu. F11 makes the browser fill the screen.",
        )
        things = [
            told.file(tuple(drawn), asked.assumed) if isinstance(told, Told) else told.file(tuple(drawn))
        ]
        export.menu(things, key="report", note="The address holds the customer and the assumptions too. ")
        where, address = told.numbers
        st.page_link(where, label="All numbers", icon=":material/leaderboard:", query_params=address)


def slides(told: Told | ToldCampaign) -> None:
    """One section on the whole screen, with keys for the next and the one before."""
    report_screen.enlarge()
    asked = Asked(told)
    ids = asked.ids
    named = st.query_params.get(state.SLIDE, "")
    at = min(max(int(named) if named.isdecimal() else 1, 1), len(ids))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.caption(f"{at} of {len(ids)}", width="content")
        step = partial(st.button, type="tertiary", on_click=_go_to)
        step("Back", shortcut="Left", args=(at - 1,), disabled=at == 1)
        step("Next", shortcut="Right", args=(at + 1,), disabled=at == len(ids))
        st.button("Leave", shortcut="Esc", type="tertiary", on_click=_leave)
    asked.draw(ids[at - 1], large=True)


def assume(known: Assumptions, experiment: str) -> Assumptions:
    """Ask for the assumptions about money; the address names those that were changed."""
    number = partial(linked.number, of=experiment)
    percent = partial(number, bounds=(0.0, 100.0), step=5.0)
    with st.grid(5, min_column_width=120, vertical_alignment="bottom"):
        told = Assumptions(
            customers=number(
                "Customers a month",
                known.customers,
                key="reach",
                bounds=(1.0, 1e9),
                step=100.0,
                help_text=(
                    "Who comes back in a month, not everybody who is known: the difference was measured on customers "
                    f"who came back. From: {known.customers_from}."
                ),
            ),
            seen=percent(
                "Who see the list, %",
                100 * known.seen,
                key="seen",
                help_text=f"The share of these customers who see it at all. From: {known.seen_from}.",
            )
            / 100,
            extra=percent(
                "Extra orders, %",
                100 * known.extra,
                key="extra",
                help_text="Of those who find something more, how many order what they would not have ordered anyway. "
                f"Only a test with real customers can tell. From: {known.extra_from}.",
            )
            / 100,
            value=number(
                "Value of an order",
                known.value,
                key="order",
                bounds=(0.0, 1e7),
                step=1.0,
                digits=2,
                help_text=f"In the currency of your prices. From: {known.value_from}.",
            ),
            margin=percent(
                "Margin, %",
                100 * known.margin,
                key="margin",
                help_text=f"What is earned of an order. From: {known.margin_from}.",
            )
            / 100,
        )
    return told.beside(known)


def _way(told: Told) -> str:
    """Ask by what the customers are parted, where there is more than one way."""
    ways = told.story.ways
    if len(ways) < 2:
        return told.story.way
    return linked.choice("Customers by", ways, key=WAY, noun="way to part the customers")


def _go_to(slide: int) -> None:
    st.query_params[state.PRESENT] = "1"
    st.query_params[state.SLIDE] = str(slide)


def _leave() -> None:
    for name in (state.PRESENT, state.SLIDE):
        st.query_params.pop(name, None)
