"""Numbers, moments and text from data, as a person reads them."""

import re
from datetime import datetime

from reco_lab.core.words import agree as agree  # noqa: PLC0414 - handed on, so that pages know one place for words
from reco_lab.core.words import count as count  # noqa: PLC0414 - likewise
from reco_lab.core.words import unturned

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r":(?=[\w+/\-]+:)")
_ADDRESS = re.compile(r"(?i)(?<=http:|ttps:)(?=//)|(?<=www)(?=\.)|(?<=[\w.+\-]@)(?=[\w\-]+\.)")
_WORD_JOINER = "\u2060"


def md(text: object) -> str:
    """Text from data as Markdown shows it literally: no markup, link, icon, formula or line break comes alive.

    Where a backslash does not help (icon codes, bare addresses), an invisible word joiner keeps the parts apart.
    """
    line = " ".join(unturned(str(text)).split())
    apart = _ADDRESS.sub(_WORD_JOINER, _SHORTCODE.sub(":" + _WORD_JOINER, line))
    return _PUNCTUATION.sub(r"\\\1", apart)


def joined(text: str) -> str:
    """What a person typed or pasted, without the invisible signs that `md` put into what she copied."""
    return text.replace(_WORD_JOINER, "")


def score(value: float | None) -> str:
    """A metric to three significant digits; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def seconds(value: float) -> str:
    """A duration as a person says it."""
    if value < 0.001:
        return "< 1 ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 90:
        return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
    return f"{value / 60:.0f} min"


def time_left(value: object) -> str:
    """The time that remains, given in seconds or as a range of seconds; empty where it cannot be known."""
    if value is None:
        return ""
    low, high = value if isinstance(value, tuple) else (value, value)
    near, far = seconds(float(low)), seconds(float(high))
    return f"about {near} left" if near == far else f"{near} to {far} left"


def when(moment: object) -> str:
    """A moment in UTC: "20 Nov 2026, 18:04"."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return str(moment)
    return f"{moment:%d %b %Y, %H:%M}".lstrip("0") if isinstance(moment, datetime) else ""


def day(moment: object) -> str:
    """The day of a moment: "8 Dec 2025"."""
    return when(moment).partition(",")[0]


def short(moment: datetime) -> str:
    """A moment without its year, for a list in which it stands first: "20 Nov, 18:04"."""
    return f"{moment:%d %b, %H:%M}".lstrip("0")


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign, the minus a real one."""
    return f"{value:+.{digits}f}".replace("-", "−")
