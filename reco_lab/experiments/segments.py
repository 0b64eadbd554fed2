"""Who the customers of an exam are: ways to part them, by what was known of them before the cut."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.measured import Measured
from reco_lab.analysis.membership import mask
from reco_lab.analysis.rfm import NAMES
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.interactions import Kind
from reco_lab.core.segment import Definition
from reco_lab.experiments.exam import Exam

HISTORY, CLASSES = "history", "rfm"
SMALLEST = 20
MOST_SEGMENTS = 12
FEW_VALUES = 6
LENGTHS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, None))

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A way to part customers: `segments` are their short names in order, `people` the same as one says it.

    `codes` is the segment of each customer, by her code; -1 for one of whom it is not known. `id` tells ways apart.
    """

    id: str
    name: str
    segments: tuple[str, ...]
    people: tuple[str, ...]
    codes: Codes


def segmentations(exam: Exam) -> list[Segmentation]:
    """Every way to part the customers of an exam: by the length of their history, their class, and each attribute.

    Numbers and days are cut in quarters; values of fewer than SMALLEST scored customers, and those beyond the
    MOST_SEGMENTS most frequent, stand together. A column that leaves fewer than two segments, such as a name
    or an id, is no way to part anybody.
    """
    scored = exam.users[: exam.n_warm]
    classes = by_classes(exam)
    found = [by_history(exam), *([classes] if classes else []), *_attributes(exam.train.customers, scored)]
    return [one for one in found if len(np.unique(one.codes[scored][one.codes[scored] >= 0])) > 1]


def by_saved(exam: Exam, id_: str, title: str, definition: Definition) -> Segmentation | None:
    """Part customers by a saved segment, its rule computed on what was known at the cut.

    None where that cannot be told, or where all scored customers are on the same side.
    """
    try:
        inside = mask(Measured(_before(exam)), definition)
    except InputError:
        return None
    scored = exam.users[: exam.n_warm]
    if len(np.unique(inside[scored])) < 2:
        return None
    codes = np.where(inside, 0, 1).astype(np.int64)
    people = (f"Customers in “{title}”", f"Customers not in “{title}”")
    return Segmentation(id_, f"saved: {title}", (title, "all others"), people, codes)


def by_classes(exam: Exam) -> Segmentation | None:
    """Part customers by their class of recency, frequency and money at the cut; None without times."""
    try:
        codes = Measured(_before(exam)).rfm.codes.astype(np.int64)
    except InputError:
        return None
    people = tuple(f"Customers who were {name} before the exam" for name in NAMES)
    return Segmentation(CLASSES, "class of recency, frequency and money", NAMES, people, codes)


def _before(exam: Exam) -> Dataset:
    return replace(exam.train, interactions=exam.known)


def by_history(exam: Exam) -> Segmentation:
    """Part customers by how many interactions of theirs were known at the cut."""
    log = exam.known
    lengths = np.diff(log.user_starts)
    starts = np.array([low for low, _ in LENGTHS])
    kinds = np.unique(log.kinds)
    noun = (Kind(kinds[0]) if len(kinds) == 1 else Kind.interaction).name
    names = [_span(low, high) for low, high in LENGTHS]
    return Segmentation(
        HISTORY,
        "length of their history",
        tuple(names),
        tuple(f"Customers with {name} {noun}s before the exam" for name in names),
        np.searchsorted(starts, lengths, side="right").astype(np.int64) - 1,
    )


def _span(low: int, high: int | None) -> str:
    if high is None:
        return f"more than {low - 1}"
    return "no" if high == 0 else f"{low} to {high}"


def _attributes(customers: pd.DataFrame | None, scored: Codes) -> Iterator[Segmentation]:
    if customers is None:
        return
    for name in customers.columns:
        column = customers[name].reset_index(drop=True)
        yield _quarters(str(name), column) if _is_measured(column) else _values(str(name), column, scored)


def _is_measured(column: pd.Series) -> bool:
    """Whether the values have an order and are too many to stand one by one."""
    ordered = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    return ordered and not pd.api.types.is_bool_dtype(column) and column.nunique() > FEW_VALUES


def _quarters(name: str, column: pd.Series) -> Segmentation:
    known = column.notna().to_numpy()
    numbers = column[known].to_numpy()
    amounts = numbers.astype("int64" if numbers.dtype.kind == "M" else "float64")
    bounds = np.quantile(amounts, [0.25, 0.5, 0.75])
    used, quarter = np.unique(np.searchsorted(bounds, amounts, side="left"), return_inverse=True)
    ends = [(numbers[quarter == place].min(), numbers[quarter == place].max()) for place in range(len(used))]
    names = [f"{_said(low)} to {_said(high)}" if low != high else _said(low) for low, high in ends]
    codes = np.full(len(column), -1, np.int64)
    codes[known] = quarter
    return Segmentation(
        name, name, tuple(names), tuple(f"Customers with {name} {one}" for one in names), codes
    )


def _said(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return f"{value:,.4g}" if isinstance(value, float | np.floating) else f"{value:,}"


def _values(name: str, column: pd.Series, scored: Codes) -> Segmentation:
    words = column.map({True: "yes", False: "no"}) if pd.api.types.is_bool_dtype(column) else column
    codes, levels = pd.factorize(words.astype("str").where(words.notna()), sort=True)
    counts = np.bincount(codes[scored][codes[scored] >= 0], minlength=len(levels))
    large = np.flatnonzero(counts >= SMALLEST)
    kept = np.sort(large[np.argsort(-counts[large], kind="stable")][:MOST_SEGMENTS])
    names = [str(level) for level in levels[kept]]
    people = [f"Customers with {name} {one}" for one in names]
    place = np.full(len(levels) + 1, -1, np.int64)
    place[kept] = np.arange(len(kept))
    if len(kept) < len(levels):
        place[:-1][place[:-1] < 0] = len(kept)
        names.append("all others")
        people.append(f"Customers with any other {name}")
    return Segmentation(name, name, tuple(names), tuple(people), place[codes])
