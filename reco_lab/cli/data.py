"""Commands that bring data in, list it, check it, keep it safe."""

import argparse
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from reco_lab.cleaning.ids import canonical_id
from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import table, write
from reco_lab.core.errors import InputError
from reco_lab.core.interactions import LONGEST_ID
from reco_lab.core.recipe import Reading
from reco_lab.core.words import count
from reco_lab.services import backups, privacy, public, recipes
from reco_lab.services.data import Finding, ImportReport, import_file, list_datasets, preview, quality
from reco_lab.services.erasure import erase_restored
from reco_lab.workspace import Workspace

SURE = 0.7
WORDS = {"user": "Customer", "item": "Item", "value": "Value", "time": "Time", "kind": "Kind",
         "title": "Title", "category": "Category", "price": "Price"}  # fmt: skip


def data_import(options: argparse.Namespace) -> Answer:
    """Import a file and account for every row of it."""
    report = import_file(
        opened(options),
        options.file,
        options.name or dataset_name(options.file),
        columns=options.columns,
        header=options.header,
        format=None if options.format == "table" else options.format,
        customers=options.customers,
        items=options.items,
        reading=Reading(kinds=options.kinds) if options.kinds else None,
        recipe=None if options.recipe is None else recipes.load(options.recipe),
        append=options.append,
        ids=options.ids,
        wins=options.wins,
    )
    return import_answer(report, () if options.columns or options.recipe else guess_doubts(options))


def import_answer(report: ImportReport, doubts: tuple[str, ...] = ()) -> Answer:
    """What an import did, every row accounted for."""
    values = {
        "name": report.dataset.name,
        "version": report.version,
        "fingerprint": report.fingerprint,
        "rows_in_file": report.rows_in_file,
        "loaded": report.loaded,
        "refused": report.reasons,
        "mended": dict(report.mended),
        "columns": report.recipe.columns.model_dump(),
        "notes": dict(report.notes),
        "dialect": report.dialect,
        "summary": dict(report.summary),
        "warnings": [*doubts, *report.warnings],
        "recipe": recipes.dump(report.recipe),
    }
    return Answer(values, _import_text(report, doubts))


def guess_doubts(options: argparse.Namespace) -> tuple[str, ...]:
    """A warning for each column that was guessed without being sure, with what to type instead."""
    guess = preview(options.file, header=options.header).guess
    return tuple(
        f"{WORDS[role]} was taken from {one.column!r} ({one.confidence:.0%} sure: {one.reason}). "
        "If that is wrong, say --columns user=...,item=..."
        for role, one in guess
        if role in {"user", "item"} and one.column is not None and one.confidence < SURE
    )


def dataset_name(path: Path) -> str:
    """A name for the data set made from the file's: lower-case letters, digits, - and _."""
    stem = path.name.partition(".")[0].lower()
    name = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "-" for sign in stem)
    return name.strip("-_")[:64] or "data"


def _import_text(report: ImportReport, doubts: tuple[str, ...]) -> str:
    mapping = report.recipe.columns.model_dump(exclude_none=True)
    lines = [
        f"{report.dataset.name} version {report.version}: {report.loaded:,} of {count(report.rows_in_file, 'row')} loaded.",
        "  " + ", ".join(f"{WORDS[role].lower()} from {column!r}" for role, column in mapping.items()),
    ]
    lines += [f"  {count(rows, 'row')} left out: {reason}" for reason, rows in report.reasons.items()]
    lines += [f"  {role}: {note}" for role, note in report.notes.items()]
    return "\n".join([*lines, *(f"! {warning}" for warning in (*doubts, *report.warnings))])


def data_list(options: argparse.Namespace) -> Answer:
    """List the data sets of the workspace."""
    found = list_datasets(opened(options))
    values = [
        asdict(one) | {"created": one.created.isoformat(), "summary": dict(one.summary)} for one in found
    ]
    rows = [
        (
            one.name,
            one.version,
            one.summary.get("rows"),
            one.summary.get("customers"),
            one.summary.get("items"),
        )
        for one in found
    ]
    text = table(("data set", "version", "interactions", "customers", "items"), rows)
    return Answer(
        values,
        text if found else "There are no data sets yet. Import one: reco-lab data import FILE --name NAME",
    )


