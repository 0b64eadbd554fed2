"""Import a file: read, mapped, mended by a recipe, accounted for row by row, and kept as a version."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.analysis.columns import LOOKED_AT, guess_table_kind, kind_of_value
from reco_lab.cleaning.coded_log import CodedLog, row_by_row
from reco_lab.cleaning.interactions import CleanTable, clean_interactions, refused_rows
from reco_lab.cleaning.steps.pseudonyms import Pseudonyms
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import MappingError, NotFoundError
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.recipe import Origin, Reading, Recipe
from reco_lab.core.source import Table
from reco_lab.core.step import StepContext
from reco_lab.services import private_ids, recipes
from reco_lab.services.analytics import proposed, told_columns
from reco_lab.services.appending import append as appended
from reco_lab.services.appending import digest_of, known_rows, one_table, remember_files, same_file
from reco_lab.services.attributes import Attributes, read_attributes, untitled
from reco_lab.services.import_report import (
    ImportReport,
    reading_warnings,
    refused_together,
    sent_back,
    unread,
)
from reco_lab.services.item_side import ItemSide, item_side, told_beside
from reco_lab.services.keeping import load_dataset, save_dataset
from reco_lab.services.mapping import column_map, item_columns, named_columns, ways
from reco_lab.services.merging import Joined, Part, Wins, conflicts, join_ids, remember_part
from reco_lab.services.privacy import objections, objects
from reco_lab.services.quality import context
from reco_lab.sources import sniff
from reco_lab.sources._bulk import read_coded, require_memory, streamed
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

_KNOWN = "is in the earlier version already"


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
    recipe: Recipe | None = None,
    append: bool = False,
    ids: Path | None = None,
    wins: Wins = "later",
    synthetic: bool = False,
    origin: Origin | None = None,
    all_new: bool = False,
) -> ImportReport:
    """Import a file of interactions, with tables of customers and items where there are any.

    `recipe` says what the columns mean and how rows are mended; `columns`, `header`, `reading` and `options`
    overrule it. Without one, columns are guessed. Ids that are personal data become pseudonyms, also where a
    recipe did not have to know that, unless it declines the step. What a table of items says counts more than
    what the rows say. `append` puts the rows behind those of the newest version, except known ones
    (`all_new`: there are none); `ids` translates this file's ids into theirs, `wins` says whose attributes
    hold where both know some. `origin` says which database they came from. The same content makes no second
    version. What is `synthetic` wears its badge. Raises an InputError.
    """
    workspace.require_room()
    said = _Said(path, format, header, options, columns, reading, recipe, ids, origin, all_new)
    come = _streamed(workspace, said, append=append)
    come = come or _at_once(workspace, said, _earlier(workspace, name) if append else None)
    people, catalogue = _tables(workspace, come, customers, items)
    data, contradictions = _whole(workspace, name, come, people, catalogue, wins, synthetic=synthetic)
    version, used = _keep(workspace, data, title, come, people, catalogue)
    remember_files(workspace, version, come.digest, come.earlier)
    kind = str(come.table.dialect.get("format", ""))
    remember_part(workspace, version, Part(path.name, kind, come.loaded), come.earlier)
    known = _named(people, catalogue)
    warnings = (
        *reading_warnings(come.table),
        *private_ids.unforeseen(said.recipe, come.used),
        *(note for one in known.values() for note in one.notes),
        *((come.joined.sentence,) if come.joined else ()),
        *contradictions,
    )
    return _report(path.name, version, come, used, known, warnings)


def _named(people: Attributes | None, catalogue: Attributes | None) -> dict[str, Attributes]:
    """The tables that came with the log, by what a person calls them."""
    both = {"table of customers": people, "table of items": catalogue}
    return {name: one for name, one in both.items() if one is not None}


def _report(
    file: str,
    version: DatasetVersion,
    come: "_Come",
    used: Recipe,
    tables: Mapping[str, Attributes],
    warnings: tuple[str, ...],
) -> ImportReport:
    catalogue = tables.get("table of items")
    meant = {name: one.meant for name, one in tables.items() if one.meant}
    return ImportReport(
        dataset=version,
        rows_in_file=come.table.rows_in_file,
        loaded=come.loaded,
        refused=refused_together([unread(come.table), come.refused], file),
        refused_attributes=refused_together([one.refused for one in tables.values()]),
        mended=come.mended,
        notes={**come.notes, **told_beside(come.own, catalogue.frame if catalogue else None), **meant},
        dialect=come.table.dialect,
        warnings=(*warnings, *sent_back(come.log)),
        recipe=used,
    )


@dataclass(frozen=True)
class _Said:
    """What was said about a file."""

    path: Path
    format: str | None
    header: bool | None
    options: Mapping[str, Any] | None
    columns: Columns | None
    reading: Reading | None
    recipe: Recipe | None
    ids: Path | None
    origin: Origin | None
    all_new: bool

    @property
    def known_header(self) -> bool | None:
        return self.recipe.header if self.header is None and self.recipe else self.header

    @property
    def known_options(self) -> Mapping[str, Any]:
        return self.options or (self.recipe.options if self.recipe else {})


@dataclass(frozen=True, eq=False)
class _Come:
    """What came of a file: its log (None where no row is new), and the account of its rows."""

    table: Table
    log: Interactions | None
    own: ItemSide
    used: Recipe
    ctx: StepContext
    loaded: int
    refused: pd.DataFrame
    mended: Mapping[str, int]
    notes: Mapping[str, str]
    digest: str
    earlier: DatasetVersion | None = None
    joined: Joined | None = None


def _at_once(workspace: Workspace, said: _Said, earlier: DatasetVersion | None) -> _Come:
    """The whole file as a table."""
    table = _read(said, None)
    named, mapping, ctx = _understood(workspace, table, said)
    joined = None
    if said.ids is not None:
        there = None if earlier is None else load_dataset(workspace, earlier.name, earlier.version)
        table, joined = join_ids(table, mapping, said.ids, there)
    used = _used(table, named, said, lambda: private_ids.of_table(table.frame, mapping, ctx))
    steps = (*used.steps, *objections(workspace))
    clean = clean_interactions(table.frame, mapping, ctx.now, used.reading, steps, ctx)
    digest = digest_of(said.path)
    kept = _without_known(workspace, table, mapping, clean, None if said.all_new else earlier, digest)
    log, notes = _log(table, mapping, kept)
    own = item_side(table.frame.iloc[kept.frame.index], kept.frame["item"], columns=named)
    return _Come(
        table,
        log,
        own,
        used,
        ctx,
        len(kept.frame),
        kept.refused,
        clean.mended,
        notes,
        digest,
        earlier,
        joined,
    )


def _streamed(workspace: Workspace, said: _Said, *, append: bool) -> _Come | None:
    """A large file block by block; None for a file that is small, or has to be read at once and can be."""
    source = streamed(said.path, said.format)
    if source is None:
        return None
    come = None if append or said.ids else _by_blocks(workspace, said, source)
    if come is None:
        require_memory(said.path)
    return come


def _by_blocks(workspace: Workspace, said: _Said, source: str) -> _Come | None:
    """A large file block by block; None where a step or the file itself needs to be seen as a whole."""
    head = _read(said, LOOKED_AT, allow_refused=True)
    named, mapping, ctx = _understood(workspace, head, said)
    base = said.recipe or Recipe(columns=named)
    if not row_by_row(base.steps) or (said.reading or base.reading).weights:
        return None
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(digest_of, said.path)
        coded = read_coded(
            said.path, source, ways(named), header=said.known_header, options=said.known_options
        )
    if coded is None:
        return None
    rows = CodedLog(coded, mapping, said.reading or base.reading, ctx)
    used = _used(head, named, said, lambda: private_ids.of_ids(rows.customers(), ctx))
    kind, reason = _kind(head, mapping, head.frame.rename(columns={mapping.value: "value"}))
    with workspace.staging.scratch() as folder:
        clean = rows.clean((*used.steps, *objections(workspace)), kind, folder)
    notes = {**clean.notes, "kind": reason} if mapping.value and not mapping.kind else clean.notes
    own = item_side(*rows.said_of_items(item_columns(named).values()), columns=named)
    table = Table(head.frame, coded.rows + len(coded.refused), coded.refused, coded.dialect)
    return _Come(
        table, clean.log, own, used, ctx, len(clean.log), clean.refused, clean.mended, notes, digest.result()
    )


def _understood(workspace: Workspace, table: Table, said: _Said) -> tuple[Columns, ColumnMap, StepContext]:
    known = said.columns or (said.recipe.columns if said.recipe else told_columns(table))
    if known is None:
        _require_interactions(table, said.path)
    named = named_columns(table.frame, known)
    mapping = column_map(named)
    return named, mapping, context(workspace, table.frame, mapping)


def _read(said: _Said, rows: int | None, **more: bool) -> Table:
    source = sniff(said.path, said.format)
    table = source.read(said.path, header=said.known_header, rows=rows, **{**said.known_options, **more})
    if said.recipe is not None:
        recipes.check_shape(said.recipe, [str(name) for name in table.frame.columns], said.path.name)
    return table


def _used(table: Table, named: Columns, said: _Said, private: Callable[[], tuple[Pseudonyms, ...]]) -> Recipe:
    """The recipe that repeats this import: the one given, overruled by what else was said."""
    base = said.recipe or Recipe(columns=named, reading=proposed(table))
    overruled = {
        "steps": private_ids.safe(base, private()),
        "header": said.header,
        "options": None if said.options is None else dict(said.options),
        "reading": said.reading,
        "columns": named,
        "shape": table.shape,
    }
    given = {name: value for name, value in overruled.items() if value is not None}
    return base.model_copy(update=given | {"origin": said.origin})


def _require_interactions(table: Table, path: Path) -> None:
    kind = guess_table_kind(table.frame)
    if kind != "interactions":
        raise MappingError(
            f"It looks like a table of {kind}, not of interactions.",
            where=path.name,
            fix=f"Bring it beside a file of interactions, as its {kind}, or say which column means what.",
        )


def _earlier(workspace: Workspace, name: str) -> DatasetVersion | None:
    try:
        return workspace.store.dataset(name)
    except NotFoundError:
        return None


def _without_known(
    workspace: Workspace,
    table: Table,
    mapping: ColumnMap,
    clean: CleanTable,
    earlier: DatasetVersion | None,
    digest: str,
) -> CleanTable:
    """The clean rows less those of the earlier version; a file that went into it brings nothing new."""
    if earlier is None:
        return clean
    frame = _complete(table, mapping, clean.frame)
    known = known_rows(load_dataset(workspace, earlier.name, earlier.version).interactions, frame)
    if same_file(workspace, earlier, digest):
        known[:] = True
    reasons = pd.Series(np.where(known, _KNOWN, ""), dtype="str")
    again = refused_rows(table.frame.iloc[frame.index], reasons)
    refused = pd.concat([clean.refused, again], ignore_index=True)
    return replace(clean, frame=clean.frame[~known], refused=refused)


def _complete(table: Table, mapping: ColumnMap, frame: pd.DataFrame) -> pd.DataFrame:
    """The clean rows as a log would hold them: with a value and a kind."""
    kind, _ = _kind(table, mapping, frame)
    value = frame.get("value", 1.0)
    return frame.assign(value=value, kind=frame.get("kind", kind.name))


def _log(table: Table, mapping: ColumnMap, clean: CleanTable) -> tuple[Interactions | None, dict[str, str]]:
    """The log (None where no row is new); where values come without kinds, what the value says about the kind."""
    if clean.frame.empty:
        return None, dict(clean.notes)
    log = Interactions.from_frame(clean.frame, clean.columns)
    if mapping.value is None or mapping.kind is not None:
        return log, dict(clean.notes)
    kind, reason = _kind(table, mapping, clean.frame)
    return replace(log, kinds=np.full(len(log), kind, np.uint8)), {**clean.notes, "kind": reason}


def _kind(table: Table, mapping: ColumnMap, frame: pd.DataFrame) -> tuple[Kind, str]:
    """What each row is where no column says so."""
    if mapping.value is None:
        return Kind.interaction, ""
    kind, reason = kind_of_value(table.frame[mapping.value], table.frame.columns)
    if kind == Kind.rating.name and "value" not in frame:
        return Kind.interaction, "every row is taken as an interaction, as the ratings are not used"
    return Kind[kind], reason


def _tables(
    workspace: Workspace, come: _Come, customers: Path | None, items: Path | None
) -> tuple[Attributes | None, Attributes | None]:
    used, log, ctx = come.used, come.log, come.ctx
    if log is None:
        return None, None
    spells = {role: private_ids.spell(used, role, ctx) for role in ("user", "item")}
    if come.joined is not None:
        spells[come.joined.role] = come.joined.after(spells[come.joined.role])
    people = catalogue = None
    if customers is not None:
        people = read_attributes(
            customers, "customer", log.user_ids, recipe=used.customers, spell=spells["user"], now=ctx.now,
            objects=objects(workspace),
        )  # fmt: skip
    if items is not None:
        catalogue = read_attributes(
            items, "item", log.item_ids, recipe=used.items, spell=spells["item"], now=ctx.now
        )
    return people, catalogue


def _whole(
    workspace: Workspace,
    name: str,
    come: _Come,
    people: Attributes | None,
    catalogue: Attributes | None,
    wins: Wins,
    *,
    synthetic: bool,
) -> tuple[Dataset | None, tuple[str, ...]]:
    """The data set with what came, and what it contradicts of what was there or lacks; None where nothing new came."""
    if come.log is None and come.earlier is not None:
        return None, ()
    told = one_table(come.own.frame, catalogue.frame if catalogue else None)
    data = Dataset.join(name, come.log, people.frame if people else None, told, synthetic=synthetic)  # type: ignore[arg-type] # no rows only happen beside an earlier version
    if come.earlier is None:
        return data, untitled(data.items) if catalogue else ()
    before = load_dataset(workspace, name, come.earlier.version)
    return appended(before, data, wins), tuple(conflicts(before, data, wins))


def _keep(
    workspace: Workspace,
    data: Dataset | None,
    title: str,
    come: _Come,
    people: Attributes | None,
    catalogue: Attributes | None,
) -> tuple[DatasetVersion, Recipe]:
    if data is None:
        return come.earlier, come.used  # type: ignore[return-value] # nothing new only comes beside an earlier version
    version = save_dataset(workspace, data, title, after=come.earlier)
    changes = {
        role: one.recipe for role, one in (("customers", people), ("items", catalogue)) if one is not None
    }
    used = come.used.model_copy(update=changes)
    recipes.keep(workspace, version, used)
    return version, used
