"""The parts of the Compare page: the leaderboard and the tabs below it, and what can be taken away."""

import numpy as np
import pandas as pd
import streamlit as st

from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.overlap import overlap
from reco_lab.charts.theme import Palette
from reco_lab.experiments.results import Cell, Comparison, Outcome, Row
from reco_lab.experiments.verdict import POPULAR, listed, merged, power
from reco_lab.services import cards, experiments, publishing
from reco_lab.ui import (
    by_segment,
    cache,
    definitions,
    export,
    hybrids,
    inspector,
    learning,
    metric,
    page,
    results,
    show,
    state,
    story,
    tradeoffs,
    tuned,
)
from reco_lab.ui.export import Download, Sheet
from reco_lab.ui.report_told import Told
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

LENGTH = 10
MANY = 5


def base(found: Comparison, *, expert: bool) -> str:
    """What the verdict stands on, in one line."""
    split = found.split
    if not expert:
        return story.standing(found)
    asked = f"scored {split.users_scored:,} of {count(split.users_in_test, 'customer')}"
    hint = power(found.verdicts, [row.name for row in story.contestants(found)])
    told = [metric.plain(found.headline), asked, f"{split.kind.replace('_', ' ')} split", found.dataset, hint]
    return " · ".join(part for part in told if part)


def board(found: Comparison, colours: Palette, key: str) -> None:
    """The leaderboard as a chart, for one metric."""
    dots = results.dots(found, key)
    if dots.empty:
        st.info(f"No recommender has a value for {metric.name(key)}.")
        return
    if key != found.headline:
        st.caption(f"The verdict stays with {md(metric.name(found.headline))}, chosen before the run.")
    show.chart(
        leaderboard(dots, axis=metric.name(key), palette=colours, percent=metric.is_share(key)),
        finding=finding(found, key),
        table=None,
        key="leaderboard",
        explained=metric.definition(key),
    )
    told = ["Diamonds are yardsticks, not candidates."]
    if dots["low"].notna().any():
        told.insert(0, "The line shows how sure we are (95%).")
    if results.PERFECT in set(dots["name"]):
        told.append("Perfect knowledge is only known because the shop is simulated.")
    st.caption(" ".join(told))


def share(lab: page.Lab, chosen: str, found: Comparison) -> None:
    """The menu of what can be taken away: the report and the tables, and apart what repeats the experiment."""
    stem = f"reco-lab-{chosen}"
    spec = experiments.as_asked(lab.workspace, chosen)
    told = Told.of(lab, chosen)
    things: list[Download | Sheet] = [
        *([told.file()] if told else []),
        Sheet("Leaderboard", stem, lambda: results.flat(found)),
        Sheet("Differences", f"{stem}-differences", lambda: results.differences(found)),
    ]
    apart = [
        Download("Experiment file (TOML)", f"{stem}.toml", lambda: experiments.toml(spec)),
        Download("Python script", f"{stem}.py", lambda: experiments.script(spec), "text/x-python"),
    ]
    export.menu(things, key="compare", apart=apart)


def onwards(lab: page.Lab, chosen: str, found: Comparison) -> None:
    """What to do with the champion next: see its lists, let it serve, tell its story."""
    if found.champion is None:
        return
    if st.button("See what customers get", type="primary", icon=":material/person_search:", key="onwards"):
        show.go(page.CUSTOMER, {state.EXPERIMENT: chosen})
    _publish(lab, chosen, found.champion)
    if st.button("Tell it as a report", icon=":material/slideshow:", key="onwards-report"):
        show.go(page.REPORT, {state.EXPERIMENT: chosen})


def _publish(lab: page.Lab, chosen: str, champion: str) -> None:
    """Offer to publish the champion; where it serves already, to see it serve."""
    serves = lab.version is not None and publishing.serves(lab.workspace, lab.version, chosen, champion)
    label, icon = (
        (f"{champion} serves already", ":material/check:")
        if serves
        else (f"Publish {champion}", ":material/rocket_launch:")
    )
    if st.button(md(label), icon=icon, key="onwards-publish"):
        if not serves:
            publishing.submit(lab.workspace, chosen, champion)
        show.go(page.ADS)


