"""What came of an import, and what a person should look at in the way a file was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.recipe import Recipe
from reco_lab.core.source import Table
from reco_lab.core.words import agree, count
from reco_lab.store.records import DatasetVersion


@dataclass(frozen=True, eq=False)
class ImportReport:
    """What an import did: `rows_in_file = loaded + len(refused)`.

    `refused` is the table of rows left out (file, line, reason, text) and `refused_attributes` that of the
    tables of customers and items. `mended` says what was put right in how many rows, `notes` how each column
    was understood. `recipe` repeats the import.
    """

    dataset: DatasetVersion
    rows_in_file: int
    loaded: int
    refused: pd.DataFrame
    refused_attributes: pd.DataFrame
    mended: Mapping[str, int]
    notes: Mapping[str, str]
    dialect: dict[str, Any]
    warnings: tuple[str, ...]
    recipe: Recipe

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what was loaded."""
        return self.dataset.fingerprint

    @property
    def version(self) -> int:
        """The version of the data set that holds it."""
        return self.dataset.version

    @property
    def summary(self) -> Mapping[str, Any]:
        """Counts, first and last day, kinds."""
        return self.dataset.summary

    @property
    def reasons(self) -> dict[str, int]:
        """How many rows were refused for each reason, most frequent first."""
        return {str(reason): int(count) for reason, count in self.refused["reason"].value_counts().items()}


def unread(table: Table) -> pd.DataFrame:
    """The rows that could not be read, as a table."""
    return pd.DataFrame([vars(one) for one in table.refused], columns=["line", "reason", "text"])


def refused_together(tables: list[pd.DataFrame], file: str | None = None) -> pd.DataFrame:
    """Tables of refused rows in one, each row with its file."""
    columns = ["file", "line", "reason", "text"]
    named = [table if file is None else table.assign(file=file) for table in tables if len(table)]
    return pd.concat(named, ignore_index=True)[columns] if named else pd.DataFrame(columns=columns)


def reading_warnings(table: Table, limit: int | None = None) -> Iterator[str]:
    """What a person should look at in the way a file was read, as sentences.

    Where no more than `limit` rows were read, what is counted is said to be of these.
    """
    if warning := table.dialect.get("warning"):
        yield str(warning)
    if table.refused:
        first = table.refused[0]
        cut = limit is not None and table.rows_in_file >= limit
        rows = f"{len(table.refused):,} of the first {count(table.rows_in_file, 'row')}"
        rows = rows if cut else count(len(table.refused), "row")
        yield f"{rows} cannot be read; line {first.line} {first.reason}."
    if table.frame.shape[1] < 2:
        yield "It has one column only; interactions need a customer and an item."


def sent_back(log: Interactions | None) -> Iterator[str]:
    """A warning where rows count as purchases though their value is negative."""
    negative = 0 if log is None else int(((log.kinds == Kind.purchase) & (log.values < 0)).sum())
    if negative:
        yield (
            f"{count(negative, 'row')} with a negative value {agree(negative, 'counts as a purchase', 'count as purchases')}: "
            "goods sent back? What is wrong in the file (reco-lab data check FILE) offers to leave them out."
        )
