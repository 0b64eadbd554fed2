"""One function a command: parsed options in, an answer out."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reco_lab.cli.text import table
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.evaluation import metrics as known_metrics
from reco_lab.core.experiment import Columns
from reco_lab.core.recommender import algorithms as known_algorithms
from reco_lab.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command says: as JSON values, as text, and whether all is well."""

    data: Any
    text: str
    passed: bool = True


def app(options: argparse.Namespace) -> Answer:
    """Open the app; the demo shop and its comparison are made on the first start."""
    from reco_lab.services.demo import run_demo

    workspace = Workspace.open()
    sys.stderr.write("Preparing the demo shop and its comparison (only the first start takes a moment) ...\n")
    run_demo(workspace, _progress())
    workspace.close()
    script = ROOT / "app.py"
    if not script.is_file():
        raise InputError(
            "The app is not beside the package.",
            where=str(ROOT),
            fix="Install from a clone with pip install -e.",
        )
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        f"--server.port={options.port}",
        f"--server.address={options.host}",
    ]
    os.chdir(ROOT)
    os.execv(sys.executable, [*command, f"--server.headless={str(options.no_browser).lower()}"])  # noqa: S606 - the server replaces this process, no shell


def worker(_options: argparse.Namespace) -> Answer:
    """Do queued work until stopped."""
    from reco_lab.jobs.handlers import HANDLERS
    from reco_lab.jobs.supervisor import Supervisor

    workspace = Workspace.open()
    if not Supervisor(workspace.home, HANDLERS, idle_seconds=float("inf")).run():
        raise InputError("A worker is at work for this workspace already.", where=str(workspace.home))
    return Answer(None, "")


def columns(text: str) -> Columns:
    """Parse `user=client,item=3`: names, or positions from 0."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    values: dict[str, Any] = {
        role.strip(): int(name) if name.strip().isdecimal() else name.strip() for role, _, name in pairs
    }
    unknown = sorted(set(values) - set(Columns.model_fields))
    if unknown or not {"user", "item"} <= set(values):
        what = f"{unknown[0]!r} is no role of a column" if unknown else "user and item are needed"
        raise argparse.ArgumentTypeError(f"{what}; write user=...,item=...[,value=...][,time=...][,kind=...]")
    return Columns(**values)


def data_import(options: argparse.Namespace) -> Answer:
    """Import a file and account for every row of it."""
    from reco_lab.services.data import import_file

    report = import_file(
        Workspace.open(),
        options.file,
        options.name,
        columns=options.columns,
        header=options.header,
        format=None if options.format == "table" else options.format,
        customers=options.customers,
        items=options.items,
    )
    values = {
        "name": report.dataset.name,
        "version": report.version,
        "fingerprint": report.fingerprint,
        "rows_in_file": report.rows_in_file,
        "loaded": report.loaded,
        "refused": report.reasons,
        "mended": dict(report.mended),
        "columns": dict(report.notes),
        "dialect": report.dialect,
        "summary": dict(report.summary),
        "warnings": list(report.warnings),
    }
    lines = [
        f"{report.dataset.name} version {report.version}: {report.loaded} of {report.rows_in_file} rows loaded."
    ]
    lines += [f"  refused {count}: {reason}" for reason, count in report.reasons.items()]
    lines += [f"  {role}: {note}" for role, note in report.notes.items()]
    return Answer(values, "\n".join([*lines, *(f"! {warning}" for warning in report.warnings)]))


def data_list(_options: argparse.Namespace) -> Answer:
    """List the data sets of the workspace."""
    from reco_lab.services.data import list_datasets

    found = list_datasets(Workspace.open())
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

    made = make_dataset(Workspace.open(), options.name, customers=options.customers, seed=options.seed)
    return Answer(
        {"name": made.name, "fingerprint": made.fingerprint, **made.summary},
        f"{made.title} is ready: {made.summary['rows']} interactions.",
    )


def run(options: argparse.Namespace) -> Answer:
    """Run an experiment file."""
    from reco_lab.experiments.file import load
    from reco_lab.services.experiments import run as conduct

    answer = conduct(Workspace.open(), load(options.file), _progress(), options.file.parent)
    names = list(answer.leaderboard[0].metrics) if answer.leaderboard else []
    rows = [
        (
            row.name,
            *(
                f"{row.metrics[key].value:.4f}"
                if key in row.metrics and row.metrics[key].value is not None
                else "-"
                for key in names
            ),
            row.error or "",
        )
        for row in answer.leaderboard
    ]
    text = "\n".join(
        [
            answer.sentence,
            "",
            table(("recommender", *names, ""), rows),
            *(f"! {warning}" for warning in answer.warnings),
            *answer.notes,
        ]
    )
    return Answer(answer.model_dump(mode="json"), text)


def recommend(options: argparse.Namespace) -> Answer:
    """One customer's list from a finished experiment."""
    from reco_lab.services.customers import microscope
    from reco_lab.services.experiments import comparison, listing

    if not 1 <= options.k <= 1000:
        raise InputError(f"-k {options.k} is not allowed; it must be from 1 to 1000.")
    workspace = Workspace.open()
    done = [record.id for record in listing(workspace) if record.comparison is not None]
    chosen = options.experiment or next(iter(done), None)
    if chosen is None:
        raise NotFoundError(
            "No experiment has finished yet.", fix="Run one: reco-lab run FILE, or open the app once."
        )
    name = options.recommender or comparison(workspace, chosen).champion
    lens = microscope(workspace, chosen)
    names = [model.name for model in lens.models]
    if name not in names:
        raise NotFoundError(
            f"There is no trained recommender called {name!r}.", fix=f"There are: {', '.join(names)}."
        )
    look = lens.look(options.customer, k=options.k, models=(name,))
    cards = look.panels[0].cards
    values = {
        "customer": look.customer_id,
        "experiment": chosen,
        "recommender": name,
        "items": [asdict(card) for card in cards],
    }
    rows = [
        (place, card.item_id, card.title, "; ".join(reason.text for reason in card.because))
        for place, card in enumerate(cards, 1)
    ]
    return Answer(
        values, f"{name} for {look.customer_id}:\n" + table(("", "item", "title", "because of"), rows)
    )


