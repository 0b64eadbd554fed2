"""What can be typed: commands, their options and examples."""

import argparse
from pathlib import Path

from reco_lab.cli import commands

EXAMPLES = """examples:
  reco-lab app                                    open the app with the demo shop
  reco-lab data import orders.csv --name orders   bring in a file
  reco-lab run experiment.toml --json             compare recommenders, no browser
  reco-lab recommend --customer C00042            what one customer would get
  reco-lab calibrate --data FOLDER                check our numbers against published ones
"""


def build() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _command(None, "reco-lab", "Compare recommenders honestly, see why, put them to work.", EXAMPLES)
    parser.set_defaults(command=None, json=False)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND")
    _app(actions)
    _data(actions)
    _experiments(actions)
    _lists(actions)
    return parser


def _app(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    app = _command(actions, "app", "Open the app in the browser.", "example:\n  reco-lab app --port 8600")
    app.add_argument("--port", type=int, default=8501, help="port to listen on (default 8501)")
    app.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    app.set_defaults(command=commands.app)
    worker = _command(
        actions,
        "worker",
        "Do the queued work until stopped (the app starts one by itself).",
        "example:\n  reco-lab worker",
    )
    worker.set_defaults(command=commands.worker)


def _data(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    data = _command(
        actions, "data", "Bring in data, list it, make a simulated shop.", "example:\n  reco-lab data list"
    )
    data.set_defaults(command=commands.data_list)
    inner = data.add_subparsers(title="commands", metavar="COMMAND")
    bring = _command(
        inner,
        "import",
        "Import a file of interactions.",
        "examples:\n  reco-lab data import u.data --name movies --no-header\n"
        "  reco-lab data import orders.csv --name orders --columns user=client,item=sku,time=when --items catalogue.csv",
    )
    bring.add_argument("file", type=Path, help="text with any delimiter, Parquet, or lists; .gz and .zip too")
    bring.add_argument(
        "--name", required=True, help="name of the data set: lower-case letters, digits, - and _"
    )
    bring.add_argument(
        "--columns",
        type=commands.columns,
        default=None,
        help="user=...,item=...[,value=...][,time=...][,kind=...]: names or positions from 0",
    )
    bring.add_argument(
        "--format", choices=("table", "lists"), default="table", help='lists: lines of "user item item ..."'
    )
    header = bring.add_mutually_exclusive_group()
    header.add_argument(
        "--header", dest="header", action="store_true", default=None, help="the first row names the columns"
    )
    header.add_argument("--no-header", dest="header", action="store_false", help="the first row is data")
    bring.add_argument(
        "--customers", type=Path, help="a table of customers (first column or `user`: their id)"
    )
    bring.add_argument("--items", type=Path, help="a table of items (first column or `item`: their id)")
    _json(bring).set_defaults(command=commands.data_import)
    _json(
        _command(inner, "list", "List the data sets.", "example:\n  reco-lab data list --json")
    ).set_defaults(command=commands.data_list)
    shop = _command(
        inner,
        "make-shop",
        "Make a simulated shop whose customers' true preferences are known.",
        "example:\n  reco-lab data make-shop --customers 20000 --name big-shop",
    )
    shop.add_argument("--customers", type=int, default=2000, help="how many customers (default 2000)")
    shop.add_argument("--seed", type=int, default=0, help="the same seed makes the same shop (default 0)")
    shop.add_argument("--name", default="my-shop", help="name of the data set (default my-shop)")
    _json(shop).set_defaults(command=commands.make_shop)


def _experiments(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = _command(
        actions,
        "run",
        "Run an experiment file and print the leaderboard.",
        "example:\n  reco-lab run experiment.toml --json",
    )
    run.add_argument("file", type=Path, help="an experiment in TOML (the Experiment page writes one)")
    _json(run).set_defaults(command=commands.run)
    one = _command(
        actions,
        "recommend",
        "Show what one customer would get, and why.",
        "example:\n  reco-lab recommend --customer C00042 -k 5",
    )
    one.add_argument("--customer", required=True, help="the customer's id")
    one.add_argument("--experiment", help="id of a finished experiment (default: the latest)")
    one.add_argument("--recommender", help="name on the leaderboard (default: the champion)")
    one.add_argument("-k", type=int, default=10, help="length of the list, 1 to 1000 (default 10)")
    _json(one).set_defaults(command=commands.recommend)
    certificate = _command(
        actions,
        "calibrate",
        "Reproduce published numbers on this machine.",
        "example:\n  reco-lab calibrate --data FOLDER",
    )
    certificate.add_argument(
        "--data", type=Path, help="folder with golden-ml-100k/ and ml-100k/ (default: RECO_LAB_TEST_DATA)"
    )
    _json(certificate).set_defaults(command=commands.calibrate)


def _lists(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    known = _command(
        actions,
        "algorithms",
        "List the recommenders with their parameters.",
        "example:\n  reco-lab algorithms --json",
    )
    _json(known).set_defaults(command=commands.algorithms)
    measures = _command(
        actions, "metrics", "List the metrics with their definitions.", "example:\n  reco-lab metrics"
    )
    _json(measures).set_defaults(command=commands.metrics)


def _command(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser] | None", name: str, text: str, examples: str
) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    if actions is None:
        return argparse.ArgumentParser(prog=name, description=text, epilog=examples, formatter_class=form)
    return actions.add_parser(name, help=text, description=text, epilog=examples, formatter_class=form)


def _json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
