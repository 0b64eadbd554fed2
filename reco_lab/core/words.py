"""Numbers with their nouns and verbs, as a person writes them."""

import math
import re
from datetime import date

LONGEST = 80
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_QUOTED = re.compile(r"""(?s)(?<!\w)(['"])((?:(?!\1)[^\\]|\\.)*)\1(?!\w)""")


def unturned(text: str) -> str:
    """The text without the signs that turn the direction of what follows, also of what is not the text's own.

    Letters that run from right to left do so without them (Unicode Standard Annex 9).
    """
    return _TURNING.sub("", text)


def count(number: float, noun: str) -> str:
    """A number with its noun: "1 customer", "13,151 interactions"."""
    return f"{number:,.0f} {noun}{agree(number, '', 's')}"


def of_many(number: int, many: str) -> str:
    """A number with words that are given in the plural: "1 row of the log", "2 jobs waiting"."""
    one = re.sub(r"\btheir\b", "its", re.sub(r"(?<=[a-z])s\b", "", many, count=1))
    return f"{number:,} {agree(number, one, many)}"


def about(number: float) -> str:
    """An estimate with no more digits than it is worth, rounded up to two: "4,300" of 4,237."""
    if number < 100:
        return f"{math.ceil(number):,}"
    unit = 10 ** (len(str(math.ceil(number))) - 2)
    return f"{math.ceil(number / unit) * unit:,}"


def day(moment: date) -> str:
    """A day, or that of a moment: "8 Dec 2025"."""
    return f"{moment:%d %b %Y}".lstrip("0")


def agree(number: float, one: str, many: str) -> str:
    """The word that goes with a number: `one` for 1, else `many`."""
    return one if round(number) == 1 else many


def cut(sentence: str) -> str:
    """A sentence in which no quoted value is longer than `LONGEST` characters: a huge one is shown by its beginning."""
    return _QUOTED.sub(
        lambda one: one[0] if len(one[2]) <= LONGEST else f"{one[1]}{one[2][: LONGEST - 1]}…{one[1]}",
        sentence,
    )


def share(value: float, digits: int = 0) -> str:
    """A share in per cent, as it is written everywhere: "6%"."""
    return f"{100 * value:.{digits}f}%"
