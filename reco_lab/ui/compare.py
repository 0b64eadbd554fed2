"""The parts of the Compare page below its leaderboard, and what can be taken away from it."""

import pandas as pd
import streamlit as st

from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.overlap import overlap
from reco_lab.charts.parts import parts
from reco_lab.charts.theme import LIGHT, Palette
from reco_lab.charts.timeline import timeline
from reco_lab.charts.tradeoff import tradeoff
from reco_lab.core.splitting import Split
from reco_lab.experiments.diagnostics import warnings_about
from reco_lab.experiments.results import Comparison, SplitSummary
from reco_lab.services import experiments
from reco_lab.ui import cache, metric, page, results, show
from reco_lab.ui.export import Download, csv, report
from reco_lab.ui.words import md, score, when
from reco_lab.workspace import Workspace

LENGTH = 10


def base(found: Comparison) -> str:
    """What the verdict stands on, in one line."""
    split = found.split
    asked = f"scored {split.users_scored:,} of {split.users_in_test:,} customers"
    return (
        f"{metric.plain(found.headline)} · {asked} · {split.kind.replace('_', ' ')} split · {found.dataset}"
    )


def board(found: Comparison, colours: Palette, key: str = "") -> None:
    """The leaderboard as a chart, for one metric (the headline where none is named)."""
    key = key or found.headline
    dots = results.dots(found, key)
    if dots.empty:
        st.info(f"No recommender has a value for {metric.name(key)}.")
        return
    show.chart(
        leaderboard(dots, axis=metric.name(key), palette=colours),
        finding=finding(found, dots, key),
        table=dots,
        key="leaderboard",
        explained=metric.definition(key),
    )
    st.caption(
        "The line through a dot is its 95 % interval, simultaneous for all rows. "
        "Open diamonds are references: they give the others a scale."
    )


def finding(found: Comparison, dots: pd.DataFrame, key: str) -> str:
    """What the leaderboard shows for a metric, as a sentence."""
    best = dots[dots["role"] != "reference"]
    if best.empty:
        return f"Only references have {metric.name(key)}"
    top = best.iloc[0]
    word = {True: "highest", False: "lowest", None: "at the upper end"}[metric.better_when_higher(key)]
    return f"{top['name']} scores {word} in {metric.name(key)}: {score(top['value'])}{_scale(found, key)}"


def _scale(found: Comparison, key: str) -> str:
    """What popular items and the oracle reach, so that a score means something."""
    words = {"most_popular": "popular items", "oracle": "the best possible"}
    reached = [
        f"{words[row.algorithm]} {score(row.metrics[key].value)}"
        for row in reversed(found.leaderboard)
        if row.reference and row.algorithm in words and key in row.metrics
    ]
    return f" ({', '.join(reached)})" if reached else ""


def sections(lab: page.Lab, chosen: str, found: Comparison, colours: Palette) -> None:
    """The tabs below the leaderboard; only the open one is worked out."""
    names = ["Differences", "Trade-offs", "Split", "Overlap", "Definitions", "Run card"]
    tabs = st.tabs(names, key="section", on_change="rerun", bind="query-params")
    draw = {
        "Differences": lambda: _differences(found, expert=lab.expert),
        "Trade-offs": lambda: _tradeoffs(found, colours),
        "Split": lambda: _split(lab.workspace, chosen, found, colours),
        "Overlap": lambda: _overlap(lab.workspace, chosen, colours),
        "Definitions": lambda: _definitions(found),
        "Run card": lambda: _card(lab.workspace, chosen, found),
    }
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab:
                draw[name]()


def downloads(workspace: Workspace, chosen: str, found: Comparison) -> list[Download]:
    """What can be taken away: tables, the file and the script that repeat it, a report."""
    stem = f"reco-lab-{chosen}"
    spec = experiments.experiment_of(workspace.store.experiment(chosen))
    dots = results.dots(found, found.headline)
    chart = leaderboard(dots, axis=metric.name(found.headline), palette=LIGHT)
    return [
        Download("Leaderboard (CSV)", f"{stem}.csv", lambda: csv(results.flat(found)), "text/csv"),
        Download(
            "Differences (CSV)",
            f"{stem}-differences.csv",
            lambda: csv(results.differences(found)),
            "text/csv",
        ),
        Download("Experiment file (TOML)", f"{stem}.toml", lambda: experiments.toml(spec)),
        Download("Python script", f"{stem}.py", lambda: experiments.script(spec), "text/x-python"),
        Download("Report (HTML, one file)", f"{stem}.html", lambda: report(found, [chart]), "text/html"),
    ]


def doubts(split: SplitSummary) -> tuple[str, ...]:
    """What a person should know of a split before anything is trained on it."""
    return warnings_about(split)