def ends(lab: page.Lab, found: Comparison) -> None:
    """Say before it is pressed what publishing the champion would stop."""
    if found.champion is not None and (sentence := publishing.ends(lab.workspace, found.dataset)):
        st.caption(md(sentence))


def ledger(workspace: Workspace, found: Comparison) -> None:
    """How often this test part was looked at, and who did not get to find settings of its own."""
    seen = experiments.openings(workspace, found)
    looks = {1: "once", 2: "twice"}.get(seen.experiments, f"{seen.experiments:,} times")
    told = (
        [f"This test part has been looked at {looks}, by {count(seen.recommenders, 'recommender')}."]
        if seen.experiments
        else []
    )
    untuned = [row.name for row in story.contestants(found) if not row.tuned and not row.reference]
    if len(untuned) == len([row for row in story.contestants(found) if not row.reference]):
        told.append("All ran with the settings they were given, untuned.")
    elif untuned:
        told.append(f"Untuned: {listed(untuned)}.")
    if seen.experiments > MANY:
        told.append("The more often, the more a lead may be luck; new data would tell.")
    st.caption(md(" ".join(told)))


def finding(found: Comparison, key: str) -> str:
    """What the leaderboard shows for a metric, as a sentence that claims no more than the verdicts allow."""
    running = sorted(
        (row for row in story.contestants(found) if _value(row, key) is not None),
        key=lambda row: _value(row, key) or 0.0,
        reverse=metric.better_when_higher(key) is not False,
    )
    if not running:
        return f"Only yardsticks have {metric.name(key)}"
    if key == found.headline and found.champion in {row.name for row in running}:
        return _leaders(found, running, key)
    named = [
        running[0],
        *(row for row in running[1:] if row.name == found.champion or row.algorithm == POPULAR),
    ]
    told = [f"{row.name} {metric.value(key, _value(row, key))}" for row in named]
    if key.startswith("coverage"):
        return (
            f"{running[0].name} shows {metric.value(key, _value(running[0], key))} of the catalogue"
            + "".join(f", {one}" for one in told[1:])
        )
    return f"{metric.name(key)}: {', '.join(told)}"


def _leaders(found: Comparison, running: list[Row], key: str) -> str:
    """Who stands on top of the headline metric and who cannot be told apart from the champion."""
    best, top = str(found.champion), running[0]
    outcomes = {verdict.other: verdict.outcome for verdict in found.verdicts}
    level = [row for row in running if outcomes.get(row.name) in {Outcome.unsure, Outcome.tie}]
    named = {top.name, best, *(row.name for row in level[:1])}
    popular = [row for row in running if row.algorithm == POPULAR and row.name not in named]
    scale = [f"popular items {metric.value(key, _value(row, key))}" for row in popular]
    champion = f"{best} {metric.value(key, _value(found.row(best), key))}"
    leading = f"{top.name} {metric.value(key, _value(top, key))}"
    if top.name == best:
        if len(level) == 1:
            pair = f"{metric.value(key, _value(top, key))} and {metric.value(key, _value(level[0], key))}"
            ends = "; ".join([pair, *scale])
            return f"{best} and {level[0].name} lead; they cannot be told apart ({ends})"
        ends = ", ".join([leading, *scale])
        apart = f"; {listed([row.name for row in level])} cannot be told apart from it" if level else ""
        return f"{best} leads{apart} ({ends})"
    ends = ", ".join([leading, champion, *scale])
    if outcomes.get(top.name) is Outcome.worse:
        return f"{top.name} did better than {best}, which was picked in advance ({ends})"
    return f"{top.name} stands on top, but it cannot be told apart from {best} ({ends})"


def _value(row: Row, key: str) -> float | None:
    return row.metrics.get(key, Cell(value=None)).value


