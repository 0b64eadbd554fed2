"""A file of customers or items, joined to a log by the column that holds its ids."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reco_lab.cleaning.attributes import clean_attributes
from reco_lab.cleaning.ids import clean_ids
from reco_lab.core.errors import MappingError
from reco_lab.sources import sniff

WIDEST = 200


@dataclass(frozen=True, eq=False)
class Attributes:
    """A clean table indexed by id, and the rows of its file that were refused (file, line, reason, text)."""

    frame: pd.DataFrame
    refused: pd.DataFrame


def read_attributes(path: Path, what: str, ids: pd.Index) -> Attributes:
    """Read a table of customers or items; its id column is the one that shares most with the log's `ids`.

    Raises MappingError where no column shares any.
    """
    table = sniff(path).read(path)
    names = list(table.frame.columns)[:WIDEST]
    shared = [
        len(pd.Index(clean_ids(table.frame[name], what).values.unique()).intersection(ids)) for name in names
    ]
    if not max(shared):
        raise MappingError(
            f"No column of it holds ids of {what}s that the interactions know, such as {str(ids[0])!r}.",
            where=path.name,
            fix=f"Bring the table whose ids are those of the {what} column.",
        )
    frame, refused = clean_attributes(table.frame, names[shared.index(max(shared))], what)
    unread = pd.DataFrame([vars(one) for one in table.refused], columns=["line", "reason", "text"])
    return Attributes(frame, pd.concat([unread, refused], ignore_index=True).assign(file=path.name))
