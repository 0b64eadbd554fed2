"""Text from data, made safe for a chart: Plotly reads a small HTML of its own."""

from html import escape
from textwrap import shorten

LONGEST = 26


def plain(text: str) -> str:
    """The text as it stands, never as markup and never as a formula."""
    return escape(text, quote=False).replace("$", "&#36;")


def short(text: str) -> str:
    """The text cut to what fits beside an axis, also on a telephone."""
    compact = " ".join(text.split())
    if len(compact) > LONGEST:
        compact = (
            shorten(compact, LONGEST, placeholder="…") if " " in compact else compact[: LONGEST - 1] + "…"
        )
    return plain(compact)
