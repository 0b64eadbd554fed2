"""Groups of customers who behave alike: how many, how sure, a map, and each of them with its name."""

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.analysis.clusters import Clusters
from reco_lab.charts.groups import groups
from reco_lab.charts.lines import lines
from reco_lab.core.conditions import Group
from reco_lab.services.segment_looks import Shop
from reco_lab.ui import linked, show
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, md

MOST_POINTS = 3000
SUGGESTED = "as many as the data suggest"


def draw(lab: Lab, shop: Shop) -> None:
    """Find the groups, and show them."""
    with st.container(horizontal=True):
        number = st.selectbox(
            "How many groups", [SUGGESTED, *map(str, range(2, 11))], key="groups", bind="query-params"
        )
        method = "k-means"
        if lab.expert:
            method = st.selectbox("Found by", ["k-means", "mixture"], key="method", bind="query-params")
    asked = {"number": None if number == SUGGESTED else int(number), "method": method}
    with st.spinner("Looking for groups…", show_time=True):
        found = shop.known.groups(Group.model_validate(asked | {"groups": (0,)}))
    names = [str(name) for name in found.groups["name"]]
    finding = f"{count(len(names), 'group')}: the largest, “{names[int(found.groups['customers'].to_numpy().argmax())]}”, has {found.groups['share'].max():.0%} of the customers"
    points = found.places.assign(group=found.members).iloc[:: max(1, len(found.places) // MOST_POINTS)]
    shares = [f"{axis} ({share:.0%})" for axis, share in zip(found.axes, found.explained, strict=True)]
    show.chart(
        groups(points, names, x_axis=shares[0], y_axis=shares[1], palette=show.palette()),
        finding=finding,
        table=found.groups.round(2),
        key="groups-map",
        explained="Each point is a customer. The map shows the two directions in which customers differ most; in brackets which share of all differences each holds.",
    )
    for sentence in found.sentences:
        st.markdown(md(sentence))
    options = {
        str(place): f"{name} ({size:,})"
        for place, name, size in zip(found.groups.index, names, found.groups["customers"], strict=True)
    }
    chosen = int(linked.choice("Look at", options, key="group", noun="group"))
    name = names[list(found.groups.index).index(chosen)]
    rule = Group.model_validate(asked | {"groups": (chosen,), "title": name})
    panel(lab, shop, rule, name[:1].upper() + name[1:], name=name)
    with st.expander("How the number was chosen", icon=":material/show_chart:", expanded=lab.expert):
        _search(found)


def _search(found: Clusters) -> None:
    rows = pd.DataFrame({"name": found.criterion, "step": found.search["number"].astype("str")})
    rows = rows.assign(value=found.search["score"], low=np.nan, high=np.nan)
    better = "higher" if found.criterion == "silhouette" else "lower"
    show.chart(
        lines(rows, x_axis="groups", y_axis=found.criterion, palette=show.palette()),
        finding=f"{found.criterion.capitalize()} by the number of groups: the {better}, the better apart",
        table=found.search,
        key="groups-search",
    )
