"""Bring data in, look at it before, keep its versions, and hand it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reco_lab.analysis.columns import Guess, TableKind, guess_table_kind
from reco_lab.analysis.item_side import guess_roles
from reco_lab.core.experiment import Columns
from reco_lab.services.analytics import guess_of, is_traffic
from reco_lab.services.encoding import ColumnEncoding, encoding_report
from reco_lab.services.import_report import ImportReport, reading_warnings
from reco_lab.services.importing import import_file
from reco_lab.services.keeping import list_datasets, load_content, load_dataset, save_dataset, summary
from reco_lab.services.mapping import guessed_columns, problems
from reco_lab.services.quality import Finding, QualityReport, quality
from reco_lab.services.split_files import read_split_files
from reco_lab.sources import sniff

__all__ = [
    "ColumnEncoding",
    "Finding",
    "ImportReport",
    "Preview",
    "QualityReport",
    "check",
    "encoding_report",
    "import_file",
    "list_datasets",
    "load_content",
    "load_dataset",
    "preview",
    "quality",
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
    shape: tuple[str, ...]
    """By which `recipes.suggested` finds the recipe of an earlier file."""

    @property
    def columns(self) -> Columns:
        """The guess as a mapping; MappingError where customer or item cannot be guessed."""
        return guessed_columns(self.guess)


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
        guess=guess_of(table) or guess_roles(table.frame),
        warnings=(
            *reading_warnings(table, PREVIEW_ROWS),
            *(() if is_traffic(table.dialect) else _other_kind(kind)),
        ),
        shape=table.shape,
    )


def check(preview: Preview, columns: Columns) -> list[str]:
    """What is wrong with a mapping, as sentences with what to change; empty if it may be imported."""
    return list(problems(preview.sample, columns))


def _other_kind(kind: TableKind) -> Iterator[str]:
    if kind != "interactions":
        yield f"It looks like a table of {kind}: bring it beside a file of interactions."
