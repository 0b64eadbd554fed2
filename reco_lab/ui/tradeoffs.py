"""The Trade-offs tab of Compare: any two metrics against each other, and dragging a list from one towards the other."""

import pandas as pd
import streamlit as st

from reco_lab.charts.path import path
from reco_lab.charts.theme import Palette
from reco_lab.charts.tradeoff import tradeoff
from reco_lab.experiments.results import Comparison
from reco_lab.services.tradeoffs import Dragged, rerankers
from reco_lab.ui import cache, metric, results, show, story
from reco_lab.ui.words import md, score
from reco_lab.workspace import Workspace

ACCURACY = frozenset({"ndcg", "recall", "precision", "hit_rate", "map", "mrr"})
SLIGHT = 0.005


def view(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    """The recommenders between two metrics, then one of them dragged along a trade-off of its own."""
    keys = results.keys(found)
    if len(keys) < 2:
        st.markdown("Only one metric was measured; a trade-off needs two.")
    else:
        _pareto(found, keys, colours)
    _drag(workspace, chosen, found, colours)


def _pareto(found: Comparison, keys: list[str], colours: Palette) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox("What matters", keys, format_func=metric.full, key="upwards")
        others = [one for one in keys if one != key]
        preferred = [one for one in others if one.startswith(("coverage", "novelty", "diversity"))]
        first = others.index((preferred or others)[0])
        other = st.selectbox("Against", others, first, format_func=metric.full, key="against")
    rows = results.points(found, other, key)
    own = rows[rows["role"] != "reference"]
    if own.empty:
        st.markdown("No recommender has both values.")
        return
    names = {"name": "Recommender", "x": metric.name(other), "y": metric.name(key), "role": "Role"}
    show.chart(
        tradeoff(
            rows,
            x_axis=names["x"],
            y_axis=names["y"],
            palette=colours,
            percent=metric.is_share(other),
            better=(_sign(other), _sign(key)),
        ),
        finding=traded(own, other, key),
        table=rows.rename(columns=names),
        key="tradeoff",
        explained="Nobody beats the joined ones in both at once. Open diamonds are yardsticks and take no part. "
        "Where many meet, those without a name say it under the pointer.",
    )


def _sign(key: str) -> float:
    return -1.0 if metric.better_when_higher(key) is False else 1.0


def traded(own: pd.DataFrame, other: str, key: str) -> str:
    """What the one costs in the other, with the numbers of the two ends."""
    ends = (("y", key), ("x", other))
    best, widest = (own.iloc[int((_sign(one) * own[axis].to_numpy()).argmax())] for axis, one in ends)
    what = " of the catalogue" if other.startswith("coverage") else ""
    verb = "shows" if what else f"has {metric.name(other)}"
    if best["name"] == widest["name"]:
        return f"{best['name']} leads in both: {metric.value(other, best['x'])}{what} at {score(best['y'])}"
    costs = {"coverage": "More variety", "novelty": "More surprise", "diversity": "More variety"}
    kind, accurate = other.partition("@")[0], key.partition("@")[0] in ACCURACY
    lead = f"{costs[kind]} costs accuracy: " if accurate and kind in costs else ""
    return (
        f"{lead}{widest['name']} {verb} {metric.value(other, widest['x'])}{what} at {score(widest['y'])}, "
        f"{best['name']} {metric.value(other, best['x'])} at {score(best['y'])}"
    )


def _drag(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    """One model's candidates in another order: what that costs and what it brings."""
    offered = rerankers(cache.evidence(workspace, chosen))
    ready = [label for label, gap in offered.items() if not gap]
    names = [row.name for row in story.contestants(found) if row.run_keys]
    if not names:
        return
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        best = names.index(found.champion) if found.champion in names else 0
        name = st.selectbox("Drag the lists of", names, best, key="dragged")
        label = st.selectbox("towards", ready, key="towards")
    strength = st.slider("Strength", 0.0, 1.0, 0.5, 0.1, key="strength", help="0 keeps the model's order.")
    for other, gap in offered.items():
        if gap:
            st.caption(f"{md(other)} is not offered: {md(gap)}.")
    dragged = cache.dragged(workspace, chosen, name, label)
    axes = pd.DataFrame(
        {
            "setting": dragged.strengths,
            "x": dragged.values[dragged.aim],
            "y": dragged.values[dragged.headline],
        }
    )
    show.chart(
        path(
            axes,
            at=strength,
            x_axis=metric.name(dragged.aim),
            y_axis=metric.name(dragged.headline),
            palette=colours,
        ),
        finding=price(dragged, strength),
        table=pd.DataFrame(
            {"Strength": dragged.strengths}
            | {metric.name(key): list(numbers) for key, numbers in dragged.values.items()}
        ),
        key="dragged",
        explained=f"{metric.plain(dragged.aim)} {dragged.kind.plain}",
    )
    st.caption(
        f"The first {dragged.depth} candidates of the model in another order, measured on the same customers. A strength "
        "that is chosen here is chosen on the test part, and counts as one more look at it: try it on customers who were "
        "not asked before."
    )


def price(found: Dragged, strength: float) -> str:
    """What the re-ranker costs and what it brings, as a sentence."""
    if not strength:
        return (
            f"{found.name} as it is: {metric.name(found.headline)} {score(found.values[found.headline][0])}"
        )
    cost, gain = (found.change(key, strength) for key in (found.headline, found.aim))
    brings = f"{metric.name(found.aim)} {_change(gain)}"
    if _sign(found.headline) < 0:
        return f"At strength {strength:g} {brings}; {metric.name(found.headline)} {_change(cost)}"
    if cost < -SLIGHT:
        return f"At strength {strength:g} {brings}; it costs {_share(-cost)} of {metric.name(found.headline)}"
    if cost > SLIGHT:
        return f"At strength {strength:g} {brings}, and {metric.name(found.headline)} too: {_change(cost)}"
    return f"At strength {strength:g} {brings}, at no cost in {metric.name(found.headline)}"


def _change(share: float) -> str:
    if abs(share) < SLIGHT:
        return "stays as it is"
    return f"{'rises' if share > 0 else 'falls'} by {_share(abs(share))}"


def _share(number: float) -> str:
    return f"{number:.0%}" if number >= 0.1 else f"{number:.1%}"
