"""One segment on the screen, however it was found: how many, what they bring, what sets them apart, what to do with it."""

from functools import partial
from re import sub

import streamlit as st

from reco_lab.core.segment import Definition
from reco_lab.services import segment_looks, segments
from reco_lab.services.segment_looks import Look, Shop, Trait
from reco_lab.ui import cache, export, page, show, state
from reco_lab.ui.export import Sheet
from reco_lab.ui.page import Lab
from reco_lab.ui.words import count, md

KNOWN = 0.995  # from which share on a thing counts as known of all


def panel(lab: Lab, shop: Shop, rule: Definition, title: str, *, name: str, saved: str = "") -> None:
    """Show a segment; `name` is what it is called when it is saved or taken away, `saved` its id if it is saved."""
    found = cache.look(lab.workspace, lab.chosen, rule)
    with st.container(border=True):
        st.header(md(title), anchor=False)
        if not found.size:
            st.warning(md(found.lack) or "Nobody is in it.", icon=":material/group_off:")
            return
        _numbers(found, shop)
        _traits(found)
        with st.container(horizontal=True, vertical_alignment="center"):
            _take(lab, shop, found, name)
            if not saved:
                _save(lab, rule, name)
            elif st.button("Use in a campaign", icon=":material/campaign:", key=f"campaign-{saved}"):
                _campaign(saved)


def _numbers(found: Look, shop: Shop) -> None:
    what = "purchases" if shop.table is None else shop.table.what
    cells = [("Customers", f"{found.size:,}", base(found, shop))]
    if found.spend_share is not None:
        spent = f"{found.spend:,.0f} in all" if found.spend is not None else ""
        cells.append((f"Share of {what}", f"{found.spend_share:.1%}", spent))
    if found.recency is not None:
        cells.append(("Last purchase", f"{found.recency:,.0f} days", "ago, the middle customer"))
    if found.frequency is not None:
        cells.append(("Days with a purchase", f"{found.frequency:,.1f}", "on average"))
    with st.grid(4, min_column_width=150):
        for label, value, under in cells:
            with st.container(gap=None):
                st.metric(label, value)
                st.caption(md(under))


def base(found: Look, shop: Shop) -> str:
    """Which share a segment is, and of whom: of those who bought where all in it did and not everybody does."""
    all_of = f"{found.share:.1%} of all customers"
    buyers = None if shop.table is None or not shop.table.purchases else shop.table.buyers
    if buyers is None or buyers.all() or not buyers[found.inside].all():
        return all_of
    return f"{found.size / buyers.sum():.1%} of those who bought, {all_of}"


def _traits(found: Look) -> None:
    if found.hidden:
        st.info(md(found.hidden), icon=":material/visibility_off:")
        return
    if not found.traits:
        st.markdown("Nothing else is known that surely sets them apart from everyone.")
        return
    st.markdown("**What sets them apart**")
    said = [
        f"- {md(one.words)}: **{one.inside:.0%}** of them, {one.everyone:.0%} of everyone "
        f"({count(one.members, 'customer')}{_known(one)})"
        for one in found.traits
    ]
    st.markdown("\n".join(said))


def _known(one: Trait) -> str:
    return "" if one.known > KNOWN else f"; known of {one.known:.0%} of them"


def _take(lab: Lab, shop: Shop, found: Look, name: str) -> None:
    stem = f"{lab.chosen.name}-{sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'segment'}"
    make = partial(segment_looks.people, shop, found.inside)
    note = "The list holds everybody in it, with consent or without: a campaign leaves out who must not be written to. "
    export.menu([Sheet("List of customers", stem, make)], key=f"segment-{stem}", note=note)


def _save(lab: Lab, rule: Definition, name: str) -> None:
    with st.popover("Save as a segment", icon=":material/bookmark_add:"):
        st.caption(f"It is kept as a rule, and counted anew on new data: {md(rule.words)}.")
        key = f"save-{name}"
        title = st.text_input("Name", value=name[:1].upper() + name[1:], max_chars=80, key=key)
        with st.container(horizontal=True):
            only = st.button("Save", type="primary", key=f"{key}-go")
            further = st.button("Save and use in a campaign", icon=":material/campaign:", key=f"{key}-use")
        if only or further:
            with page.guard(lab.workspace):
                with st.spinner("Keeping who is in it…"):
                    kept = segments.save(lab.workspace, lab.chosen, lab.dataset(), title, rule)
                if further:
                    _campaign(kept.id)
                state.tell(f"“{kept.title}” is saved: it is in the tab Saved.")
                st.rerun()


def _campaign(id_: str) -> None:
    """Begin a campaign to those in a saved segment."""
    show.go(page.CAMPAIGNS, {"audience": id_})
