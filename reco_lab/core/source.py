"""What a source is: something that reads a file or a feed into a table of text, and accounts for every row."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from reco_lab.core.discovery import discover

SOURCES = "reco_lab.sources"


@dataclass(frozen=True)
class Refused:
    """A row that was not loaded: where it stands in the file, what it says, and why it was refused."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False)
class Table:
    """What was read: every column as text (missing = NaN), and the account of rows.

    `rows_in_file = len(frame) + len(refused)`. `dialect` says how the file was understood (encoding,
    delimiter, header...) in words a person can check.
    """

    frame: pd.DataFrame
    rows_in_file: int
    refused: tuple[Refused, ...] = ()
    dialect: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[str, ...]:
        """By what the next file of this shape is known: what the source says, else the names of the columns."""
        return tuple(map(str, self.dialect.get("shape", self.frame.columns)))


class Source(ABC):
    """A kind of file: one file of code each; the file's name is its public id."""

    label: ClassVar[str]

    @abstractmethod
    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether a file with these first bytes (64 KB, unpacked) is of this kind, whatever its name says."""

    @abstractmethod
    def read(
        self, path: Path, *, header: bool | None = None, rows: int | None = None, **options: Any
    ) -> Table:
        """Read the file; `header` None means decide by looking, `rows` limits a preview.

        Raises DataError with a sentence for a file that cannot be used.
        """


def sources() -> dict[str, Source]:
    """Every source there is, by public id."""
    return {name: kind() for name, kind in discover(SOURCES, Source).items()}  # type: ignore[type-abstract]
