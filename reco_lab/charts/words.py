"""Text from data, made safe for a chart: Plotly reads a small HTML of its own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from itertools import count
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


def shorts(texts: Iterable[str]) -> list[str]:
    """The texts of one axis or legend, each cut to what fits there; different texts look different.

    Those that `short` would make alike keep their ends, and are numbered where these are alike as well.
    """
    asked = list(texts)
    labels = {text: short(text) for text in asked}
    labels |= {text: _ends(text) for text in _alike(labels)}
    alike = _alike(labels)
    taken = {label for text, label in labels.items() if text not in alike}
    for text in alike:
        numbered = (_ends(text, f" ({place})") for place in count(1))
        labels[text] = next(label for label in numbered if label not in taken)
        taken.add(labels[text])
    return [labels[text] for text in asked]


def _alike(labels: Mapping[str, str]) -> list[str]:
    """The texts whose label is that of another text too."""
    times = Counter(labels.values())
    return [text for text, label in labels.items() if times[label] > 1]


def _ends(text: str, number: str = "") -> str:
    """The text cut in the middle, with a number behind it."""
    compact, room = " ".join(text.split()), LONGEST - len(number) - 1
    if len(compact) > room + 1:
        half = room // 2
        compact = f"{compact[: room - half]}…{compact[-half:]}"
    return plain(f"{compact}{number}")
