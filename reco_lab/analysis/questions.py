"""What the columns of a survey are: ratings, ranks, choices, a recommendation score, facts about the person."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

QuestionKind = Literal["respondent", "time", "rating", "rank", "choices", "nps", "number", "category", "text"]
KINDS: tuple[QuestionKind, ...] = (
    "respondent", "time", "rating", "rank", "choices", "nps", "number", "category", "text",
)  # fmt: skip
FEWEST_ALIKE = 3
MOST_STEPS = 11
MOST_OPTIONS = 60
MOST_CATEGORIES = 30
_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_DATE = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[ T,].*)?"
_RESPONDENT = r"(?i)^(?:respondent|participant|response|user|person|subject|teilnehmer|befragte\w*|id$|case|interview)[ _-]?(?:id|no|nr|number|nummer)?$"
_RECOMMEND = r"(?i)\bnps\b|recommend|weiterempfehl|recommand|recomend|consigli"
_SEPARATORS = (";", "|", ", ", ",", "\n")
_PREFIX = re.compile(r"^(.*?)(?:\s*[\[(].*[\])]\s*|\s*[-–:>]\s+.*|[_ ]\d+)$")
Likert = Callable[[pd.Series], pd.Series]


@dataclass(frozen=True)
class Question:
    """A column, what it holds, and why that is thought.

    `low` and `high` bound the answers of a rating, rank or recommendation score. `separator` parts the choices
    of one cell, `levels` are the answers of a category or the options of a choice.
    """

    column: str
    kind: QuestionKind
    reason: str
    low: float = 0.0
    high: float = 0.0
    separator: str = ""
    levels: tuple[str, ...] = ()


def guess_questions(frame: pd.DataFrame, likert: Likert) -> tuple[Question, ...]:
    """Look at every column of a wide table of text. `likert` gives the numbers of worded answers."""
    first = [_alone(str(name), frame[name], likert) for name in frame]
    ranks = _ranks(frame, first)
    alike = _alike([one for one in first if one.kind == "number" and one.column not in ranks])
    return tuple(
        ranks.get(one.column) or (_rating(one, alike[one.column]) if one.column in alike else one)
        for one in first
    )


def _alone(name: str, column: pd.Series, likert: Likert) -> Question:
    texts = column.dropna().str.strip()
    distinct = pd.Series(texts.unique(), dtype="str")
    if re.search(_RESPONDENT, name.strip()) and len(distinct) == len(column):
        return Question(name, "respondent", f"it is called {name!r} and differs in every row")
    if len(texts) and texts.str.fullmatch(_NUMBER).all():
        return _numeric(name, texts)
    if len(distinct) and distinct.str.fullmatch(_DATE).mean() > 0.9:
        return Question(name, "time", "it holds dates")
    numbers = likert(distinct)
    weights = texts.value_counts().reindex(distinct).to_numpy(np.float64)
    if numbers.notna().sum() >= 2 and weights[numbers.notna()].sum() > 0.9 * weights.sum():
        order = distinct[numbers.notna()].iloc[np.argsort(numbers.dropna().to_numpy(), kind="stable")]
        return Question(
            name, "rating", "it holds words of a scale", float(min(numbers.min(), 1.0)),
            float(max(numbers.max(), 5.0)), levels=tuple(order),
        )  # fmt: skip
    return _words(name, texts, distinct)


def _numeric(name: str, texts: pd.Series) -> Question:
    numbers = pd.to_numeric(texts.str.replace(",", ".", regex=False)).to_numpy(np.float64)
    low, high = float(numbers.min()), float(numbers.max())
    if re.search(_RECOMMEND, name) and low >= 0 and 5 < high <= 10:
        return Question(name, "nps", "it asks for a recommendation, from 0 to 10", 0.0, 10.0)
    steps = np.unique(numbers)
    few = len(steps) <= MOST_STEPS and bool((steps == np.round(steps)).all())
    levels = tuple(f"{step:g}" for step in steps) if few else ()
    return Question(name, "number", "it holds numbers", low, high, levels=levels)


def _words(name: str, texts: pd.Series, distinct: pd.Series) -> Question:
    for separator in _SEPARATORS:
        parted = distinct.str.split(separator)
        options = pd.Series([part.strip() for parts in parted for part in parts if part.strip()], dtype="str")
        kinds = options.unique()
        several = (distinct.str.count(re.escape(separator)) > 0).mean() > 0.2
        if several and 2 <= len(kinds) <= MOST_OPTIONS and len(kinds) < max(len(distinct), 4):
            every = bool(len(kinds) > 2 and (parted.map(lambda parts: len(set(parts))) == len(kinds)).all())
            kind: QuestionKind = "rank" if every else "choices"
            why = (
                "every answer puts the same options in an order"
                if every
                else "an answer names several options"
            )
            return Question(name, kind, why, 1.0, float(len(kinds)), separator, tuple(sorted(kinds)))
    if len(distinct) <= MOST_CATEGORIES and len(distinct) < max(0.5 * len(texts), 2):
        return Question(name, "category", "it holds a few different answers", levels=tuple(sorted(distinct)))
    return Question(name, "text", "it holds free text")


def _alike(questions: list[Question]) -> dict[str, tuple[float, float]]:
    """Columns of a scale that several share, from 0 or 1 to at most 10, with that scale.

    A column whose lowest steps nobody chose belongs to them.
    """
    whole = [one for one in questions if one.levels and one.low >= 0 and 2 <= one.high <= 10]
    scales = Counter((one.low, one.high) for one in whole if one.low <= 1)
    shared = [scale for scale, columns in scales.most_common() if columns >= FEWEST_ALIKE]
    found = {}
    for one in whole:
        scale = next((each for each in shared if each[0] <= one.low and each[1] == one.high), None)
        if scale is not None:
            found[one.column] = scale
    return found


def _rating(one: Question, scale: tuple[float, float]) -> Question:
    return Question(one.column, "rating", f"several columns go from {scale[0]:g} to {scale[1]:g}", *scale)


def _ranks(frame: pd.DataFrame, questions: list[Question]) -> dict[str, Question]:
    """Groups of columns in which every row puts 1, 2, 3... in some order."""
    groups: dict[str, list[Question]] = {}
    for one in questions:
        if one.kind == "number" and one.low == 1:
            found = _PREFIX.match(one.column)
            groups.setdefault(found[1] if found else "", []).append(one)
    ranked: dict[str, Question] = {}
    for group in groups.values():
        if len(group) < FEWEST_ALIKE or max(one.high for one in group) != len(group):
            continue
        numbers = frame[[one.column for one in group]].apply(pd.to_numeric, errors="coerce").dropna()
        ordered = np.sort(numbers.to_numpy(np.float64), axis=1)
        if len(numbers) and (ordered == np.arange(1, len(group) + 1)).all(axis=1).mean() > 0.9:
            why = f"these {len(group)} columns hold 1 to {len(group)} in some order in every row"
            ranked |= {one.column: Question(one.column, "rank", why, 1.0, float(len(group))) for one in group}
    return ranked