def calibrate(options: argparse.Namespace) -> Answer:
    """The calibration certificate; fails where a figure is out of its tolerance or nothing could be checked."""
    from reco_lab.experiments.calibration import certify

    folder = options.data or (
        Path(os.environ["RECO_LAB_TEST_DATA"]) if os.environ.get("RECO_LAB_TEST_DATA") else None
    )
    found = list(certify(folder, report=_progress()))
    checked = [row for row in found if row.passed is not None]
    passed = bool(checked) and all(row.passed for row in checked)
    marks = {True: "pass", False: "FAIL", None: "not checked"}
    rows = [
        (
            row.table,
            row.recommender,
            row.quantity,
            f"{row.published:.4f}",
            "-" if row.ours is None else f"{row.ours:.4f}",
            f"±{row.tolerance:g}",
            marks[row.passed],
            row.reason,
        )
        for row in found
    ]
    header = ("table", "recommender", "quantity", "published", "ours", "tolerance", "", "")
    text = (
        table(header, rows)
        + f"\n{sum(bool(row.passed) for row in checked)} of {len(found)} figures reproduced."
    )
    return Answer(
        {"passed": passed, "figures": [asdict(row) | {"passed": row.passed} for row in found]}, text, passed
    )


def algorithms(_options: argparse.Namespace) -> Answer:
    """Every recommender with its parameters."""
    values = [
        {"algorithm": name, "label": kind.info.label, "family": kind.info.family, "summary": kind.info.summary, "paper": kind.info.paper,
         "needs": [need.name for need in kind.info.needs], "folds_in": kind.info.folds_in, "deterministic": kind.info.deterministic,
         "parameters": [asdict(parameter) for parameter in kind.parameters()]}
        for name, kind in known_algorithms().items()
    ]  # fmt: skip
    rows = [
        (name, kind.info.label, ", ".join(f"{p.name} ({p.bounds})" for p in kind.parameters()))
        for name, kind in known_algorithms().items()
    ]
    return Answer(values, table(("algorithm", "name", "parameters"), rows))


def metrics(_options: argparse.Namespace) -> Answer:
    """Every metric with its definition."""
    fields = ("label", "plain", "definition", "edge_cases", "family", "at_k", "higher_is_better")
    values = [
        {"metric": name} | {field: getattr(kind, field) for field in fields}
        for name, kind in known_metrics().items()
    ]
    return Answer(
        values,
        table(
            ("metric", "name", "definition"),
            [(name, kind.label, kind.definition) for name, kind in known_metrics().items()],
        ),
    )


def _progress() -> Callable[[float, str], None]:
    """Progress on a terminal's standard error; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda _fraction, _message: None

    def show(fraction: float, message: str) -> None:
        sys.stderr.write(f"\r\033[K{fraction:4.0%} {message}" + ("" if fraction < 1 else "\n"))
        sys.stderr.flush()

    return show
