"""A file of customers or items, joined to a log by the column that holds its ids."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from reco_lab.analysis.attribute_columns import PERSONAL, guess_attributes, personal_columns
from reco_lab.cleaning.attributes import clean_attributes, title_column
from reco_lab.cleaning.cleaned import Mask
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.interactions import refused_rows
from reco_lab.cleaning.nested import without_lists
from reco_lab.cleaning.objections import REASON as OBJECTS
from reco_lab.cleaning.personal import personal_kind
from reco_lab.core.errors import MappingError
from reco_lab.core.recipe import TableRecipe
from reco_lab.sources import sniff

WIDEST = 200
_SAMPLE = 20_000
Spell = Callable[[pd.Series], pd.Series]


@dataclass(frozen=True, eq=False)
class Attributes:
    """A clean table indexed by id, and the rows of its file that were refused (file, line, reason, text).

    `recipe` says how it was read, and `meant` what the columns mean, in words; `notes` is what a person has to
    know: what was left out or is missing.
    """

    frame: pd.DataFrame
    refused: pd.DataFrame
    recipe: TableRecipe
    meant: str
    notes: tuple[str, ...]


def read_attributes(
    path: Path,
    what: Literal["customer", "item"],
    ids: pd.Index,
    *,
    recipe: TableRecipe | None = None,
    spell: Spell | None = None,
    now: datetime | None = None,
    objects: Callable[[pd.Series], Mask] | None = None,
) -> Attributes:
    """Read a table of customers or items; its id column is the one that shares most with the log's `ids`.

    `recipe` says what a person decided; without one, meanings are guessed. Columns with personal data of
    customers are left out unless it keeps them or gives them a meaning. `spell` turns the file's ids into the
    log's (pseudonyms), `objects` says whose rows are refused. Raises MappingError where no column shares any id.
    """
    table = sniff(path).read(path)
    plain, lists = without_lists(table.frame)
    table = replace(table, frame=plain)
    column = _id_column(table.frame, what, ids, recipe, spell, path.name)
    others = table.frame.drop(columns=column)
    chosen = _guessed(others, what, column) if recipe is None else _safe(recipe, others, what)
    left = table.frame.drop(columns=[name for name in chosen.leave_out if name in table.frame])
    meanings = {meaning: name for meaning, name in chosen.columns.items() if name in left}
    unwilling = np.zeros(len(left), bool) if objects is None else objects(left[column])
    apart = refused_rows(left, pd.Series(np.where(unwilling, OBJECTS, ""), dtype="str"))
    left = left[~unwilling]
    frame, refused = clean_attributes(left, column, what, meanings, now)
    if spell is not None:
        frame.index = pd.Index(spell(frame.index.to_series()), dtype="str", name=what)
    unread = pd.DataFrame([vars(one) for one in table.refused], columns=["line", "reason", "text"])
    return Attributes(
        frame,
        pd.concat([unread, apart, refused], ignore_index=True).assign(file=path.name),
        chosen,
        ", ".join(
            f"{name!r} is the {meaning}" for meaning, name in chosen.columns.items() if name != meaning
        ),
        (*_notes(chosen, what), *lists, *_missing(recipe, table.frame, path.name)),
    )


def _missing(recipe: TableRecipe | None, frame: pd.DataFrame, file: str) -> Iterator[str]:
    """The columns or paths that a recipe knows and this file lacks."""
    known = {} if recipe is None else {"id": recipe.id, **recipe.columns}
    for meaning, name in known.items():
        if name is not None and name not in frame:
            yield f"{file} has no {name!r}, which was the {meaning} last time."


def _id_column(
    frame: pd.DataFrame, what: str, ids: pd.Index, recipe: TableRecipe | None, spell: Spell | None, file: str
) -> str:
    names = [recipe.id] if recipe and recipe.id in frame else [str(name) for name in frame.columns[:WIDEST]]
    shared = [len(_ids(frame[name], what, spell).intersection(ids)) for name in names]
    if not max(shared):
        raise MappingError(
            f"No column of it holds ids of {what}s that the interactions know, such as {str(ids[0])!r}.",
            where=file,
            fix=f"Bring the table whose ids are those of the {what} column.",
        )
    return str(names[int(np.argmax(shared))])


def _ids(column: pd.Series, what: str, spell: Spell | None) -> pd.Index:
    found = pd.Series(clean_ids(column, what).values.dropna().unique(), dtype="str")
    ids: pd.Index = pd.Index(found if spell is None else spell(found), dtype="str")
    return ids


def _guessed(frame: pd.DataFrame, what: str, column: str) -> TableRecipe:
    kind: Literal["customers", "items"] = "customers" if what == "customer" else "items"
    guess = guess_attributes(frame, kind)
    meanings = {meaning: str(one.column) for meaning, one in guess.items() if meaning not in PERSONAL}
    if kind == "items" and "title" not in meanings:
        meanings = _with_title(meanings, frame)
    private = _private(frame) if what == "customer" else ()
    return TableRecipe(
        id=column,
        columns={meaning: name for meaning, name in meanings.items() if name not in private},
        leave_out=private,
    )


def _with_title(meanings: dict[str, str], frame: pd.DataFrame) -> dict[str, str]:
    """The meanings with a title where a column reads like one: a brief description first, as shops export it."""
    told = meanings.get("description")
    if told is not None and title_column(frame[[told]]) == told:
        return {what: name for what, name in meanings.items() if name != told} | {"title": told}
    free = frame.drop(columns=list(meanings.values()))
    found = title_column(free)
    return meanings if found is None else meanings | {"title": found}


def _safe(recipe: TableRecipe, frame: pd.DataFrame, what: str) -> TableRecipe:
    """The recipe, which also leaves out the personal data that it did not foresee."""
    if what != "customer":
        return recipe
    decided = {*recipe.leave_out, *recipe.keep, *recipe.columns.values()}
    unforeseen = tuple(name for name in _private(frame) if name not in decided)
    return recipe.model_copy(update={"leave_out": recipe.leave_out + unforeseen})


def _private(frame: pd.DataFrame) -> tuple[str, ...]:
    """Columns with personal data, by name or by content."""
    named = personal_columns(frame)
    held = (
        name
        for name in frame.columns
        if personal_kind(frame[name].iloc[:_SAMPLE], named.get(str(name), "")) in {"email", "phone"}
    )
    return tuple(dict.fromkeys([*named, *map(str, held)]))


def _notes(recipe: TableRecipe, what: str) -> tuple[str, ...]:
    names = ", ".join(map(repr, recipe.leave_out))
    return (f"Left out of the table of {what}s, as personal data: {names}.",) if names else ()


def untitled(items: pd.DataFrame | None) -> tuple[str, ...]:
    """What to do where a table of items came and nothing that is known of the items reads like their names."""
    if items is not None and "title" in items:
        return ()
    words = (
        "No column of the table of items reads like their names, so the pages show ids. If one holds them, call it "
        "'title' in its first row and import again."
    )
    return (words,)
