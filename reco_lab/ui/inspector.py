"""The Split tab of Compare: what the split leaves and leaks, what to do about it, and the same models under others."""

import pandas as pd
import streamlit as st

from reco_lab.charts.theme import Palette
from reco_lab.core.splitting import splitters
from reco_lab.experiments.inspection import Inspection
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.verdict import YARDSTICKS, listed
from reco_lab.services import other_splits
from reco_lab.services.other_splits import Standing, UnderSplit
from reco_lab.ui import cache, cut, metric, show
from reco_lab.ui.words import md, score, when
from reco_lab.workspace import Workspace

USUAL = ("global_time", "last_share", "random_rows", "user_holdout")


def view(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    """What to think of the split first, then the cut itself, then other splits."""
    seen = cache.inspection(workspace, chosen)
    st.markdown(f"**{md(seen.recommendation)}**")
    st.markdown("\n".join(f"- {md(one)}" for one in seen.findings))
    cut.view(found.split, cache.cut(workspace, chosen), colours)
    with st.expander("The parts in numbers", icon=":material/table_rows:"):
        show.numbers(parts(seen), alt="The parts of the split", key="inspected")
        st.caption(md(shifts(seen)))
    _others(workspace, chosen, found)


def parts(seen: Inspection) -> pd.DataFrame:
    """The parts of a split, a line each, and what they have in common."""
    return pd.DataFrame(
        [
            {
                "Part": cut.PARTS[place],
                "Rows": one.rows,
                "Customers": one.customers,
                "Items": one.items,
                "Concentration (Gini)": round(one.gini, 3),
                "First": None if one.first is None else when(str(one.first.astype("datetime64[s]"))),
                "Last": None if one.last is None else when(str(one.last.astype("datetime64[s]"))),
            }
            for place, one in enumerate(seen.parts)
        ]
    )


def shifts(seen: Inspection) -> str:
    """Popularity and duplicates across the parts, in words."""
    names = dict(zip((one.name for one in seen.parts), cut.PARTS, strict=True))
    told = [
        f"{one.pairs:,} in “{names[one.parts[0]]}” and “{names[one.parts[1]]}”"
        for one in seen.repeats
        if one.pairs
    ]
    lead = (
        f"The same customer and item stand in two parts: {listed(told)}."
        if told
        else "No pair stands in two parts."
    )
    if seen.agreement is None:
        return lead
    chance = seen.chance_agreement
    usual = "" if chance is None else f"; {chance:.2f} would be usual if nothing had changed"
    return (
        f"{lead} The order of the items by popularity before the exam and in it agrees by {seen.agreement:.2f} "
        f"(Kendall's tau: 1 is the same order, 0 none in common{usual}). Gini is of all items, also those "
        "without rows: 0 where each has as many, 1 where one has them all; with fewer rows it is higher by chance alone."
    )


def _others(workspace: Workspace, chosen: str, found: Comparison) -> None:
    st.header("The same models under the other splits", anchor=False)
    under = other_splits.under_splits(workspace, chosen)
    if len(under) > 1:
        st.markdown(f"**{md(agreement(under))}**")
        show.numbers(side_by_side(found, under), alt="The place under each split", key="other-splits")
        st.caption(
            f"The place by {md(metric.name(found.headline))}, its value over customers with a history, then over all "
            "customers. Tie and not decided are against the champion of that split, picked before its test; places "
            "over all customers are not tested. Values compare within a split only: another split asks other questions."
        )
    offered = cache.alternatives(workspace, chosen)
    done = {one.split for one in under}
    names = {kind: splitters()[kind].label for kind in offered}
    left = [kind for kind, gap in offered.items() if not gap and names[kind] not in done]
    if left:
        wanted = st.pills(
            "Run them under",
            left,
            selection_mode="multi",
            default=[kind for kind in USUAL if kind in left],
            format_func=lambda kind: names[kind],
            key="other-kinds",
            help="Nothing differs but the split. Each takes about as long as this comparison did.",
        )
        busy = other_splits.under_way(workspace, chosen)
        if st.button(
            "Same models under the other splits",
            icon=":material/call_split:",
            disabled=busy or not wanted,
            key="run-splits",
        ):
            other_splits.submit_under(workspace, chosen, wanted)
            st.rerun()
    if gaps := [f"{names[kind]}: {gap}" for kind, gap in offered.items() if gap]:
        st.caption("Not possible with this data. " + " ".join(md(gap) for gap in gaps))


def agreement(under: list[UnderSplit]) -> str:
    """Who leads under which split, in a sentence."""
    first: dict[str, list[str]] = {}
    for one in under:
        running = {row.name for row in one.found.leaderboard if row.algorithm not in YARDSTICKS}
        ranked = sorted(
            (name for name in one.standings if name in running), key=lambda name: one.standings[name].place
        )
        if ranked:
            first.setdefault(ranked[0], []).append(one.split.lower() + _unproven(one, ranked[0], running))
    if len(first) == 1:
        name, splits = next(iter(first.items()))
        return f"{name} leads under every split: {listed(splits)}."
    return "; ".join(f"{name} leads under {listed(splits)}" for name, splits in first.items()) + "."


def _unproven(one: UnderSplit, leader: str, running: set[str]) -> str:
    """Whom a leader is not shown to beat under a split."""
    level = {name: seen for name, seen in one.level(leader).items() if name in running}
    ties = [name for name, seen in level.items() if seen is Outcome.tie]
    rest = [name for name in level if name not in ties]
    told = [f"a tie with {listed(ties)}"] if ties else []
    told += [f"not told apart from {listed(rest)}"] if rest else []
    return f" ({', '.join(told)})" if told else ""


def side_by_side(found: Comparison, under: list[UnderSplit]) -> pd.DataFrame:
    """A line a recommender, two columns a split: warm customers and all customers."""
    rows = []
    for row in found.leaderboard:
        if row.run_keys:
            line: dict[str, str | None] = {"Recommender": row.name}
            for one in under:
                standing = one.standings.get(row.name)
                line[one.split] = _said(standing, _mark(one, row.name))
                line[f"{one.split}, all customers"] = _said_of_all(standing)
            rows.append(line)
    return pd.DataFrame(rows)


def _mark(one: UnderSplit, name: str) -> str:
    """What the paired test says of one under a split."""
    if name == one.found.champion:
        return ", champion"
    seen = one.level(name).get(one.found.champion or "")
    return "" if seen is None else ", tie" if seen is Outcome.tie else ", not decided"


def _said(standing: Standing | None, mark: str) -> str | None:
    return None if standing is None else f"{standing.place}. ({score(standing.value)}){mark}"


def _said_of_all(standing: Standing | None) -> str | None:
    if standing is None or standing.all_place is None:
        return None
    return f"{standing.all_place}. ({score(standing.all_customers)})"
