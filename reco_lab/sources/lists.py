"""Lists: on each line a customer and the items, parted by spaces, as benchmarks are often published."""

import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from reco_lab.core.errors import DataError
from reco_lab.core.source import Refused, Source, Table
from reco_lab.sources._files import HEAD_BYTES, contents
from reco_lab.sources._sniff import is_text
from reco_lab.sources._tables import text_frame
from reco_lab.sources._text import decode, whole_lines

PREVIEW_BYTES = 4 << 20
_IDS = re.compile(r"[\w.-]*\d[\w.-]*")


class Lists(Source):
    """Lines of "customer item item ..." become rows of customer and item; the index is the line."""

    label: ClassVar[str] = "Lists: a customer and the items on each line"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether lines of ids of different lengths begin with a customer that does not come back."""
        if not is_text(head):
            return False
        lines = [line.split() for line in head.decode("utf-8", "replace").splitlines()[:200]]
        lines = [line for line in (lines[:-1] if len(head) >= HEAD_BYTES else lines) if line]
        words = [word for line in lines for word in line]
        return (
            len({len(line) for line in lines}) > 1
            and len({line[0] for line in lines}) == len(lines)
            and all(_IDS.fullmatch(word) for word in words)
        )

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - lists have none
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. A customer without items is refused by line and stops nothing."""
        data = contents(path, None if rows is None else PREVIEW_BYTES, lines=True)
        cut = rows is not None and len(data) == PREVIEW_BYTES
        text = decode(whole_lines(data, path.name) if cut else data, path.name, options.get("encoding"))
        if text.damaged or b"\0" in text.data:
            raise DataError("It has bytes that are not text.", where=path.name, fix="Save it as UTF-8.")
        lines = [line.split() for line in text.data.decode("utf-8").split("\n")[:rows]]
        refused = tuple(
            Refused(number, line[0], "names a customer without items")
            for number, line in enumerate(lines, 1)
            if len(line) == 1
        )
        counts = np.array([max(len(line) - 1, 0) for line in lines])
        if not counts.sum():
            raise DataError(
                "No line names a customer and an item.",
                where=path.name,
                fix='Each line reads "customer item item ...".',
            )
        owners = np.repeat(np.arange(len(lines)), counts)
        users = pa.array([line[0] if line else "" for line in lines], pa.large_string()).take(
            pa.array(owners)
        )
        items = pa.array([item for line in lines for item in line[1:]], pa.large_string())
        frame = text_frame([users, items], ["user", "item"], owners + 1)
        dialect = {"format": "lists", "encoding": text.encoding, "header": False}
        return Table(frame, len(frame) + len(refused), refused, dialect)