def _differences(found: Comparison, *, expert: bool) -> None:
    if not found.verdicts:
        st.markdown("There is no second recommender to compare the champion with.")
        return
    st.markdown(
        f"The champion **{md(found.champion)}** was chosen on the validation part, before the test part was "
        f"opened. A tie is an interval inside ±{found.margin:g}."
    )
    for verdict in found.verdicts:
        st.markdown(f"- {md(verdict.sentence)}")
    if not expert:
        st.caption("Expert, in the sidebar, shows the intervals and p-values as a table.")
        return
    st.dataframe(
        results.differences(found), hide_index=True, alt="Differences to the champion", placeholder="–"
    )


def _tradeoffs(found: Comparison, colours: Palette) -> None:
    others = [key for key in results.keys(found) if key != found.headline]
    if not others:
        st.markdown("Only one metric was measured; a trade-off needs two.")
        return
    preferred = [key for key in others if key.startswith(("coverage", "novelty", "diversity"))]
    other = st.selectbox(
        "Against", others, others.index((preferred or others)[0]), format_func=metric.full, key="against"
    )
    rows = results.points(found, other)
    own = rows[rows["role"] != "reference"]
    if own.empty:
        st.markdown("No recommender has both values.")
        return
    best, widest = (own.sort_values(axis)["name"].iloc[-1] for axis in ("y", "x"))
    names = {"name": "Recommender", "x": metric.name(other), "y": metric.name(found.headline), "role": "Role"}
    leads = (
        f"{best} leads in both"
        if best == widest
        else f"{best} leads in {names['y']}, {widest} has the highest {names['x']}"
    )
    show.chart(
        tradeoff(rows, x_axis=names["x"], y_axis=names["y"], palette=colours),
        finding=leads,
        table=rows.rename(columns=names),
        key="tradeoff",
        explained="Nobody beats the joined ones in both at once. Open diamonds are references.",
    )


def _split(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    cut_view(found.split, cache.cut(workspace, chosen), colours)


def cut_view(split: SplitSummary, cut: Split, colours: Palette) -> None:
    """How the rows were cut, over time where times are known, and what that leaves, in words."""
    counts = {"train": split.train, "validation": split.validation, "test": split.test}
    rows = {"train": cut.train_rows, "validation": cut.validation_rows, "test": cut.test_rows}
    times = cut.data.interactions.times
    drawn = {name: times[part] for name, part in rows.items()} if times is not None else None
    show.chart(
        timeline(drawn, colours) if drawn else parts(counts, colours),
        finding=f"{split.users_scored:,} of {split.users_in_test:,} customers in the test part can be scored",
        table=pd.DataFrame({"Part": counts.keys(), "Rows": counts.values()}),
        key="parts",
    )
    facts = {
        "Customers with test rows": split.users_in_test,
        "Warm customers (with a history), who are scored": split.users_scored,
        "Cold customers, who get the shared fallback": split.cold_users,
        "Warm customers whose test rows all fell away (repeats, or items nobody knew)": split.nothing_left,
        "Test rows of cold customers": split.cold_user_rows,
        "Cold items (nobody touched them before the test)": split.cold_items,
        "Repeat rows removed from the test": split.repeats_removed,
        "Test rows of items nobody knew at the cut, removed": split.unknown_item_rows,
        "Items that could be recommended": split.candidates,
    }
    st.markdown("\n".join(f"- {words}: **{number:,}**" for words, number in facts.items()))
    if split.as_of:
        st.markdown(f"The test part begins at **{md(when(split.as_of))}** (UTC).")


def _overlap(workspace: Workspace, chosen: str, colours: Palette) -> None:
    names, shares = experiments.overlap(workspace, chosen, LENGTH)
    if len(names) < 2:
        st.markdown("There is only one list; overlap needs two.")
        return
    pairs = [
        (names[one], names[other], float(shares[one, other]))
        for one in range(len(names))
        for other in range(one + 1, len(names))
    ]
    closest = max(pairs, key=lambda pair: pair[2])
    show.chart(
        overlap(tuple(names), shares, colours),
        finding=f"{closest[0]} and {closest[1]} are most alike: {closest[2]:.0%} of their top {LENGTH} is the same",
        table=pd.DataFrame(pairs, columns=["Recommender", "Other", "Shared"]),
        key="overlap",
    )


def _definitions(found: Comparison) -> None:
    for key in results.keys(found):
        st.markdown(f"**{md(metric.name(key))}**: {md(metric.plain(key))}")
        st.caption(md(metric.definition(key)))


def _card(workspace: Workspace, chosen: str, found: Comparison) -> None:
    st.dataframe(results.costs(found), hide_index=True, alt="What each recommender took", placeholder="–")
    facts = {"Experiment": found.key, "Data": found.fingerprint, **found.versions}
    st.markdown("\n".join(f"- {md(name)}: `{value}`" for name, value in facts.items()))
    st.markdown("The file below repeats this experiment: `reco-lab run FILE`.")
    st.code(experiments.toml(experiments.experiment_of(workspace.store.experiment(chosen))), language="toml")
