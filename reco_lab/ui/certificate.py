"""The parts of the Calibration page: the answer, the data it needs, and a table for each published source."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from reco_lab.experiments.calibration import Reproduced
from reco_lab.experiments.verdict import listed
from reco_lab.services import certificate, public
from reco_lab.services.certificate import Line, Source
from reco_lab.ui import intake, show, state
from reco_lab.ui.words import agree, count, day, md
from reco_lab.workspace import Workspace

ABSENT = "is not there"  # how the reason of a figure ends whose data is lacking
SLOT = "published-file"
EVERY = 3.0
TABLES = {
    "G1": (
        "Lists of ten, MovieLens 100K",
        "Ferrari Dacrema et al., A Troubling Analysis of Reproducibility, TOIS 2021. All films compete.",
    ),
    "G2": (
        "Predicted ratings, MovieLens 100K",
        "The table in the documentation of the library Surprise: five folds, each judged by the other four.",
    ),
    "G2 ML-1M": (
        "Predicted ratings, MovieLens 1M",
        "The table in the documentation of the library Surprise: five folds, each judged by the other four.",
    ),
}
RESULTS = {True: "reproduced", False: "not reproduced", None: "not checked"}
QUANTITIES = {
    "P@10": "precision@10, the share of the ten that are hits",
    "R@10": "recall@10, the share of the hits that are among the ten",
    "nDCG@10": "nDCG@10, where hits near the top count more",
    "RMSE": "RMSE, the error of predicted ratings, large ones counted more",
    "MAE": "MAE, the mean error of predicted ratings",
}


def sentence(lines: Sequence[Line]) -> str:
    """What the certificate says as a whole."""
    checked = [figure for line in lines for figure in line.figures if figure.passed is not None]
    total = sum(len(line.figures) for line in lines)
    good = sum(figure.passed is True for figure in checked)
    wrong = list(dict.fromkeys(line.published.name for line in lines if line.passed is False))
    if not checked:
        return "Not checked yet: this page recomputes published results here."
    if wrong:
        return f"{good} of {total} published figures are reproduced on this machine; not so with {listed(wrong)}."
    if len(checked) < total:
        return f"All {good} published figures that were checked are reproduced; {_waiting(lines)}."
    return f"All {total} published figures are reproduced on this machine."


def _waiting(lines: Sequence[Line]) -> str:
    """How many figures were not checked, and whether that is for want of data."""
    reasons = [figure.reason for line in lines for figure in line.figures if figure.passed is None]
    lacking = sum(reason.endswith(ABSENT) for reason in reasons)
    told = [f"{lacking} {agree(lacking, 'needs', 'need')} data that is not here"] if lacking else []
    if left := len(reasons) - lacking:
        told.append(f"{left} {agree(left, 'is', 'are')} not checked yet")
    return " and ".join(told)


def detail(lines: Sequence[Line]) -> str:
    """When that was, and with which versions."""
    made = [
        (line.at, line) for line in lines if line.at and any(one.ours is not None for one in line.figures)
    ]
    if not made:
        return (
            "Can this laboratory be believed? It trains recommenders on the data that others published about, "
            "by the same path as your own comparisons, and holds its figures against theirs."
        )
    at, last = max(made, key=lambda one: one[0])
    named = (f"{name} {number}" for name, number in (last.versions or {}).items())
    return f"Checked on {day(at)} with {', '.join(named)}."


def live(draw: Callable[[], None], name: str, *, busy: bool) -> None:
    """Draw a part of the page, again and again while figures come in."""
    st.fragment(run_every=EVERY if busy else None, key=name)(draw)()


def begin(workspace: Workspace, lines: Sequence[Line], *, busy: bool, expert: bool) -> None:
    """The button that checks everything there is data for."""
    here = certificate.found(workspace)
    checked = any(line.at for line in lines)
    full = expert and st.toggle(
        "Also the table of MovieLens 1M",
        key="full",
        help="Ten more recommenders on a million ratings: hours of work.",
    )
    pressed = st.button(
        "Check again" if checked else "Check now",
        type="secondary" if checked or busy else "primary",
        icon=":material/verified:",
        disabled=busy or not any(here.values()),
        key="check",
    )
    st.caption("Takes some minutes. Each recommender's figures are kept as soon as it is done.")
    if pressed:
        certificate.submit(workspace, full=full)
        st.rerun()


def data(workspace: Workspace) -> None:
    """What is there of the data that the figures are about, and how the rest comes in."""
    here = certificate.found(workspace)
    needed = [source for source in certificate.SOURCES if not source.full]
    lacking = [source for source in needed if here[source.folder] is None]
    title = f"{count(len(lacking), 'data set')} still to bring" if lacking else "The data is here"
    with st.expander(title, icon=":material/folder_open:", expanded=bool(lacking)):
        for source in certificate.SOURCES:
            _source(workspace, source, lacking=here[source.folder] is None)
        if lacking:
            _bring(workspace)


def tables(lines: Sequence[Line], *, expert: bool, busy: bool) -> None:
    """A table of what was checked for each source, and what was not below them; to take away once all is in."""
    for table, (title, source) in TABLES.items():
        mine = [line for line in lines if line.published.table == table and line.passed is not None]
        if not mine:
            continue
        good = sum(line.passed is True for line in mine)
        st.header(f"{title}: {good} of {count(len(mine), 'recommender')} reproduced", anchor=False)
        st.caption(md(source))
        rows = [row for line in mine for row in _rows(line, expert=expert)]
        show.numbers(
            pd.DataFrame(rows), alt=f"{title}: published and ours", key=f"certificate-{table}", live=busy
        )
    _unchecked([line for line in lines if line.passed is None], expert=expert, busy=busy)


def _unchecked(lines: Sequence[Line], *, expert: bool, busy: bool) -> None:
    """What was not checked, with the reason, folded away."""
    if not lines:
        return
    with st.expander(
        f"Not checked: {count(len(lines), 'recommender')}", icon=":material/pending:", expanded=expert
    ):
        rows = [
            {"Published in": TABLES[line.published.table][0]} | row
            for line in lines
            for row in _rows(line, expert=expert)
        ]
        show.numbers(
            pd.DataFrame(rows).dropna(axis="columns", how="all"),
            alt="What was not checked, and why",
            key="certificate-unchecked",
            live=busy,
        )


def _rows(line: Line, *, expert: bool) -> list[dict[str, object]]:
    return _figures(line) if expert else [_summary(line)]


def _source(workspace: Workspace, source: Source, *, lacking: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        mark = ":material/radio_button_unchecked:" if lacking else ":material/check_circle:"
        optional = " (only for the long table)" if source.full else ""
        files = ", ".join(source.files)
        st.markdown(
            f"{mark} **{md(source.title)}**{optional}: {md(files)}. [Its page]({source.page})",
            width="content",
        )
        if (
            lacking
            and source.listed
            and st.button(
                "Fetch it",
                icon=":material/download:",
                key=f"fetch-{source.folder}",
                help="From its publisher, over the network.",
            )
        ):
            with st.spinner("Bringing its files into the workspace…", show_time=True):
                public.fetch(workspace, source.listed)
            state.tell(f"{source.title} is here.")
            st.rerun()


def _bring(workspace: Workspace) -> None:
    kept = intake.received(
        workspace,
        "A published file from here",
        SLOT,
        "By its own name; it is held against its published checksum, so that no other data is certified.",
    )
    if kept is None:
        return
    try:
        source = certificate.accept(workspace, kept.path, kept.title)
    finally:
        intake.forget_upload(SLOT)
    state.tell(f"{kept.title} ({source.title}) is the published file, and is kept.")
    st.rerun()


def _summary(line: Line) -> dict[str, object]:
    good = sum(figure.passed is True for figure in line.figures)
    apart = [abs(figure.ours - figure.published) for figure in line.figures if figure.ours is not None]
    return {
        "Recommender": line.published.name,
        "Result": RESULTS[line.passed],
        "Figures": f"{good} of {len(line.figures)}",
        "Largest difference": f"{max(apart):.4f}" if apart else None,
        "Allowed": f"{line.published.tolerance:.4f}",
        "Why": _why(line.figures),
    }


def _figures(line: Line) -> list[dict[str, object]]:
    return [
        {
            "Recommender": figure.recommender,
            "Figure": QUANTITIES.get(figure.quantity, figure.quantity),
            "Published": f"{figure.published:.4f}",
            "Here": None if figure.ours is None else f"{figure.ours:.4f}",
            "Allowed": f"± {figure.tolerance:.4f}",
            "Result": RESULTS[figure.passed],
            "Why": _why([figure]),
            "When": day(line.at) if figure.ours is not None else None,
        }
        for figure in line.figures
    ]


def _why(figures: Sequence[Reproduced]) -> str:
    """Why a row is not reproduced; empty where it is."""
    reasons = [
        figure.reason or "further from the published figure than is allowed"
        for figure in figures
        if figure.passed is not True
    ]
    return "; ".join(dict.fromkeys(reasons))
