"""How the recommenders found their settings: a line each while they search, everything afterwards."""

import pandas as pd
import streamlit as st

from reco_lab.charts.bars import bars
from reco_lab.charts.theme import Palette
from reco_lab.experiments.results import Comparison, Row
from reco_lab.experiments.verdict import listed
from reco_lab.services import tuning
from reco_lab.services.tuning import Study
from reco_lab.ui import metric, show
from reco_lab.ui.story import contestants
from reco_lab.ui.words import md, score
from reco_lab.workspace import Workspace


def history(studies: list[Study], headline: str) -> None:
    """A line a recommender: how its best value rose from trial to trial."""
    rows = [
        {
            "Recommender": one.name,
            "Best so far": one.best_so_far,
            "As given": one.trials[0].value,
            "Best": one.best_so_far[-1] if one.best_so_far else None,
            "Trials": len(one.trials),
            "Ended early": one.ended_early,
        }
        for one in studies
        if one.trials
    ]
    if not rows:
        return
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        alt="What tuning found so far",
        column_config={
            "Best so far": st.column_config.LineChartColumn(
                help=f"{metric.plain(headline)}, on the validation part, after each trial"
            ),
            "As given": st.column_config.NumberColumn(format="%.4f", help="With the settings it came with"),
            "Best": st.column_config.NumberColumn(format="%.4f"),
            "Ended early": st.column_config.NumberColumn(
                help="On large data a setting that does badly on a quarter of the customers is not tried on all"
            ),
        },
    )


def section(workspace: Workspace, found: Comparison, palette: Palette) -> None:
    """The tab of a finished comparison: what tuning gained, which parameters mattered, every trial."""
    studies = tuning.studies(workspace, found)
    if not studies:
        st.markdown("**Nobody was tuned: every recommender ran with the settings it was given.**")
        st.caption("On the Experiment page each can be given the same number of trials to find better ones.")
        return
    st.header(md(gained(found)), anchor=False)
    st.caption(
        "All got the same budget, and chose by the validation part alone; the test part was not looked at. The best of "
        "several trials is partly luck, so not all of the gain need show there."
    )
    if plain := untuned(found):
        st.caption(md(plain))
    history(studies, found.headline)
    names = [one.name for one in studies]
    chosen = studies[names.index(st.selectbox("Look closer at", names, key="study"))]
    _importance(chosen, palette)
    with st.expander("Every trial", icon=":material/table_rows:"):
        show.numbers(chosen.frame(), alt=f"Trials of {chosen.name}", key="trials")


def untuned(found: Comparison) -> str:
    """Which of those that could have won had nothing to tune, as a sentence; empty where there is none."""
    names = [row.name for row in contestants(found) if row.tuned and not row.tuned.trials]
    return f"With nothing to tune, run as given: {listed(names)}." if names else ""


def gained(found: Comparison) -> str:
    """Who gained most by tuning, as a sentence."""
    rows = [row for row in found.leaderboard if row.tuned and _gain(row) is not None]
    if not rows:
        return "Tuning found nothing to score"
    best = max(rows, key=lambda row: abs(_gain(row) or 0.0))
    if not _gain(best):
        return "Tuning found nothing better than the settings that were given"
    told = best.tuned
    ends = f"from {score(told.first)} to {score(told.best)}" if told else ""
    return f"{best.name} gained most by tuning: {ends} {metric.name(found.headline)} on validation"


def _gain(row: Row) -> float | None:
    told = row.tuned
    if told is None or told.first is None or told.best is None:
        return None
    return told.best - told.first


def _importance(study: Study, palette: Palette) -> None:
    shares = study.importances()
    if not shares:
        st.caption(f"Too few trials of {md(study.name)} to say which parameter matters.")
        return
    rows = pd.DataFrame({"name": list(shares), "value": list(shares.values())})
    rows["text"] = [f"{share:.0%}" for share in rows["value"]]
    show.chart(
        bars(rows, palette=palette, form=".0%"),
        finding=mattered(study, str(rows["name"][0])),
        table=rows[["name", "value"]].rename(columns={"name": "Parameter", "value": "Share"}),
        key="importance",
        explained="How much of the difference between trials each parameter explains (functional ANOVA). The shares add "
        "up to 100% also where nothing but chance made trials differ.",
    )


def mattered(study: Study, first: str) -> str:
    """Which parameter explains most, unless chance would make some parameter explain as much."""
    if study.sure(first):
        return f"For {study.name}, {first} mattered most"
    return f"For {study.name}, these trials cannot tell from chance which parameter matters"
