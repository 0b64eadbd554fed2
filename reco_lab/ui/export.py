"""What a person takes away: files built when they are asked for, and one page that opens anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from reco_lab.charts.document import markup
from reco_lab.experiments.results import Comparison
from reco_lab.ui import metric, results

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111418}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #d5dad8}.badge{background:#fff1d6;padding:.2rem .6rem;border-radius:.4rem}"
)


@dataclass(frozen=True)
class Download:
    """One thing to take away: what it is called, its file, and how it is made."""

    label: str
    file: str
    make: Callable[[], str | bytes]
    mime: str = "text/plain"


def menu(downloads: list[Download], *, key: str) -> None:
    """A button that opens the list of what can be taken away."""
    with st.popover("Share or export", icon=":material/ios_share:"):
        st.caption("The address of this page shows the same thing to whoever opens it.")
        for download in downloads:
            st.download_button(
                download.label,
                download.make,
                file_name=download.file,
                mime=download.mime,
                icon=":material/download:",
                key=f"take-{key}-{download.file}",
                on_click="ignore",
                width="stretch",
            )


def csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV that a spreadsheet opens with the right letters, and never as a formula."""
    safe = frame.copy()
    for column in safe.select_dtypes(include=["object", "str"]):
        safe[column] = safe[column].map(_harmless)
    return safe.to_csv(index=False).encode("utf-8-sig")


def _harmless(value: object) -> object:
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def report(comparison: Comparison, charts: list[go.Figure]) -> str:
    """One HTML page with the verdict, the leaderboard and its charts; it loads nothing from outside."""
    rows = results.table(comparison, comparison.headline)
    badge = '<p><span class="badge">Example data (simulated)</span></p>' if comparison.synthetic else ""
    notes = "".join(f"<li>{escape(warning)}</li>" for warning in comparison.warnings)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(comparison.experiment)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(comparison.experiment)}</h1>{badge}<p><b>{escape(comparison.sentence)}</b></p>"
        f"<p>{escape(metric.plain(comparison.headline))} Data set {escape(comparison.dataset)}, "
        f"key {escape(comparison.key[:12])}.</p><ul>{notes}</ul>"
        f"{rows.to_html(index=False, na_rep='–', float_format='{:.4f}'.format, border=0)}{markup(charts)}"
        "</body></html>"
    )
