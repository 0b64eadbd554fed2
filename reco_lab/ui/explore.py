"""What the Explore page says first, how its charts are shown, and what can be taken away."""

from collections.abc import Sequence
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from reco_lab.charts.document import markup
from reco_lab.charts.theme import LIGHT, Palette
from reco_lab.services.explore import Finding, Portrait
from reco_lab.store.records import DatasetVersion
from reco_lab.ui import explore_tabs, scope
from reco_lab.ui.export import Download, Sheet
from reco_lab.ui.words import count, md

FIRST = 6
_NAMES = {
    "activity": "activity over time",
    "long_tail": "the long tail",
    "customers": "histories of customers",
    "items": "interactions per item",
    "repeats": "repeats",
    "cohorts": "cohorts",
    "hours": "hours of the week",
    "top_items": "top items",
    "baskets": "baskets",
    "funnel": "the funnel",
    "prices": "price bands",
    "categories": "categories",
    "missing": "missing values",
    "readiness": "the readiness list",
    "findings": "the findings",
}


def headline(found: Portrait, known: int = 0) -> str:
    """What there is, in one sentence; `known` customers are in the data set, with interactions or without."""
    profile = found.parts.profile
    of = f"{profile.customers:,} of " if profile.customers < known else ""
    who = f"{of}{count(max(profile.customers, known), 'customer')} and {count(profile.items, 'item')}"
    when = f", over {count(profile.days, 'day')}" if profile.days else ""
    return f"{count(profile.rows, 'interaction')} between {who}{when}"


def base(found: Portrait, whole: Portrait) -> str:
    """What the headline stands on, and whether a recommender can learn from it."""
    profile = found.parts.profile
    ends = [f"{day:%d %b %Y}".lstrip("0") for day in (profile.first, profile.last) if day]
    parts = [" – ".join(ends)] if ends else ["no times"]
    if found.scope:
        parts.append(f"{profile.rows / whole.parts.profile.rows:.1%} of all interactions")
    ready = f"Can it train a recommender? {whole.readiness.sentence}." if whole.readiness else ""
    return " · ".join([*parts, ready] if ready else parts)


def cards(found: Portrait, *, expert: bool) -> None:
    """The findings, the most telling first: a number and its sentence each."""
    if not found.findings:
        return
    st.header("What stands out", anchor=False)
    _grid(found.findings[:FIRST])
    if more := found.findings[FIRST:]:
        with st.expander(f"{len(more)} more", icon=":material/more_horiz:", expanded=expert):
            _grid(more)


def _grid(findings: tuple[Finding, ...]) -> None:
    with st.grid(3, min_column_width=240, border=True):
        for finding in findings:
            with st.container(gap="xxsmall"):
                st.metric(finding.section, finding.number)
                st.markdown(md(finding.sentence))


def faults(found: Portrait) -> None:
    """Say which sides of the data could not be looked at; the others are shown."""
    for name, reference in found.faults.items():
        st.error(
            f"The rest of the page stands. The details are in the log under **{md(reference)}**.",
            title=f"Our fault: {_NAMES.get(name, name)} could not be worked out",
            icon=":material/bug_report:",
        )


def sections(found: Portrait, whole: Portrait, colours: Palette) -> None:
    """The tabs of charts; only the open one is drawn."""
    names = [*explore_tabs.SECTIONS, "Readiness"]
    tabs = st.tabs(names, key="section", on_change="rerun", bind="query-params")
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab:
                if name == "Readiness":
                    explore_tabs.readiness(whole)
                else:
                    explore_tabs.draw(name, found, colours)


def downloads(version: DatasetVersion, found: Portrait, whole: Portrait) -> list[Download | Sheet]:
    """What can be taken away: the findings, the points of the readiness list, a report."""
    stem = f"reco-lab-{version.name}"
    made: list[Download | Sheet] = [Sheet("Findings", f"{stem}-findings", partial(_table, found.findings))]
    if whole.readiness is not None:
        made.append(Sheet("Readiness list", f"{stem}-readiness", partial(_table, whole.readiness.points)))
    page = partial(report, version, found, whole)
    return [*made, Download("Report (HTML, one file)", f"{stem}-explore.html", page, "text/html")]


def _table(things: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([vars(one) for one in things])


def report(version: DatasetVersion, found: Portrait, whole: Portrait) -> str:
    """One HTML page with the findings and the charts; it loads nothing from outside."""
    name = escape(version.title or version.name)
    badge = "<p><b>Example data (simulated)</b></p>" if version.synthetic else ""
    part = f"<p>Only a part: {escape(scope.words(found.scope))}</p>" if found.scope else ""
    said = "".join(
        f"<li><b>{escape(finding.number)}</b> {escape(finding.sentence)}</li>" for finding in found.findings
    )
    figures = []
    for shown in explore_tabs.charts(found, LIGHT):
        title = {"text": escape(shown.finding, quote=False), "font": {"size": 16}}
        figures.append(shown.figure.update_layout(title=title, margin={"t": 60}))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{name}</title>"
        "<meta name='viewport' content='width=device-width'><style>body{font:16px/1.5 sans-serif;"
        "max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111418}</style></head><body>"
        f"<h1>{name}</h1>{badge}{part}<p><b>{escape(headline(found))}</b></p>"
        f"<p>{escape(base(found, whole))}</p><ul>{said}</ul>{markup(figures)}</body></html>"
    )
