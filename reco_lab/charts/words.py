"""Text from data, made safe for a chart: Plotly reads a small HTML of its own."""

from html import escape
from textwrap import shorten

from reco_lab.core.words import unturned

LONGEST = 26


def plain(text: str) -> str:
    """The text as it stands, never as markup and never as a formula."""
    return escape(unturned(text), quote=False).replace("$", "&#36;")


def short(text: str) -> str:
    """The text cut to what fits beside an axis, also on a telephone: behind a word, unless hardly anything is left."""
    compact = " ".join(text.split())
    if len(compact) <= LONGEST:
        return plain(compact)
    words = shorten(compact, LONGEST, placeholder="…")
    return plain(words if len(words) > LONGEST / 2 else compact[: LONGEST - 1] + "…")
