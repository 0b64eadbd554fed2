"""One function a command: parsed options in, an answer out."""

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import announced, progress, require_place, table, write
from reco_lab.core.errors import InputError, NotFoundError, SpecError
from reco_lab.core.evaluation import metrics as known_metrics
from reco_lab.core.recommender import algorithms as known_algorithms

LAST_PORT = 65_535
PICKED = "picked on the validation part, before the test part was opened"
ROOT = Path(__file__).resolve().parents[2]


def app(options: argparse.Namespace) -> Answer:
    """Open the app; the demo shop and its comparison are made on the first start."""
    from reco_lab.services.demo import publish_demo
    from reco_lab.services.upkeep import tidy_if_due

    if not 0 <= options.port <= LAST_PORT:
        raise InputError(f"--port {options.port} is not allowed; it must be from 0 to {LAST_PORT}.")
    workspace = opened(options)
    tidy_if_due(workspace)
    if os.environ.get("RECO_LAB_DEMO") != "0":
        told = "Preparing the demo shop and its comparison (the first start takes a minute or so) ..."
        publish_demo(workspace, announced(told, progress(everywhere=True)))
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
    sys.stderr.write(f"Reco Lab is at http://{options.host}:{options.port} (Ctrl+C ends it).\n")
    sys.stderr.flush()
    os.execv(sys.executable, [*command, f"--server.headless={str(options.no_browser).lower()}"])  # noqa: S606 - the server replaces this process, no shell


def worker(options: argparse.Namespace) -> Answer:
    """Do queued work until stopped."""
    from reco_lab.jobs.handlers import HANDLERS
    from reco_lab.jobs.supervisor import Supervisor

    workspace = opened(options)
    if not Supervisor(workspace.home, HANDLERS, idle_seconds=float("inf")).run():
        raise InputError("A worker is at work for this workspace already.", where=str(workspace.home))
    return Answer(None, "")


def run(options: argparse.Namespace) -> Answer:
    """Run an experiment file."""
    from reco_lab.experiments.file import line_of, load
    from reco_lab.services.cards import card_of
    from reco_lab.services.experiments import run as conduct

    experiment = load(options.file)
    if options.card is not None and experiment.data.dataset is None:
        raise InputError(
            "A run card is about data of the workspace, and this experiment reads files.",
            where=str(options.file),
            fix="Import them first, and name the data set in the experiment.",
        )
    if options.card is not None:
        require_place(options.card)
    workspace = opened(options)
    try:
        answer = conduct(workspace, experiment, progress(), options.file.parent)
    except NotFoundError as error:
        if experiment.data.dataset is None:
            raise
        line = line_of(options.file.read_text("utf-8-sig"), ("data", "dataset"))
        raise SpecError(error.what, where=f"{options.file}, line {line}", fix=error.fix) from error
    if options.card is not None:
        write(options.card, card_of(workspace, answer).model_dump_json(indent=1))
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
            *([f"champion: {answer.champion}, {PICKED}"] if answer.champion else []),
            *(f"! {warning}" for warning in answer.warnings),
            *answer.notes,
        ]
    )
    return Answer(answer.model_dump(mode="json"), text)


def rerun(options: argparse.Namespace) -> Answer:
    """Repeat a run card; fails where a digit differs."""
    from reco_lab.services.cards import rerun as repeat

    found = repeat(opened(options), options.file, progress(), dataset=options.dataset)
    rows = [
        (
            one.recommender,
            one.quantity,
            *("-" if value is None else str(value) for value in (one.card, one.here)),
        )
        for one in found.differences
    ]
    text = found.sentence
    if rows:
        text += "\n\n" + table(("recommender", "quantity", "card", "here"), rows)
    return Answer(found.model_dump(mode="json") | {"same": found.same}, text, found.same)


def recommend(options: argparse.Namespace) -> Answer:
    """One customer's list from a finished experiment."""
    from reco_lab.services.customers import microscope
    from reco_lab.services.experiments import comparison, listing
    from reco_lab.services.recommending import recommend as lists_of

    if not 1 <= options.k <= 1000:
        raise InputError(f"-k {options.k} is not allowed; it must be from 1 to 1000.")
    workspace = opened(options)
    done = [record for record in listing(workspace, options.dataset) if record.comparison is not None]
    chosen = options.experiment or next((record.id for record in done), None)
    if chosen is None:
        raise NotFoundError(
            f"No experiment{f' on {options.dataset}' if options.dataset else ''} has finished yet.",
            fix="Run one: reco-lab run FILE, or open the app once.",
        )
    answer = comparison(workspace, chosen)
    name = options.recommender or answer.champion or answer.leaderboard[0].name
    lens = microscope(workspace, chosen)
    names = [model.name for model in lens.models]
    if name not in names:
        raise NotFoundError(
            f"There is no trained recommender called {name!r}.", fix=f"There are: {', '.join(names)}."
        )
    found = lists_of(workspace, lens, options.customer, k=options.k, models=(name,))
    cards = [card for panel in found.to_send for card in panel.cards]
    values = {
        "customer": found.customer_id,
        "experiment": chosen,
        "dataset": answer.dataset,
        "recommender": name,
        "may_be_sent": found.permitted,
        "items": [asdict(card) for card in cards],
    }
    if not found.permitted:
        return Answer(values, f"Nothing may be sent to {found.customer_id}. {found.sentence}")
    rows = [
        (
            place,
            card.item_id,
            card.title,
            "; ".join(reason.text for reason in card.because if reason.weight > 0),
        )
        for place, card in enumerate(cards, 1)
    ]
    text = f"{name} for {found.customer_id} ({answer.experiment}, {answer.dataset}):\n"
    text += table(("", "item", "title", "because of"), rows)
    return Answer(values, text)


def calibrate(options: argparse.Namespace) -> Answer:
    """The calibration certificate; fails where a figure is out of its tolerance or nothing could be checked."""
    from reco_lab.services.certificate import compute

    if options.data is not None and not options.data.is_dir():
        raise NotFoundError("There is no such folder.", where=str(options.data), fix="Check its name.")
    lines = compute(opened(options), options.data, progress(), full=options.full)
    found = [figure for line in lines for figure in line.figures]
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
         "needs": [need.name for need in kind.info.needs], "extras": [extra.name for extra in kind.info.extras],
         "folds_in": kind.info.folds_in, "deterministic": kind.info.deterministic,
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
