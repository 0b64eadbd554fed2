"""Files are parsed in a process with limits; small texts, whose cost is bounded by their size, right here.

A text of at most 4 MB is read by our own code and the csv and json modules: whatever it says, it takes at most
some seconds and some hundred MB, and looking at the beginning of a large one reads no more than that. All else
(workbooks and Parquet, whose readers unpack and allocate as the file tells them to, and large texts) goes to a
process that may be killed.
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from reco_lab.core.errors import DataError, NotFoundError
from reco_lab.core.source import Source, Table
from reco_lab.jobs.confined import LimitError, Limits, RefusedError, run_confined
from reco_lab.sources import _handover
from reco_lab.sources._files import head

SMALL = 4 << 20
TEXTS = frozenset({"clickstream", "delimited", "ga4", "json_lines", "lists", "matomo", "snowplow"})
CONFINED = frozenset({"excel", "parquet"})
PREVIEW = Limits(memory=3 << 30, cpu_seconds=30, wall_seconds=60.0)
WHOLE = Limits(memory=16 << 30, cpu_seconds=1200, wall_seconds=1800.0)
SHARE_OF_MEMORY = 0.6
_CHILD = "reco_lab.sources._child"


class Guarded(Source):
    """A source whose files cannot take more than their share of the machine."""

    label: ClassVar[str] = "A file, read within limits"

    def __init__(self, name: str, source: Source) -> None:
        self.name, self.source = name, source

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the source recognises the file."""
        return self.source.recognises(path, head)

    def read(
        self, path: Path, *, header: bool | None = None, rows: int | None = None, **options: Any
    ) -> Table:
        """Read the file as the source does; DataError for one that takes too much memory or time."""
        if self._harmless(path, rows):
            return self.source.read(path, header=header, rows=rows, **options)
        request = {
            "source": self.name, "path": str(path.absolute()), "header": header, "rows": rows, "options": options,
        }  # fmt: skip
        limits = WHOLE if rows is None else PREVIEW
        limits = Limits(min(limits.memory, share_of_memory()), limits.cpu_seconds, limits.wall_seconds)
        try:
            return _handover.read(run_confined(_CHILD, request, limits, again=rows is not None))
        except RefusedError as error:
            kind = DataError if path.is_file() else NotFoundError
            raise kind(**error.parts) from error
        except LimitError as error:
            raise DataError(
                _too_much(error.what, limits), where=path.name, fix="Split it into smaller files."
            ) from error

    def _harmless(self, path: Path, rows: int | None) -> bool:
        if self.name in CONFINED:
            return False
        if self.name not in TEXTS or rows is not None:
            return True
        return not path.is_file() or (path.stat().st_size <= SMALL and len(head(path, SMALL + 1)) <= SMALL)


def share_of_memory() -> int:
    """The bytes of memory that reading may take on this machine."""
    if not hasattr(os, "sysconf"):
        return WHOLE.memory
    return int(SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _too_much(what: str, limits: Limits) -> str:
    if what == "time":
        return f"Reading it takes more than {limits.wall_seconds:.0f} seconds."
    return f"Reading it takes more than {limits.memory / 1e9:.1f} GB of memory, or breaks its reader."
