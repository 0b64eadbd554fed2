"""The Segments tab of Compare: who is served well, and who gets worse if one recommender replaces another."""

from itertools import compress

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.heat import heat
from reco_lab.charts.theme import Palette
from reco_lab.experiments.by_segment import BySegment, Shift, told
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.segments import SMALLEST
from reco_lab.experiments.verdict import POPULAR, YARDSTICKS, listed
from reco_lab.services.evidence import Evidence, Way
from reco_lab.services.segments import listing
from reco_lab.ui import cache, metric, show
from reco_lab.ui.words import md, score, signed
from reco_lab.workspace import Workspace

TOO_SMALL = "too few to say"


def view(workspace: Workspace, experiment: str, key: str, colours: Palette) -> None:
    """Choose a way to part the customers, and see one metric in every part."""
    known = cache.evidence(workspace, experiment)
    ways = known.ways | cache.saved_ways(workspace, experiment, listing(workspace, known.found.dataset))
    if not ways:
        st.markdown("Nothing is known of the customers that would tell some of them from others.")
        return
    if not known.answers:
        st.info("The lists of this comparison are not kept any more. Compare again to see it by segment.")
        return
    chosen = st.selectbox(
        "Customers by",
        list(ways),
        format_func=lambda one: ways[one][0].name,
        key="segment_by",
        bind="query-params",
        help="Known before the exam begins, so that no recommender is judged by what came later.",
    )
    way = ways[chosen]
    found = known.by_segment(key, way)
    if found is None:
        st.info(
            f"{md(metric.name(key))} is a property of all lists together: a part of the customers has none. "
            "Choose another metric above."
        )
        return
    if not (found.customers >= SMALLEST).any():
        sizes = [f"{name} ({n:,})" for name, n in zip(found.segments, found.customers, strict=True)]
        st.markdown(f"**No segment has the {SMALLEST} customers that it takes to say anything.**")
        st.caption(md(f"Scored customers of each: {listed(sizes)}."))
        return
    _cells(known.found, found, key, colours)
    if known.gone:
        st.caption(
            md(
                f"Not here, as their lists are not kept any more: {listed(known.gone)}. Compare again to see them."
            )
        )
    if metric.better_when_higher(key) is not None:
        _worse(known, key, way)


def _cells(comparison: Comparison, found: BySegment, key: str, colours: Palette) -> None:
    order = [row.name for row in comparison.leaderboard if row.name in found.names]
    places = [found.names.index(name) for name in order]
    large = found.customers >= SMALLEST
    headings = [f"{name} ({n:,})" for name, n in zip(found.segments, found.customers, strict=True)]
    show.chart(
        heat(
            found.value[places][:, large],
            rows=order,
            columns=list(compress(headings, large)),
            form=".0%" if metric.is_share(key) else ".3f",
            palette=colours,
            written=True,
        ),
        finding=finding(comparison, found, key),
        table=cells(found, key),
        key="segments",
        explained=metric.definition(key),
    )
    small = list(compress(headings, ~large))
    told = f" Left out, with fewer than {SMALLEST}: {listed(small)}." if small else ""
    st.caption(md(f"In brackets: the scored customers of each segment.{told}"))


def finding(comparison: Comparison, found: BySegment, key: str) -> str:
    """Where the champion (or the first on the leaderboard) does best and worst, and whether that is more than chance."""
    name = comparison.champion if comparison.champion in found.names else found.names[0]
    place_of = found.names.index(str(name))
    values = found.value[place_of]
    if not np.isfinite(values).any():
        return f"No segment has the {SMALLEST} customers that it takes"
    best, worst = int(np.nanargmax(values)), int(np.nanargmin(values))
    ends = [
        f"“{found.segments[place]}” ({metric.value(key, float(values[place]))})" for place in (best, worst)
    ]
    if best == worst:
        return f"{metric.name(key)} of {name}: {ends[0]}"
    found_apart = found.low[place_of, best] > found.high[place_of, worst]
    doubt = "" if found_apart else "; no two segments can be told apart"
    return f"{metric.name(key)} of {name} is highest for {ends[0]}, lowest for {ends[1]}{doubt}"


def cells(found: BySegment, key: str) -> pd.DataFrame:
    """Every cell of the heat map with its customers and its interval."""
    return pd.DataFrame(
        [
            {
                "Recommender": name,
                "Segment": segment,
                "Customers": int(found.customers[column]),
                metric.name(key): _or_none(found.value[row, column]),
                "95% interval": _interval(found.low[row, column], found.high[row, column]),
            }
            for row, name in enumerate(found.names)
            for column, segment in enumerate(found.segments)
        ]
    )


def _worse(known: Evidence, key: str, way: Way) -> None:
    """Who gets worse if we ship this instead of that: the sentence first."""
    names = [row.name for row in known.found.leaderboard if key in row.metrics and row.name in known.answers]
    if len(names) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ship = st.selectbox(
            "Who gets worse if we show", names, _first(names, known.found.champion), key="ship"
        )
        others = [name for name in names if name != ship]
        instead_of = st.selectbox("instead of", others, _rival(known.found, others), key="instead_of")
    found = known.shifts(key, way, ship, instead_of)
    st.markdown(f"**{md(told(found, key, ship, instead_of))}**")
    show.numbers(changes(found), alt="Change by segment", key="shifts")
    st.caption(
        "The change is paired: the same customers, both lists. Above 0 they are served better. "
        "The intervals hold together at 95% over these segments. Look at enough metrics and groupings, and "
        "some group stands out by luck."
    )


def changes(found: tuple[Shift, ...]) -> pd.DataFrame:
    """What every segment gains or loses."""
    words = {"better": "better", "worse": "worse", "tie": "the same"}
    return pd.DataFrame(
        [
            {
                "Segment": one.segment,
                "Customers": one.customers,
                "Change": None if one.change is None else signed(one.change),
                "95% interval": _interval(one.low, one.high),
                "Result": TOO_SMALL if one.change is None else words.get(str(one.outcome), "not decided"),
            }
            for one in found
        ]
    )


def _interval(low: float | None, high: float | None) -> str | None:
    if low is None or high is None or np.isnan(low):
        return None
    return f"{score(float(low))} to {score(float(high))}".replace("-", "\N{MINUS SIGN}")


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _first(names: list[str], wanted: str | None) -> int:
    return names.index(wanted) if wanted in names else 0


def _rival(found: Comparison, names: list[str]) -> int:
    """What is shown today, as far as we know: the bestsellers; else the best of the others."""
    popular = [row.name for row in found.leaderboard if row.algorithm == POPULAR]
    others = [row.name for row in found.leaderboard if row.algorithm not in YARDSTICKS]
    return next((names.index(name) for name in (*popular, *others) if name in names), 0)
