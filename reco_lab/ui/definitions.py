"""The Definitions tab of Compare: every metric's formula, and the same lists scored as other libraries define it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from reco_lab.core.evaluation import metric_at
from reco_lab.experiments.definitions import Reading
from reco_lab.services.evidence import Evidence
from reco_lab.ui import metric, results, show
from reco_lab.ui.words import md, score


def view(known: Evidence) -> None:
    """What the figures mean here, then what they would be elsewhere."""
    for key in results.keys(known.found):
        st.markdown(f"**{md(metric.name(key))}**: {md(metric.plain(key))}")
        st.markdown(md(metric.formula(key)))
        st.caption(md(metric.edges(key)))
    names = [row.name for row in known.found.leaderboard if row.name in known.runs]
    if not names:
        return
    st.header("The same lists, as others would score them", anchor=False)
    best = names.index(known.found.champion) if known.found.champion in names else 0
    name = st.selectbox("Lists of", names, best, key="elsewhere")
    k = metric_at(known.found.headline)[1] or max(known.asked.experiment.metrics.k)
    found = known.readings(name, k)
    st.markdown(f"**{md(widest(found, k))}**")
    show.numbers(table(found, k), alt=f"The lists of {name} by every definition", key="definitions")
    st.caption(
        "One word, several quantities: figures from two libraries compare only where their definitions do. "
        "The first line of each is ours."
    )


def widest(found: Sequence[Reading], k: int) -> str:
    """Which word means the most different things, as a sentence."""
    spans: dict[str, list[float]] = {}
    for one in found:
        spans.setdefault(one.definition.quantity, []).append(one.value)
    quantity, values = max(spans.items(), key=lambda item: max(item[1]) - min(item[1]))
    return (
        f"{_named(quantity, k)} of these lists is anything from {score(min(values))} to "
        f"{score(max(values))}, depending on who defines it."
        if max(values) > min(values)
        else "Here all definitions agree."
    )


def table(found: Sequence[Reading], k: int) -> pd.DataFrame:
    """A line a definition."""
    return pd.DataFrame(
        [
            {
                "Metric": _named(one.definition.quantity, k),
                "Value": round(one.value, 4),
                "Definition": one.definition.words,
                "Used by": one.definition.whose,
            }
            for one in found
        ]
    )


def _named(quantity: str, k: int) -> str:
    return f"{quantity if quantity.startswith('n') else quantity[0].upper() + quantity[1:]}@{k}"
