"""Bring data in, look at it before, keep its versions, and hand it out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.analysis.columns import Guess, TableKind, guess_columns, guess_table_kind, kind_of_value
from reco_lab.cleaning.interactions import CleanTable, Reading, clean_interactions
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import MappingError
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.source import Table
from reco_lab.services.attributes import read_attributes
from reco_lab.services.keeping import list_datasets, load_dataset, save_dataset, summary
from reco_lab.services.mapping import column_map, guessed_columns, problems
from reco_lab.services.split_files import read_split_files
from reco_lab.sources import sniff
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

__all__ = [
    "ImportReport",
    "Preview",
    "check",
    "import_file",
    "list_datasets",
    "load_dataset",
    "preview",
    "read_split_files",
    "save_dataset",
    "summary",
]

PREVIEW_ROWS = 5000
SHOWN_ROWS = 20


@dataclass(frozen=True, eq=False)
class Preview:
    """What a file looks like before it is imported.

    `rows` are the first 20 for the eye, `sample` more of them for `check`. `dialect` says how the file was
    understood, `warnings` what a person should look at.
    """

    path: Path
    format: str
    table_kind: TableKind
    dialect: dict[str, Any]
    rows: pd.DataFrame
    sample: pd.DataFrame
    guess: Guess
    warnings: tuple[str, ...]

    @property
    def columns(self) -> Columns:
        """The guess as a mapping; MappingError where customer or item cannot be guessed."""
        return guessed_columns(self.guess)


@dataclass(frozen=True, eq=False)
class ImportReport:
    """What an import did: `rows_in_file = loaded + len(refused)`.

    `refused` is the table of rows left out (file, line, reason, text) and `refused_attributes` that of the
    tables of customers and items. `mended` says what was put right in how many rows, `notes` how each column
    was understood.
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


def preview(path: Path, *, header: bool | None = None, **options: Any) -> Preview:
    """Look at a file's first rows and guess what they mean. DataError with a sentence for an unusable file.

    `options`: `format`, `delimiter`, `encoding`, where a person knows better than the look decides.
    """
    source = sniff(path, options.pop("format", None))
    table = source.read(path, header=header, rows=PREVIEW_ROWS, **options)
    kind = guess_table_kind(table.frame)
    return Preview(
        path=path,
        format=str(table.dialect.get("format", source.label)),
        table_kind=kind,
        dialect=table.dialect,
        rows=table.frame.head(SHOWN_ROWS),
        sample=table.frame,
        guess=guess_columns(table.frame),
        warnings=(*_warnings(table), *_other_kind(kind)),
    )


def check(preview: Preview, columns: Columns) -> list[str]:
    """What is wrong with a mapping, as sentences with what to change; empty if it may be imported."""
    return list(problems(preview.sample, columns))


def import_file(
    workspace: Workspace,
    path: Path,
    name: str,
    *,
    title: str = "",
    columns: Columns | None = None,
    header: bool | None = None,
    format: str | None = None,  # noqa: A002 - the word of the experiment file
    customers: Path | None = None,
    items: Path | None = None,
    reading: Reading | None = None,
    options: Mapping[str, Any] | None = None,
) -> ImportReport:
    """Import a file of interactions, with tables of customers and items where there are any.

    `columns` None takes the guess. `reading` and `options` (`delimiter`, `encoding`) hold what a person knows
    and the file does not show. The same content twice makes no second version. Raises DataError or
    MappingError with a sentence; the earlier version stays.
    """
    table = sniff(path, format).read(path, header=header, **(options or {}))
    if columns is None:
        _require_interactions(table, path)
    mapping = column_map(table.frame, columns)
    clean = clean_interactions(table.frame, mapping, workspace.clock.now(), reading)
    log, notes = _log(table, mapping, clean)
    people = None if customers is None else read_attributes(customers, "customer", log.user_ids)
    catalogue = None if items is None else read_attributes(items, "item", log.item_ids)
    frames = [None if one is None else one.frame for one in (people, catalogue)]
    data = Dataset.join(name, log, frames[0], frames[1])
    return ImportReport(
        dataset=save_dataset(workspace, data, title),
        rows_in_file=table.rows_in_file,
        loaded=len(log),
        refused=_joined([_unread(table), clean.refused], path.name),
        refused_attributes=_joined([one.refused for one in (people, catalogue) if one is not None]),
        mended=clean.mended,
        notes=notes,
        dialect=table.dialect,
        warnings=tuple(_warnings(table)),
    )


def _require_interactions(table: Table, path: Path) -> None:
    kind = guess_table_kind(table.frame)
    if kind != "interactions":
        raise MappingError(
            f"It looks like a table of {kind}, not of interactions.",
            where=path.name,
            fix=f"Bring it beside a file of interactions, as its {kind}, or say which column means what.",
        )


def _log(table: Table, mapping: ColumnMap, clean: CleanTable) -> tuple[Interactions, dict[str, str]]:
    """The log; where values come without kinds, what the value says about the kind."""
    if mapping.value is None or mapping.kind is not None:
        return Interactions.from_frame(clean.frame, clean.columns), dict(clean.notes)
    kind, reason = kind_of_value(table.frame[mapping.value])
    log = Interactions.from_frame(clean.frame, clean.columns)
    kinds = np.full(len(log), Kind[kind], np.uint8)
    return replace(log, kinds=kinds), {**clean.notes, "kind": reason}


def _other_kind(kind: TableKind) -> Iterator[str]:
    if kind != "interactions":
        yield f"It looks like a table of {kind}: bring it beside a file of interactions."


def _unread(table: Table) -> pd.DataFrame:
    return pd.DataFrame([vars(one) for one in table.refused], columns=["line", "reason", "text"])


def _joined(tables: list[pd.DataFrame], file: str | None = None) -> pd.DataFrame:
    columns = ["file", "line", "reason", "text"]
    named = [table if file is None else table.assign(file=file) for table in tables if len(table)]
    return pd.concat(named, ignore_index=True)[columns] if named else pd.DataFrame(columns=columns)


def _warnings(table: Table) -> Iterator[str]:
    if warning := table.dialect.get("warning"):
        yield str(warning)
    if table.refused:
        first = table.refused[0]
        yield f"{len(table.refused)} rows cannot be read; line {first.line} {first.reason}."
    if table.frame.shape[1] < 2:
        yield "It has one column only; interactions need a customer and an item."
