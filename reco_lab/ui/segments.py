"""The Segments page: its answer, its tabs, and the classes that every data set with times has."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from reco_lab.charts.bars import bars
from reco_lab.charts.rfm import fields
from reco_lab.core.conditions import Cutoffs, Rfm
from reco_lab.services.segment_looks import NAMES, RfmTable, Shop, grid, headline_of, meaning
from reco_lab.ui import (
    linked,
    page,
    segment_alike,
    segment_groups,
    segment_next,
    segment_rules,
    segment_saved,
    segment_value,
    show,
    state,
)
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import day, md

CLASS = "class"
_PARTS = ("recency", "frequency", "monetary")
_CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "responsive": True, "scrollZoom": False}


def headline(lab: Lab, shop: Shop) -> None:
    """The page's answer."""
    table, summary = shop.table, lab.chosen.summary
    until = day(summary.get("last") or "")
    detail = (
        shop.lack if table is None else f"How lately, how often and for how much until {until}. {table.rule}"
    )
    show.answer(headline_of(int(summary.get("customers", 0)), table), detail)


def sections(lab: Lab, shop: Shop) -> None:
    """The tabs; only the open one is drawn."""
    drawn: dict[str, Callable[[Lab, Shop], None]] = {
        "Classes": _classes,
        "Lifetime value": segment_value.draw,
        "Groups": segment_groups.draw,
        "What comes next": segment_next.draw,
        "Look-alikes": segment_alike.draw,
        "Build your own": segment_rules.draw,
        "Saved": segment_saved.draw,
    }
    tabs = st.tabs(list(drawn), key="section", on_change="rerun", bind="query-params")
    for (_, draw), tab in zip(drawn.items(), tabs, strict=True):
        if tab.open:
            with tab, page.guard(lab.workspace):
                draw(lab, shop)


def _classes(lab: Lab, shop: Shop) -> None:
    if shop.table is None:
        st.info(md(shop.lack), icon=":material/info:")
        return
    own = _own_cutoffs()
    table = shop.known.classes(own)
    rows = table.classes
    names = [str(name) for name in rows["name"]]
    _board(table, names)
    options = {name: f"{name} ({size:,})" for name, size in zip(names, rows["customers"], strict=True)}
    chosen = linked.choice("Look at", options, key=CLASS, noun="class")
    found = next(name for name in NAMES if name == chosen)
    panel(
        lab, shop, Rfm(classes=(found,), cutoffs=own), f"{chosen.capitalize()}: {meaning(found)}", name=chosen
    )
    with st.expander("How customers are put into classes", icon=":material/grid_on:", expanded=lab.expert):
        _explained(table)
        _cutoffs(table)


def _board(table: RfmTable, names: Sequence[str]) -> None:
    rows = table.classes
    top = rows.iloc[int(rows["spend_share"].to_numpy().argmax())]
    finding = (
        f"{str(top['name']).capitalize()} bring most: {top['spend_share']:.0%} of the {table.what}, "
        f"with {top['share']:.0%} of {_who(table)}"
    )
    shown = pd.DataFrame(
        {
            "name": names,
            "value": rows["share"],
            "mark": rows["spend_share"],
            "text": [f"{number:,}" for number in rows["customers"]],
        }
    )
    st.header(md(finding), anchor=False)
    key = "chart-classes"
    st.plotly_chart(
        bars(
            shown, palette=show.palette(), form=".0%", axis=f"share of {_who(table)}", against=f"share of the {table.what}",
            click=True,
        ),
        theme=None, alt=finding, config=_CONFIG, key=key, on_select=lambda: _picked(key, names),
        selection_mode="points",
    )  # fmt: skip
    st.caption("The numbers are customers. Click a bar, or choose below, to see who is in it.")


def _who(table: RfmTable) -> str:
    """Of whom the shares of the classes are."""
    return "the customers" if table.buyers.all() else "those who bought"


def _picked(key: str, names: Sequence[str]) -> None:
    marked = state.chosen(key)
    points = marked["selection"]["points"] if isinstance(marked, dict) else []
    if points:
        state.choose(CLASS, names[int(points[0]["point_index"])])


def _explained(table: RfmTable) -> None:
    st.markdown(
        "Everybody gets a score from 1 to 5 for **recency** (days since the last purchase, 5 is latest), "
        "**frequency** (days with a purchase) and **money**. Frequency and money are averaged; each field of "
        "recency against that mean has its usual name."
    )
    show.chart(
        fields(table.fields, grid(), show.palette()),
        finding="Customers in each field",
        table=table.classes.drop(columns=["meant"]).rename(columns={"name": "class"}),
        key="rfm-fields",
    )


def _cutoffs(table: RfmTable) -> None:
    said = {
        "recency": "Days since the last purchase",
        "frequency": "Days with a purchase",
        "monetary": {"revenue": "Money spent", "value": "Value bought", "purchases": "Lines bought"}[
            table.what
        ],
    }
    with st.form("cutoffs", border=False):
        st.markdown(
            "**Move the cut-offs**: each number is the last one that belongs to the lower fifth. "
            "What is the same for everybody scores 3."
        )
        for name in _PARTS:
            cells = st.columns(4)
            for place, (cell, edge) in enumerate(zip(cells, getattr(table.cutoffs, name), strict=True)):
                label = f"{said[name]}, cut {place + 1}"
                cell.number_input(label, min_value=0.0, value=float(edge), key=_cut(name, place, edge))
        with st.container(horizontal=True):
            st.form_submit_button("Use these", on_click=_use, args=(table.cutoffs,))
            st.form_submit_button("Back to fifths", on_click=_forget)


def _cut(name: str, place: int, edge: float) -> str:
    """The key of the field of a cut-off: another one for each number that it starts from."""
    return f"cut-{name}-{place}-{edge:g}"


def _use(shown: Cutoffs) -> None:
    edges = [
        ",".join(
            f"{state.chosen(_cut(name, place, edge)):g}" for place, edge in enumerate(getattr(shown, name))
        )
        for name in _PARTS
    ]
    st.query_params["cuts"] = ";".join(edges)


def _forget() -> None:
    if "cuts" in st.query_params:
        del st.query_params["cuts"]


def _own_cutoffs() -> Cutoffs | None:
    """The cut-offs that the address names."""
    asked = st.query_params.get("cuts")
    if asked is None:
        return None
    try:
        edges = [sorted(float(edge) for edge in part.split(",")) for part in asked.split(";")]
        return Cutoffs.model_validate(dict(zip(_PARTS, edges, strict=True)))
    except ValueError:
        st.warning("The cut-offs in this link cannot be used; fifths are shown.", icon=":material/link_off:")
        return None
