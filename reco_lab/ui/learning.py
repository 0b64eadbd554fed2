"""The Learning tab of Compare: how little must be known of a customer, and whether more data would help."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from reco_lab.charts.lines import lines
from reco_lab.charts.theme import Palette
from reco_lab.experiments.learning import Curve, enough, overlap, sign_of
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.verdict import POPULAR
from reco_lab.services import learning
from reco_lab.store.records import JobState
from reco_lab.ui import cache, metric, show, story
from reco_lab.ui.words import md, score, seconds
from reco_lab.workspace import Workspace

FIRST = 3
STILL = 0.02


def view(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    """New customers first, then more data."""
    _cold_start(workspace, chosen, found, colours)
    st.divider()
    _more_data(workspace, chosen, found, colours)


def _cold_start(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    names = [row.name for row in story.contestants(found) if row.run_keys]
    popular = [row.name for row in found.leaderboard if row.algorithm == POPULAR and row.name in names]
    first = dict.fromkeys([*([found.champion] if found.champion in names else []), *names[:FIRST], *popular])
    wanted = st.pills(
        "With little known of a customer",
        names,
        selection_mode="multi",
        default=list(first),
        key="cold-start",
    )
    answers = {name: cache.cold_start(workspace, chosen, name) for name in wanted}
    curves = [one for one in answers.values() if isinstance(one, Curve)]
    if curves:
        _draw(
            curves,
            newcomer(curves),
            "entries of the history that the model is told",
            "cold-start",
            colours,
            entries,
        )
        st.caption(
            "The same customers and the same models; only the end of each history is told. Nothing is trained again. "
            f"The band is the 95% interval of {md(curves[0].name)}."
        )
    for name, why in answers.items():
        if isinstance(why, str):
            st.caption(md(f"{name} is left out: {why}"))


def newcomer(curves: Sequence[Curve]) -> str:
    """What one known entry is worth, for the recommender that makes most of it."""
    ends = {one.name: (one.points[0].value, one.points[-1].value) for one in curves}
    known = {name: (low, high) for name, (low, high) in ends.items() if low is not None and high}
    if not known:
        return "No recommender has a value here"
    better = sign_of(curves[0].key)
    name = max(known, key=lambda one: better * known[one][0])
    low, high = known[name]
    lead = f"Knowing only the last entry, {name} does best: {metric.name(curves[0].key)} {score(low)}"
    if better * low >= better * high:
        return f"{lead}; the rest of the history adds nothing ({score(high)})"
    return f"{lead}, {low / high:.0%} of what it reaches knowing all"


def _more_data(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    job = learning.job_of(workspace, chosen)
    curves = learning.by_size(job)
    if curves:
        _draw(
            curves, growth(curves), "share of the rows learned from, the latest", "more-data", colours, share
        )
        for name, why in ((job.result or {}).get("failed", {}) if job else {}).items():
            st.caption(md(f"{name} is left out: {why}"))
        return
    if job is not None and job.state is JobState.failed:
        st.error(md(job.error), title="The learning curves failed", icon=":material/error:")
    st.header("Would more data help?", anchor=False)
    st.markdown(
        "Every recommender learns again from the latest 10, 25, 50 and 100% of the rows, and is asked the same."
    )
    live = job is not None and job.live
    if st.button("Draw the learning curves", icon=":material/show_chart:", disabled=live, key="run-learning"):
        learning.submit(workspace, chosen, found.experiment)
        st.rerun()
    st.caption(f"Takes about {seconds(learning.forecast(found))} of work.")


def growth(curves: Sequence[Curve]) -> str:
    """Who gains most by the second half of the data: what was measured, without a claim about others."""
    gains = enough(curves)
    if not gains:
        return "No recommender has a value for half of the data"
    name = max(gains, key=lambda one: gains[one])
    if gains[name] < STILL:
        return "From half of the data to all of it nobody gains more than 2%"
    places = {point.at: point for one in curves if one.name == name for point in one.points}
    doubt = (
        "; these customers are too few to tell that from chance" if overlap(places[0.5], places[1.0]) else ""
    )
    return (
        f"From half of the data to all of it {name} gains most: "
        f"{score(places[0.5].value)} to {score(places[1.0].value)}{doubt}"
    )


def _draw(
    curves: Sequence[Curve],
    finding: str,
    axis: str,
    key: str,
    colours: Palette,
    step: Callable[[float | None], str],
) -> None:
    rows = frame(curves, step)
    what = metric.name(curves[0].key)
    names = {"name": "Recommender", "step": axis.capitalize(), "value": what, "low": "Low", "high": "High"}
    show.chart(
        lines(rows, x_axis=axis, y_axis=what, palette=colours),
        finding=finding,
        table=rows.rename(columns=names),
        key=key,
        explained=metric.plain(curves[0].key),
    )


def frame(curves: Sequence[Curve], step: Callable[[float | None], str]) -> pd.DataFrame:
    """A row a point; `step` says its place in words."""
    rows = [
        {"name": one.name, "step": step(point.at), "value": point.value, "low": point.low, "high": point.high}
        for one in curves
        for point in one.points
    ]
    return pd.DataFrame(rows).astype({"value": "float64", "low": "float64", "high": "float64"})


def entries(at: float | None) -> str:
    """How many entries are known."""
    return "all" if at is None else f"{at:.0f}"


def share(at: float | None) -> str:
    """Which share of the rows was learned from."""
    return f"{at:.0%}"
