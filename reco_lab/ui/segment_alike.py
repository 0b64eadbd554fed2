"""Look-alikes: who resembles a segment or a list, whether that can be told at all, and what it rests on."""

import pandas as pd
import streamlit as st

from reco_lab.core.conditions import Listed, Rfm
from reco_lab.core.segment import Definition, LookAlike
from reco_lab.services import segments
from reco_lab.services.segment_looks import NAMES, Shop
from reco_lab.ui import cache, show
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, joined, md

LIST = "a list of ids"


def draw(lab: Lab, shop: Shop) -> None:
    """Choose whom to resemble and how many; then who they are."""
    saved = {one.title: one.definition for one in segments.listing(lab.workspace, lab.chosen.name)}
    classes = {} if shop.table is None else {f"the {name}": Rfm(classes=(name,)) for name in NAMES}
    known: dict[str, Definition] = {**saved, **classes}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Who resembles", [*known, LIST], key="alike", bind="query-params")
        number = int(
            st.number_input(
                "How many to find", 20, 1_000_000, 500, 50, key="alike-number", bind="query-params"
            )
        )
    like = known.get(chosen) or _list(lab)
    if like is None:
        return
    with st.spinner("Learning what sets them apart…", show_time=True):
        found = shop.known.alike(cache.look(lab.workspace, lab.chosen, like).inside)
    (st.markdown if found.recognised else st.warning)(f"**Can it be trusted?** {md(found.sentence)}")
    rule = LookAlike(of=like, number=number, title=chosen)
    panel(
        lab,
        shop,
        rule,
        f"{count(min(number, len(found.scores)), 'customer')} like {chosen}",
        name=f"like {chosen}",
    )
    with st.expander("What it rests on", icon=":material/balance:", expanded=lab.expert):
        st.caption("By how many standard deviations those who are resembled differ from the others.")
        show.numbers(
            pd.DataFrame(found.reasons).round(2), alt="What sets the list apart", key="alike-reasons"
        )


def _list(lab: Lab) -> Definition | None:
    text = st.text_area("Ids, one a line", key="alike-ids", placeholder="C00001\nC00002")
    ids = tuple(dict.fromkeys(one for line in joined(text).splitlines() if (one := line.strip().strip(",;"))))
    if not ids:
        st.markdown("Paste at least 20 ids of customers.")
        return None
    known = lab.dataset().interactions.user_ids
    there = int(pd.Index(ids).isin(known).sum())
    st.caption(f"{there:,} of {count(len(ids), 'id')} are customers of this data set.")
    return Listed(ids=ids, title="a pasted list") if there else None
