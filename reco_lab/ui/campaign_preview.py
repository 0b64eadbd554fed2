"""The fifth step of a campaign: some customers with what they would be sent and why, and anyone looked up."""

import pandas as pd
import streamlit as st

from reco_lab.services.campaign_lists import HELD, Prepared
from reco_lab.ui.words import count, joined, md

SHOWN = 3
FOUND = 10


def view(made: Prepared, key: str) -> None:
    """Show some of those who are sent something, or those whose id is looked for."""
    sought = st.text_input(
        "Look a customer up", key=f"{key}-sought", placeholder="An id or a part of it", max_chars=200
    )
    text = joined(sought).strip()
    people = found(made.customers, text)
    if not len(people):
        st.info(f"Nobody of the audience has “{md(text)}” in the id.", icon=":material/search_off:")
    for who, group in zip(people["customer_id"], people["group"], strict=True):
        _customer(str(who), held=str(group) == HELD, items=made.items)


def found(customers: pd.DataFrame, text: str) -> pd.DataFrame:
    """Those whose id holds the text, its owner first; without one some of those who are sent something."""
    if not text:
        sent = customers[customers["group"] != HELD]
        return sent.iloc[:: max(1, len(sent) // SHOWN)].head(SHOWN)
    ids = customers["customer_id"].astype("str")
    near = customers[ids.str.contains(text, case=False, regex=False)]
    return pd.concat([near[near["customer_id"] == text], near[near["customer_id"] != text]]).head(FOUND)


def _customer(who: str, *, held: bool, items: pd.DataFrame) -> None:
    mine = items[items["customer_id"] == who].sort_values("place")
    st.subheader(md(who), anchor=False)
    if held:
        st.markdown("In the control group: gets nothing, and is in no file.")
        return
    if mine.empty:
        st.markdown("The rules leave no item for this customer.")
        return
    with st.grid(2, min_column_width=200, border=True):
        for item in mine.to_dict("records"):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{md(item['title'])}**")
                if pd.notna(item.get("price")):
                    st.caption(f"{item['price']:,.2f}")
                if item["because"]:
                    st.caption(md(item["because"]))


def caption(made: Prepared) -> str:
    """What there is to look at, in a few words."""
    return count(made.customers["group"].ne(HELD).sum(), "list")
