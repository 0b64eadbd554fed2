"""The last step of a file's way in: where it goes, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Recipe
from reco_lab.reports.export import write
from reco_lab.services import data, recipes, refreshing, upkeep
from reco_lab.services.data import ImportReport
from reco_lab.services.merging import Wins
from reco_lab.store.disk import said_if_full
from reco_lab.store.records import DatasetVersion
from reco_lab.ui import export, intake, page, show, state
from reco_lab.ui.repairs import Repairs
from reco_lab.ui.state import Brought, Imported
from reco_lab.ui.understood import ROLES, Understood
from reco_lab.ui.words import agree, count, md
from reco_lab.workspace import Workspace

NEW, ADD, REPLACE = "new", "add", "replace"


@dataclass(frozen=True)
class Place:
    """Where data goes: the name of the data set, whether its rows are added to those there, and how they join.

    `ids` is a table that translates ids, `wins` says whose attributes hold where both know some.
    """

    name: str
    append: bool = False
    ids: Path | None = None
    wins: Wins = "later"


def place(lab: page.Lab, brought: Brought, *, only_new: bool = False) -> Place:
    """Ask where the data goes."""
    existing = {one.name: one for one in data.list_datasets(lab.workspace)}
    proposed = intake.name_of(brought.title)
    target = lab.version if lab.version is not None and not lab.version.synthetic else None
    way = NEW
    if target is not None and not only_new:
        title = md(target.title or target.name)
        words = {
            NEW: "a data set of its own",
            ADD: f"more rows of “{title}”",
            REPLACE: f"a new version of “{title}”",
        }
        way = st.radio(
            "It becomes",
            list(words),
            format_func=words.__getitem__,
            captions=["", "Rows it has already are left out.", "The older version stays readable."],
            key=f"goes-{brought.path}",
        )
    if way == ADD and target is not None:
        return _joining(lab.workspace, target.name, brought)
    if way == REPLACE and target is not None:
        return Place(target.name)
    name = st.text_input(
        "Name of the data set",
        proposed,
        max_chars=64,
        help="Lower case, digits, - and _.",
        key=f"name-{brought.path}",
    )
    if name in existing:
        st.caption(
            f"There is a data set of this name: this becomes its version {existing[name].version + 1}."
        )
    return Place(name)


def _joining(workspace: Workspace, name: str, brought: Brought) -> Place:
    """Ask how rows join those that are there."""
    with st.expander("Where the two sources differ", icon=":material/merge:"):
        ids = intake.received(
            workspace,
            "Table of ids (optional)",
            intake.IDS,
            "For another system's ids: a file with two columns, the ids of this file and those of the data set.",
        )
        if ids is not None:
            intake.kept(ids, intake.IDS)
        words: dict[Wins, str] = {"later": "this file", "earlier": "what is there already"}
        wins = st.radio(
            "Where both know something else of a customer or an item, what holds is",
            list(words),
            format_func=words.__getitem__,
            horizontal=True,
            key=f"wins-{brought.path}",
        )
    return Place(name, append=True, ids=None if ids is None else ids.path, wins=wins)


def bring_in(
    lab: page.Lab,
    brought: Brought,
    known: Understood,
    columns: Columns,
    repairs: Repairs | None,
    *,
    last: Recipe | None,
    tables: tuple[Path | None, Path | None],
    to: Place,
) -> None:
    """Import the file as it was decided, and keep what came of it for the page that is drawn next."""
    before = newest(lab.workspace, to.name)
    recipe = None if repairs is None else _recipe(repairs, known, last, tables)
    with st.spinner("Reading, mending and keeping every row…", show_time=True):
        report = refreshing.bring_in(
            lab.workspace,
            brought.path,
            to.name,
            brought.origin,
            title="" if to.append else brought.title,
            columns=columns,
            header=known.header,
            options=dict(known.options) or None,
            customers=tables[0],
            items=tables[1],
            recipe=recipe,
            append=to.append,
            ids=to.ids,
            wins=to.wins,
            synthetic=brought.synthetic,
        )
    _remember(lab.workspace, report, before)
    settle(to.name)


def settle(name: str) -> None:
    """Let go of the files that were brought, and draw the page anew with the data set chosen."""
    for slot in intake.SLOTS:
        intake.forget_upload(slot)
    intake.forget_read()
    state.leave()
    st.query_params[state.DATASET] = name
    st.query_params.pop(state.VERSION, None)
    st.rerun()


def _recipe(
    repairs: Repairs, known: Understood, last: Recipe | None, tables: tuple[Path | None, Path | None]
) -> Recipe:
    recipe = repairs.report.recipe(
        repairs.chosen, repairs.reading, header=known.header, options=dict(known.options)
    )
    if last is None:
        return recipe
    beside = {
        role: getattr(last, role) if path else None
        for role, path in zip(("customers", "items"), tables, strict=True)
    }
    return recipe.model_copy(update=beside)


def newest(workspace: Workspace, name: str) -> DatasetVersion | None:
    """The newest version of a data set; None where there is none."""
    return next((one for one in data.list_datasets(workspace) if one.name == name), None)


def _remember(workspace: Workspace, report: ImportReport, before: DatasetVersion | None) -> None:
    refused = pd.concat([report.refused, report.refused_attributes], ignore_index=True)
    fresh = before is None or before.version != report.version
    again = "" if fresh else " They were all here already, so no second copy was made."
    of = f"{report.loaded:,} of {count(report.rows_in_file, 'row')}"
    sentence = f"{of} {agree(report.loaded, 'is', 'are')} in, as version {report.version}."
    state.keep_import(
        Imported(
            name=report.dataset.name,
            title=report.dataset.title,
            sentence=sentence + again,
            left_out=len(refused),
            reasons=tuple(report.reasons.items()),
            mended=tuple((what, int(rows)) for what, rows in report.mended.items() if rows),
            notes=tuple(
                f"{ROLES[role][0] if role in ROLES else role.capitalize()}: {note}"
                for role, note in report.notes.items()
            ),
            warnings=report.warnings,
            refused=kept_refused(workspace, refused),
            recipe=recipes.dump(report.recipe),
            fresh=report.version if fresh else None,
            of_database=report.recipe.origin is not None,
        )
    )


def kept_refused(workspace: Workspace, refused: pd.DataFrame) -> Path | None:
    """The file of the rows left out; None where there are none."""
    if refused.empty:
        return None
    path = workspace.staging.folder() / "refused.csv"
    with said_if_full(workspace.home):
        write(refused, path)
    return path


def done(lab: page.Lab, imported: Imported) -> None:
    """Say what came in, what did not and why, and what to do next."""
    st.success(md(imported.sentence), title=f"{md(imported.title)} is ready", icon=":material/check_circle:")
    with st.container(horizontal=True):
        if st.button("Explore it", type="primary", icon=":material/query_stats:"):
            _go(page.EXPLORE)
        if st.button("Compare recommenders", icon=":material/experiment:"):
            _go(page.EXPERIMENT)
        st.button("Bring another file", icon=":material/upload_file:", on_click=state.forget_import)
    show.warnings(imported.warnings)
    if imported.reasons:
        st.subheader(f"Left out: {count(imported.left_out, 'row')}", anchor=False)
        _bullets(f"{rows:,}: each {md(reason)}" for reason, rows in imported.reasons)
    if imported.mended:
        st.subheader("Put right", anchor=False)
        _bullets(f"{md(what)}: {count(rows, 'row')}" for what, rows in imported.mended)
    if imported.notes:
        st.subheader("How it was read", anchor=False)
        _bullets(map(md, imported.notes))
    _take_away(lab, imported)


def _bullets(lines: Iterable[str]) -> None:
    st.markdown("\n".join(f"- {line}" for line in lines))


def _take_away(lab: page.Lab, imported: Imported) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if imported.refused is not None and imported.refused.exists():
            label = f"The {count(imported.left_out, 'row')} left out (CSV)"
            take = export.Download(label, "refused.csv", imported.refused.read_bytes, "text/csv")
            export.button(take, key="refused")
        if imported.recipe:
            recipe = export.Download(
                "The recipe (TOML)",
                f"{imported.name}.recipe.toml",
                lambda: imported.recipe,
                "application/toml",
            )
            export.button(recipe, key="recipe")
        if imported.fresh is not None and st.button("Undo this", icon=":material/undo:", type="tertiary"):
            _undo(lab.workspace, imported.name, imported.fresh)
    if imported.of_database:
        st.caption(
            "What comes later joins it by the button at the data set's versions, or by "
            f"`reco-lab data refresh {imported.name}`."
        )
    elif imported.recipe:
        st.caption(
            "The recipe does the same with the next file of this shape, here or by "
            f"`reco-lab data import FILE --name {imported.name} --recipe {imported.name}.recipe.toml`."
        )


def _undo(workspace: Workspace, name: str, version: int) -> None:
    upkeep.drop(workspace, name, version)
    state.tell(f"Version {version} is taken away; it can be brought back below.")
    state.forget_import()
    st.rerun()


def _go(target: Path) -> None:
    state.forget_import()
    show.go(target)
