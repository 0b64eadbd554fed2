"""What was found in a file: questions that only a person can answer, and mends that she takes or leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd
import streamlit as st

from reco_lab.cleaning.kinds import LEFT_OUT, kind_of
from reco_lab.cleaning.steps.unreadable import Unreadable
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import Kind
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.experiments.verdict import listed
from reco_lab.services.data import Finding, Preview, QualityReport
from reco_lab.ui import cache
from reco_lab.ui.state import Brought
from reco_lab.ui.understood import Understood
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

AT_ONCE = 200 << 20
PRIVATE = "pseudonyms"
MOST_WORDS = 30
_BADGES: dict[str, tuple[str, Literal["red", "orange", "blue", "gray"]]] = {
    "stop": ("Must be decided", "red"),
    "loss": ("Nobody can use them", "orange"),
    "doubt": ("Worth a look", "blue"),
    "note": ("For your information", "gray"),
}


@dataclass(frozen=True, eq=False)
class Repairs:
    """The report on every row, the answers given, the mends chosen, and questions that are still open.

    `undecided` names the findings without whose mend nothing can be loaded.
    """

    report: QualityReport
    reading: Reading
    chosen: list[Finding]
    open: tuple[str, ...]
    undecided: tuple[str, ...] = ()


def whole_file(brought: Brought) -> bool:
    """Whether every row is looked at now: at once for a file that is not large, else when a person asks for it."""
    size = brought.path.stat().st_size if brought.path.is_file() else 0
    if size <= AT_ONCE:
        return True
    return st.toggle(
        "Look at every row before it comes in",
        key=f"whole-{brought.path}",
        help=f"The file has {size / 1e9:.1f} GB, so this takes minutes. Without it nothing is mended.",
    )


def found(
    workspace: Workspace,
    brought: Brought,
    known: Understood,
    columns: Columns,
    last: Recipe | None,
    said: Reading | None = None,
) -> Repairs:
    """Look at every row, ask what nobody can know, and show what is wrong with the mend of each.

    `said` is what was answered already, else it is as `last` time.
    """
    before = said or (last.reading if last else Reading())
    first = cache.quality(workspace, brought.path, columns, known.header, known.options, before)
    reading = _questions(first, known.seen, columns, brought.path, before)
    report = first
    if reading != before:
        report = cache.quality(workspace, brought.path, columns, known.header, known.options, reading)
    if said is not None:
        report = replace(report, findings=tuple(one for one in report.findings if not _decided(one)))
    open_ = tuple(report.questions.values())
    chosen = [] if open_ else _cards(report, brought.path, last)
    stops = (
        () if open_ else tuple(one for one in report.findings if one.severity == "stop" and one not in chosen)
    )
    return Repairs(report, reading, chosen, open_, tuple(one.title for one in stops))


def _decided(finding: Finding) -> bool:
    """Whether it is about events that a person has left out in so many words."""
    return finding.step == Unreadable(role="kind")


def headline(repairs: Repairs) -> tuple[str, str]:
    """What was found, in a sentence and a quieter line."""
    report = repairs.report
    rows = report.counted
    span = f"From {when(report.first)} to {when(report.last)}. " if report.first and report.last else ""
    if repairs.open:
        return f"{rows}, and {count(len(repairs.open), 'question')} that only you can answer.", span
    if not report.findings:
        them = "the others" if report.unread else "them"
        return f"{rows}, and nothing is wrong with {them}.", f"{span}They can come in as they are."
    mended = len(repairs.chosen)
    share = "all" if mended == len(report.findings) else f"{mended or 'none'}"
    words = (
        f"{rows}, {report.come_in(repairs.chosen)} come in: {count(len(report.findings), 'thing')} to know about, "
        f"{share} of them mended."
    )
    if repairs.undecided:
        words += f" To be decided: {listed(repairs.undecided)}."
    return (
        words,
        f"{span}Each row that is left out can be downloaded afterwards, with its line and the reason.",
    )


def _questions(
    report: QualityReport, seen: Preview, columns: Columns, path: Path, before: Reading
) -> Reading:
    reading = before
    for role, sentence in report.questions.items():
        with st.container(border=True):
            st.markdown(f":material/help: **{md(sentence)}**")
            if role == "time" and "day or month first" in sentence:
                reading = replace(reading, day_first=_day_first(path))
            elif role == "value" and "decimal comma" in sentence:
                reading = replace(reading, decimal=_decimal(path))
            elif role == "kind":
                reading = replace(reading, kinds=_kinds(seen, columns, path, before))
            else:
                st.caption("Choose another column above, or mend the file.")
    return reading


def _day_first(path: Path) -> bool | None:
    words = {"The day": True, "The month": False}
    chosen = st.radio(
        "What comes first?",
        list(words),
        index=None,
        captions=["01/02 is the 1st of February", "01/02 is the 2nd of January"],
        key=f"day-first-{path}",
    )
    return words.get(str(chosen))


def _decimal(path: Path) -> Literal[".", ","] | None:
    words: dict[str, Literal[".", ","]] = {"A decimal comma": ",", "Thousands": "."}
    chosen = st.radio(
        "What is the comma?",
        list(words),
        index=None,
        captions=["1,5 is one and a half", "1,500 is fifteen hundred"],
        key=f"decimal-{path}",
    )
    return words.get(str(chosen))


def _kinds(seen: Preview, columns: Columns, path: Path, before: Reading) -> dict[str, str]:
    """Ask what the words mean that are not known; the rows of a word may be left out."""
    texts = seen.sample[columns.kind].dropna().astype("str").unique()[:MOST_WORDS]
    meanings = {name: name for name in Kind.__members__} | {"leave these rows out": LEFT_OUT}
    kinds = dict(before.kinds)
    with st.grid(3, min_column_width=200):
        for text in (one for one in texts if kind_of(one) is None and one not in kinds):
            chosen = st.selectbox(
                md(text), list(meanings), index=None, placeholder="means…", key=f"kind-{path}-{text}"
            )
            if chosen is not None:
                kinds[text] = meanings[chosen]
    return kinds


def _cards(report: QualityReport, path: Path, last: Recipe | None) -> list[Finding]:
    if report.findings:
        st.header("What we found", anchor=False)
    if report.overlap:
        st.caption(report.overlap)
    chosen = []
    private = [one for one in report.findings if one.step.kind() == PRIVATE]
    others = [one for one in report.findings if one.step.kind() != PRIVATE]
    for place, finding in enumerate([*private, *others]):
        with st.container(border=True, gap="xsmall"):
            if _card(finding, last, key=f"mend-{path}-{place}-{finding.step.kind()}"):
                chosen.append(finding)
    return chosen


def _card(finding: Finding, last: Recipe | None, *, key: str) -> bool:
    label, color = _BADGES[finding.severity]
    private = finding.step.kind() == PRIVATE
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.subheader(md(finding.title), anchor=False, width="content")
            st.badge("Personal data" if private else label, color="orange" if private else color)
        mend = _switch(finding, last, key)
    st.markdown(md(finding.sentence))
    st.caption(_effect(finding))
    if private and not mend:
        st.warning(
            "Then they lie readable in the workspace, in its backups, and in every list that is taken away from "
            "here. Whoever sees this screen sees them.",
            icon=":material/lock_open:",
        )
    if not private and len(finding.examples):
        _examples(finding)
    return mend


def _switch(finding: Finding, last: Recipe | None, key: str) -> bool:
    if finding.severity == "loss":
        st.markdown(":material/check: left out", width="content")
        return True
    start = finding.on_by_default
    if last is not None:
        start = finding.step in last.steps or (start and finding.step not in last.declined)
    known = "" if last is None else "-last"
    label = "Use pseudonyms" if finding.step.kind() == PRIVATE else _verb(finding)
    return st.toggle(label, start, key=key + known, help=finding.step.summary, width="content")


def _verb(finding: Finding) -> str:
    return "Leave them out" if finding.after["rows"] < finding.before["rows"] else "Mend"


def _effect(finding: Finding) -> str:
    """What the mend alone would change, in words."""
    parts = [
        f"{finding.before[what]:,} → {finding.after[what]:,} {what}"
        for what in ("rows", "customers", "items")
        if finding.before[what] != finding.after[what]
    ]
    concerns = f"Concerns {count(finding.rows, 'row')}"
    if finding.customers:
        concerns += f" of {count(finding.customers, 'customer')}"
    return f"{concerns}. This alone: {', '.join(parts)}." if parts else f"{concerns}. No row is lost by it."


def _examples(finding: Finding) -> None:
    with st.expander("Examples", icon=":material/table_rows:"):
        rows = finding.examples.copy()
        rows.insert(0, _free("Line", rows), rows.index)
        st.dataframe(rows, hide_index=True, alt=f"Examples: {finding.title}", placeholder="–")


def _free(name: str, rows: pd.DataFrame) -> str:
    return name if name not in rows else _free(f"{name} ", rows)


def same_as_last(last: Recipe | None, columns: Sequence[str] | None) -> Recipe | None:
    """Offer the recipe of an earlier file of this shape; None where there is none or a person declines.

    Where `columns` are given, it must use no others.
    """
    if last is None or (columns is not None and not set(map(str, _names(last.columns))) <= set(columns)):
        return None
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/history: **A file with these columns came before.** Its columns, answers and "
            f"{count(len(last.steps), 'mend')} are taken again.",
            width="stretch",
        )
        again = st.toggle("Do the same as last time", value=True, key="same-as-last")
    return last if again else None


def _names(columns: Columns) -> list[object]:
    return [name for name in columns.model_dump().values() if isinstance(name, str)]
