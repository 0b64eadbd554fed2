"""Commands that read databases: connect, look at the tables, bring one in, bring what is new."""

import argparse

from reco_lab.cli.answer import Answer
from reco_lab.cli.data import import_answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import table
from reco_lab.core.errors import InputError
from reco_lab.core.recipe import Origin
from reco_lab.core.words import count
from reco_lab.services import databases, recipes, refreshing


def connect(options: argparse.Namespace) -> Answer:
    """Try a connection, and keep it under its name."""
    where = databases.place(
        kind=options.kind, host=options.host, port=options.port, database=options.database, user=options.user,
        encryption=options.encryption, file=options.file,
    )  # fmt: skip
    return _listed(databases.connect(opened(options), options.name, where))


def tables(options: argparse.Namespace) -> Answer:
    """List the tables that may be read through a connection."""
    return _listed(databases.tables(opened(options), options.name))


def data_query(options: argparse.Namespace) -> Answer:
    """Import a table or a query of a database."""
    workspace = opened(options)
    recipe = None if options.recipe is None else recipes.load(options.recipe)
    origin = _origin(options) if options.connection else (recipe.origin if recipe else None)
    if origin is None:
        raise InputError(
            "Nothing says which database.", fix="Name a connection, or give a recipe with an [origin]."
        )
    with workspace.staging.scratch() as folder:
        found = databases.fetch(workspace, origin, folder)
        report = refreshing.bring_in(
            workspace, found.path, options.name, origin, columns=options.columns, recipe=recipe
        )
    return import_answer(report)


def data_refresh(options: argparse.Namespace) -> Answer:
    """Read a data set's table or query again."""
    done = refreshing.refresh(opened(options), options.dataset, anew=options.anew)
    loaded = 0 if done.report is None else done.report.loaded
    values = {
        "name": done.dataset.name,
        "version": done.dataset.version,
        "loaded": loaded,
        "warnings": list(done.notes),
    }
    return Answer(values, "\n".join([done.sentence, *(f"! {note}" for note in done.notes)]))


def _origin(options: argparse.Namespace) -> Origin:
    if bool(options.table) == bool(options.query):
        raise InputError("Nothing says what to read.", fix="Give either --table or --query.")
    schema, _, name = (options.table or "").rpartition(".")
    return Origin(
        database=options.connection,
        table=(schema, name) if options.table else None,
        query=options.query or "",
        grows_by=options.grows_by,
    )


def _listed(found: databases.Tables) -> Answer:
    rows = [(one.title, "view" if one.view else one.rows) for one in found.relations]
    advice = [found.advice] if found.advice else []
    listed = [{"name": one.title, "rows": one.rows, "view": one.view} for one in found.relations]
    lines = [count(len(rows), "table"), table(("table", "rows"), rows), *(f"! {one}" for one in advice)]
    return Answer({"tables": listed, "warnings": advice}, "\n".join(lines))
