"""Lifetime value on the screen: how good the forecast is, what everybody is expected to bring, and who brings most."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from reco_lab.analysis.lifetime_value import LifetimeModel
from reco_lab.charts.bars import bars
from reco_lab.core.conditions import Lifetime
from reco_lab.core.words import about
from reco_lab.services.segment_looks import Shop
from reco_lab.ui import linked, show
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, md

HORIZONS = {
    90: "the next quarter",
    180: "the next half-year",
    365: "the next year",
    730: "the next two years",
}
BANDS = {
    "top tenth": (0.9, 1.0),
    "next tenth": (0.8, 0.9),
    "next three tenths": (0.5, 0.8),
    "lower half": (0.0, 0.5),
}
LEAVING = "leaving"


def draw(lab: Lab, shop: Shop) -> None:
    """The forecast, how far it can be trusted, and segments by it."""
    horizon = st.selectbox(
        "Look ahead", list(HORIZONS), index=2, format_func=lambda days: HORIZONS[days], key="horizon",
        bind="query-params",
    )  # fmt: skip
    with st.spinner("Fitting the models of purchases and spending…", show_time=True):
        known = shop.known
        table, test, model = known.valued(horizon), known.lifetime_test, known.lifetime
    measure = "value" if "value" in table else "expected"
    edges, shares = bands(table[measure])
    _chart(table[measure].dropna(), shares, HORIZONS[horizon], _unit(measure, model))
    if not model.in_money:
        st.caption(md(model.money))
    if unknown := int(table[measure].isna().sum()):
        st.caption(f"Not counted: {count(unknown, 'customer')} of whom no value can be expected.")
    st.markdown(f"**Can it be trusted?** {md(test.sentence)}")
    show.warnings(model.notes)
    options = {name: f"{name} ({share:.0%} of the value)" for name, share in shares.items()}
    if (table["alive"] < 0.5).any():
        options[LEAVING] = "probably customers no more (chance below one in two)"
    chosen = linked.choice("Look at", options, key="band", noun="band")
    if chosen == LEAVING:
        rule = Lifetime(measure="alive", high=0.5)
    else:
        low, high = (float(end) for end in edges[chosen])
        top = chosen == next(iter(BANDS))
        rule = Lifetime(measure=measure, low=low, high=None if top else high, horizon=horizon)
    panel(lab, shop, rule, f"{options[chosen].capitalize()}", name=f"{chosen} by value")
    with st.expander("What these numbers mean", icon=":material/help:", expanded=lab.expert):
        st.markdown(
            "How often a customer buys, and after which purchase she leaves for good, is learned from everybody's "
            "days with a purchase (BG/NBD); what a purchase of hers is worth from those of who came back "
            f"(Gamma-Gamma). {md(model.money)} What comes later counts less, by 10% a year."
        )
        show.numbers(
            test.classes.rename(columns={"label": "Purchases after the first"}).round(2),
            alt="Expected and actual purchases on held-out time", key="lifetime-classes",
        )  # fmt: skip


def bands(worth: pd.Series) -> tuple[dict[str, NDArray[np.float64]], dict[str, float]]:
    """Where each band of customers begins and ends, and its share of all that is expected; who has no value is left out."""
    known = worth.dropna()
    edges = {name: np.quantile(known, ends) for name, ends in BANDS.items()}
    total = float(known.sum()) or 1.0
    return edges, {name: float(known[_inside(known, *ends)].sum() / total) for name, ends in edges.items()}


def _inside(worth: pd.Series, low: float, high: float) -> NDArray[np.bool_]:
    values = worth.to_numpy(np.float64)
    return np.asarray((values >= low) & ((values < high) | (high >= values.max())), np.bool_)


def _unit(measure: str, model: LifetimeModel) -> str:
    """What is expected of customers: money, a value that may be pieces, or purchases."""
    if measure != "value":
        return "purchases"
    return "money" if model.in_money else "value"


def _chart(worth: pd.Series, shares: dict[str, float], when: str, unit: str) -> None:
    total = float(worth.sum())
    first = next(iter(shares))
    what = {
        "money": f"to spend about {about(total)}",
        "value": f"to bring a value of about {about(total)}",
        "purchases": f"to make about {about(total)} purchases",
    }[unit]
    part = f"the {first} of them {shares[first]:.0%} of it"
    finding = f"{count(len(worth), 'customer')} are expected {what} in {when}; {part}"
    rows = pd.DataFrame({"name": list(shares), "value": list(shares.values())})
    rows["mark"] = [high - low for low, high in BANDS.values()]
    rows["text"] = [f"{share:.0%}" for share in shares.values()]
    show.chart(
        bars(rows, palette=show.palette(), form=".0%", axis="share of what is expected", against="share of customers"),
        finding=finding,
        table=rows.drop(columns="text").rename(columns={"name": "Customers", "value": "Share of value", "mark": "Share of customers"}),
        key="lifetime-bands",
    )  # fmt: skip
