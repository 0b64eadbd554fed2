"""The saved segments: how large they are now, how they moved, where they overlap, and each of them."""

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.heat import heat
from reco_lab.services import segment_looks, segments
from reco_lab.services.segment_looks import Look, Shop
from reco_lab.services.segments import Drift, SegmentRecord
from reco_lab.ui import cache, linked, page, show, state
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, day, md

SEGMENT = "segment"
SAME, OTHER = 0.1, 0.25


def draw(lab: Lab, shop: Shop) -> None:
    """The list, the overlaps, and the chosen one."""
    saved = segments.listing(lab.workspace, lab.chosen.name)
    if not saved:
        st.markdown(
            "**No segment is saved yet.** Save one of the classes, or build your own: it is then counted anew on new data."
        )
        return
    looks = {one.id: cache.look(lab.workspace, lab.chosen, one.definition) for one in saved}
    moved = {one.id: segments.drift(lab.workspace, lab.dataset(), one, looks[one.id].inside) for one in saved}
    st.dataframe(
        _table(saved, looks, moved),
        hide_index=True,
        alt="Saved segments",
        placeholder="–",
        column_config=_COLUMNS,
    )
    if len(saved) > 1:
        _overlaps(saved, looks)
    options = {one.id: one.title for one in saved}
    chosen = linked.choice("Look at", options, key=SEGMENT, noun="segment")
    record = next(one for one in saved if one.id == chosen)
    panel(lab, shop, record.definition, record.title, name=record.title, saved=record.id)
    st.caption(f"Rule: {md(record.definition.words)}.")
    drift = moved[chosen]
    if drift is not None:
        st.markdown(_told(record, drift))
    _change(lab, record)


_COLUMNS = {
    "Revenue": st.column_config.NumberColumn(format="percent"),
    "Share": st.column_config.NumberColumn(format="percent"),
}


def _table(
    saved: list[SegmentRecord], looks: dict[str, Look], moved: dict[str, Drift | None]
) -> pd.DataFrame:
    rows = []
    for one in saved:
        found, drift = looks[one.id], moved[one.id]
        rows.append(
            {
                "Segment": one.title,
                "Customers": found.size,
                "Share": found.share,
                "Revenue": found.spend_share,
                "Joined": None if drift is None else drift.joined,
                "Left": None if drift is None else drift.left,
                "Since": "" if one.kept is None else day(one.kept.at),
                "Rule": one.definition.words,
            }
        )
    return pd.DataFrame(rows)


def _overlaps(saved: list[SegmentRecord], looks: dict[str, Look]) -> None:
    masks = {one.title: looks[one.id].inside for one in saved}
    alike = segment_looks.overlaps(masks)
    pairs = np.triu(alike, 1)
    first, second = np.unravel_index(int(pairs.argmax()), pairs.shape)
    names = list(masks)
    most = float(pairs.max())
    finding = (
        f"“{names[first]}” and “{names[second]}” overlap most: {most:.0%} of those in either are in both"
        if most
        else "No two saved segments share a customer"
    )
    table = pd.DataFrame(alike, columns=names).round(3)
    table.insert(0, "Segment", names)
    show.chart(
        heat(alike, rows=names, columns=names, form=".0%", palette=show.palette(), written=len(names) <= 8),
        finding=finding,
        table=table,
        key="segment-overlaps",
    )


def _told(record: SegmentRecord, drift: Drift) -> str:
    since = "" if record.kept is None else day(record.kept.at)
    said = f"Since {since}: {drift.before:,} then, **{drift.now:,} now** ({drift.joined:,} joined, {drift.left:,} left)."
    if drift.psi is None:
        return said
    mix = "as it was" if drift.psi < SAME else "somewhat another" if drift.psi < OTHER else "clearly another"
    return f"{said} Their mix of classes is {mix} (population stability index {drift.psi:.2f}; below {SAME} is the same)."


def _change(lab: Lab, record: SegmentRecord) -> None:
    with st.container(horizontal=True), page.guard(lab.workspace):
        with st.popover("Rename", icon=":material/edit:"):
            title = st.text_input("New name", value=record.title, max_chars=80, key=f"rename-{record.id}")
            if st.button("Rename", key=f"rename-go-{record.id}"):
                segments.rename(lab.workspace, record.id, title)
                st.rerun()
        if st.button("Keep who is in it now", icon=":material/bookmark_added:", key=f"keep-{record.id}"):
            kept = segments.keep(lab.workspace, lab.chosen, lab.dataset(), record.id)
            size = kept.kept.size if kept.kept else 0
            state.tell(f"“{record.title}” now remembers {count(size, 'customer')}.")
            st.rerun()
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown("Its rule and the members it remembers are deleted. The customers are not.")
            if st.button("Delete it", key=f"delete-{record.id}"):
                segments.delete(lab.workspace, record.id)
                state.tell(f"“{record.title}” is deleted.")
                st.rerun()