def sections(lab: page.Lab, chosen: str, found: Comparison, colours: Palette, key: str) -> None:
    """The tabs below the leaderboard; only the open one is worked out."""
    draw = {
        "Differences": lambda: _differences(found, expert=lab.expert),
        "Tuning": lambda: tuned.section(lab.workspace, found, colours),
        "Hybrids": lambda: hybrids.view(lab.workspace, chosen, found, colours),
        "Segments": lambda: by_segment.view(lab.workspace, chosen, key, colours),
        "Trade-offs": lambda: tradeoffs.view(lab.workspace, chosen, found, colours),
        "Learning": lambda: learning.view(lab.workspace, chosen, found, colours),
        "Split": lambda: inspector.view(lab.workspace, chosen, found, colours),
        "Overlap": lambda: _overlap(lab.workspace, chosen, found, colours),
        "Definitions": lambda: definitions.view(cache.evidence(lab.workspace, chosen)),
    }
    if lab.expert:
        draw["Run card"] = lambda: _card(lab.workspace, chosen, found)
    names = list(draw)
    tabs = st.tabs(names, key="section", on_change="rerun", bind="query-params")
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab:
                draw[name]()


def _differences(found: Comparison, *, expert: bool) -> None:
    if not found.verdicts or found.champion is None:
        st.markdown("There is no second recommender to compare the champion with.")
        return
    duels = {verdict.other: verdict for verdict in found.verdicts}
    told = [duels[row.name] for row in story.contestants(found) if row.name in duels]
    st.markdown(f"**{md(merged(found.champion, told))}**")
    st.caption(
        f"{md(found.champion)} was picked in advance, on the validation part, before the test part was opened. "
        + tied(found)
    )
    if hint := power(found.verdicts, [row.name for row in story.contestants(found)]):
        st.caption(md(hint))
    if not expert:
        st.caption("Expert, in the sidebar, shows the intervals and p-values as a table.")
        return
    show.numbers(
        results.differences(found),
        alt="Differences to the champion",
        key="differences",
        columns=results.tests(),
    )
    st.caption(
        "A small p beside “too few customers” is no contradiction: p is of these very models, while a win also needs an "
        "interval without 0, and the interval also holds how much another random start would change them."
    )


def tied(found: Comparison) -> str:
    """What is called a tie, or why nothing is."""
    if found.margin is None:
        return (
            f"Nothing is called a tie: {metric.name(found.headline)} has no highest value, so only you can say "
            "which difference is too small to matter."
        )
    return f"A tie is a difference that surely lies inside ±{found.margin:g}."


def _overlap(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    names, shares = experiments.overlap(workspace, chosen, LENGTH)
    if len(names) < 2:
        gone = len(found.leaderboard) > 1
        st.markdown(
            "The lists of this comparison are not kept any more. Compare again to see how far they agree."
            if gone
            else "There is only one list; overlap needs two."
        )
        return
    ranked = [row.name for row in found.leaderboard if row.name in names]
    order = [names.index(name) for name in ranked]
    shares = shares[np.ix_(order, order)]
    pairs = [
        (ranked[one], ranked[other], float(shares[one, other]))
        for one in range(len(ranked))
        for other in range(one + 1, len(ranked))
    ]
    told = [pair for pair in pairs if found.champion in pair[:2]] or pairs
    one, other, share = max(told, key=lambda pair: pair[2])
    if other == found.champion:
        one, other = other, one
    show.chart(
        overlap(tuple(ranked), shares, colours),
        finding=f"{one} shares {share:.0%} of its top {LENGTH} with {other}",
        table=pd.DataFrame(pairs, columns=["Recommender", "Other", "Shared"]),
        key="overlap",
    )


def _card(workspace: Workspace, chosen: str, found: Comparison) -> None:
    show.numbers(results.costs(found), alt="What each recommender took", key="costs")
    with st.grid(2, min_column_width=260):
        for name, value in {"Experiment": found.key, "Data": found.fingerprint}.items():
            with st.container(gap="xxsmall"):
                st.caption(f"{name}, the first 12 digits of its key")
                st.code(value[:12], language=None)
    st.caption(" · ".join(f"{md(name)} {md(value)}" for name, value in found.versions.items()))
    export.button(
        export.Download(
            "Run card (JSON)",
            f"run-card-{chosen}.json",
            lambda: cards.run_card(workspace, chosen).model_dump_json(indent=1),
            "application/json",
        ),
        key="card",
    )
    st.caption(
        "`reco-lab rerun CARD` computes all of it again, in a process of its own, and compares every digit."
    )
    with st.expander("The file that repeats this experiment", icon=":material/code:"):
        st.markdown("`reco-lab run FILE` computes it again.")
        spec = experiments.as_asked(workspace, chosen)
        st.code(experiments.toml(spec), language="toml")