def make_shop(options: argparse.Namespace) -> Answer:
    """Make a simulated shop and import it as a data set."""
    from reco_lab.services.demo import make_dataset

    made = make_dataset(opened(options), options.name, customers=options.customers, seed=options.seed)
    return Answer(
        {"name": made.name, "fingerprint": made.fingerprint, **made.summary},
        f"{made.title} is ready: {count(made.summary['rows'], 'interaction')}.",
    )


def data_check(options: argparse.Namespace) -> Answer:
    """Say what is wrong in a file and what would mend it, without importing; the recipe can be kept in a file."""
    found = quality(opened(options), options.file, options.columns, header=options.header)
    if options.save is not None:
        write(options.save, recipes.dump(found.recipe()))
    findings = [
        {"title": one.title, "sentence": one.sentence, "severity": one.severity, "rows": one.rows,
         "customers": one.customers, "mended_by_default": one.on_by_default}
        for one in found.findings
    ]  # fmt: skip
    lines = [f"{found.counted}; {count(len(findings), 'finding')}."]
    lines += [f"  {found.overlap}"] if found.overlap else []
    for one in found.findings:
        lines.append(f"  [{_mended(one)}] {one.title}: {one.sentence}")
        if not one.on_by_default:
            lines += [
                "      to mend it, add to the recipe:",
                *(f"        {line}" for line in recipes.lines_of(one.step)),
            ]
    lines += [f"  ? {question}" for question in found.questions]
    return Answer(
        {
            "rows": found.rows,
            "unread": found.unread,
            "findings": findings,
            "recipe": recipes.dump(found.recipe()),
        },
        "\n".join(lines),
    )


def _mended(finding: Finding) -> str:
    if finding.on_by_default:
        return "mend"
    return "must be decided" if finding.severity == "stop" else "keep"


def data_fetch(options: argparse.Namespace) -> Answer:
    """Bring a public data set into the workspace, or list those there are."""
    known = public.public_datasets()
    if options.dataset is None:
        rows = [(name, one.publisher, one.licence) for name, one in known.items()]
        listed = [
            {"name": name, "publisher": one.publisher, "licence": one.licence, "address": one.address}
            for name, one in known.items()
        ]
        return Answer(listed, table(("data set", "publisher", "licence"), rows))
    workspace = opened(options)
    fetched = public.fetch(workspace, options.dataset, from_folder=options.source)
    entry = fetched.entry
    report = import_file(
        workspace,
        fetched.interactions,
        entry.name,
        columns=entry.columns,
        header=entry.header,
        customers=fetched.customers,
        items=fetched.items,
        options=entry.options,
    )
    unchecked = tuple(f"{name} has no known checksum to be checked against." for name in fetched.unchecked)
    values = {
        "name": entry.name,
        "licence": entry.licence,
        "fingerprint": report.fingerprint,
        "loaded": report.loaded,
    }
    return Answer(values | {"warnings": list(unchecked)}, _import_text(report, unchecked))


def backup(options: argparse.Namespace) -> Answer:
    """Write everything of the workspace into one file."""
    made = backups.backup(opened(options), options.target)
    return Answer(
        {"path": str(made.path), "size": made.size},
        f"Everything is in {made.path} ({made.size / 1e6:,.1f} MB).",
    )


def restore(options: argparse.Namespace) -> Answer:
    """Bring the workspace back to what a backup holds."""
    with closing(Workspace.open()) as before:
        home = before.home
    done = backups.restore(options.file, home)
    again = erase_restored(opened(options), who="reco-lab restore")
    kept = f" What was there before is in {done.kept}." if done.kept else ""
    kept += f" {done.left}" if done.left else ""
    kept += f" Erased from it again: {count(len(again), 'customer')}." if again else ""
    return Answer(
        {"kept": str(done.kept) if done.kept else None, "left": done.left},
        f"The workspace is as it was in {options.file}.{kept}",
    )


def suppress(options: argparse.Namespace) -> Answer:
    """Put customers on the list of those who must not be written to; only keyed hashes of their ids are kept."""
    for one in options.customer:
        if not 0 < len(canonical_id(one)) <= LONGEST_ID:
            raise InputError(
                f"{one[:40]!r} cannot be the id of a customer.", fix=f"Ids have 1 to {LONGEST_ID} characters."
            )
    workspace = opened(options)
    change = privacy.unsuppress if options.remove else privacy.suppress
    changed = change(workspace, options.customer)
    suppressed = privacy.suppressed_count(workspace)
    return Answer(
        {"changed": changed, "suppressed": suppressed},
        f"{changed} changed; {count(suppressed, 'customer')} on the list.",
    )
