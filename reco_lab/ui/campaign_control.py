"""The fourth step of a campaign: who gets nothing, and what can be known because of it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from reco_lab.campaigns.spec import Campaign, ControlGroup, Goal

MOST = 50


def ask(campaign: Campaign, columns: Sequence[str], key: str, *, expert: bool) -> dict[str, Any]:
    """Ask how many are held back; the changed parts of the campaign. `columns` are those of the table of customers."""
    st.markdown(
        "Some customers, drawn at random, get nothing. Only by comparing with them can you know afterwards "
        "what the campaign did: many would have bought anyway."
    )
    control, goal = campaign.control, campaign.goal
    share = st.slider(
        "Customers who get nothing",
        0,
        max(MOST, round(100 * control.share)),
        round(100 * control.share),
        format="%d%%",
        key=f"{key}-share",
    )
    left, right = st.columns(2)
    lift = left.number_input(
        "Smallest lift worth having (%)",
        0.1,
        500.0,
        round(100 * goal.lift, 2),
        format="%g",
        key=f"{key}-lift",
        help="How much more treated customers do than the others: with 5%, 105 buy where 100 would have.",
    )
    days = right.number_input(
        "Days to wait after the send",
        1,
        365,
        goal.days,
        key=f"{key}-days",
        help="What is bought in them counts.",
    )
    goal = goal.model_copy(update={"lift": lift / 100, "days": int(days)})
    control = control.model_copy(update={"share": share / 100})
    if expert:
        control, goal = _expert(control, goal, columns, key)
    return {"control": control, "goal": goal}


def _expert(control: ControlGroup, goal: Goal, columns: Sequence[str], key: str) -> tuple[ControlGroup, Goal]:
    left, right = st.columns(2)
    standing = left.number_input(
        "Never sent anything, in any campaign (%)",
        0.0,
        50.0,
        round(100 * control.standing, 2),
        format="%g",
        key=f"{key}-standing",
        help="The same customers every time, so that what all campaigns do together can be known.",
    )
    power = right.number_input(
        "Wanted chance to see it (%)",
        50.0,
        99.0,
        round(100 * goal.power, 2),
        format="%g",
        key=f"{key}-power",
        help="Power: how likely such a lift is told from chance, if it is there.",
    )
    strata = st.multiselect(
        "The same share of each",
        list(dict.fromkeys([*columns, *control.strata])),
        list(control.strata),
        key=f"{key}-strata",
        placeholder="drawn from everybody alike",
        help="Columns of the table of customers: the control group then has the same mix as the audience.",
    )
    return (
        control.model_copy(update={"standing": standing / 100, "strata": tuple(strata)}),
        goal.model_copy(update={"power": power / 100}),
    )
