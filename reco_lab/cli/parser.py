"""What can be typed: commands, their options and examples."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from reco_lab.cli import campaign_parser, database_parser, gate_parser
from reco_lab.cli.command import command, later, with_json
from reco_lab.cli.words import ROLES, columns, kinds

if TYPE_CHECKING:
    from reco_lab.cli.command import Actions

EXAMPLES = """examples:
  reco-lab app                                    open the app with the demo shop
  reco-lab data import orders.csv --name orders   bring in a file
  reco-lab run experiment.toml --json             compare recommenders, no browser
  reco-lab recommend --customer C00042            what one customer would get
  reco-lab calibrate --data FOLDER                check our numbers against published ones
  reco-lab serve --demo --port 8600               ads over HTTP, on this machine
"""


def build() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = command(None, "reco-lab", "Compare recommenders honestly, see why, put them to work.", EXAMPLES)
    parser.set_defaults(command=None, json=False)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND")
    _app(actions)
    _data(actions)
    _people(actions)
    _experiments(actions)
    _lists(actions)
    campaign_parser.add(actions)
    _publishing(actions)
    _serving(actions)
    _keys(actions)
    return parser


def _app(actions: "Actions") -> None:
    app = command(actions, "app", "Open the app in the browser.", "example:\n  reco-lab app --port 8600")
    app.add_argument("--port", type=int, default=8501, help="port to listen on (default 8501)")
    app.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    app.set_defaults(command=later("commands", "app"))
    worker = command(
        actions,
        "worker",
        "Do the queued work until stopped (the app starts one by itself).",
        "example:\n  reco-lab worker",
    )
    worker.set_defaults(command=later("commands", "worker"))


def _data(actions: "Actions") -> None:
    data = command(
        actions, "data", "Bring in data, list it, make a simulated shop.", "example:\n  reco-lab data list"
    )
    data.set_defaults(command=later("data", "data_list"))
    inner = data.add_subparsers(title="commands", metavar="COMMAND")
    _import(inner)
    database_parser.add(inner)
    _safekeeping(inner, actions)
    with_json(
        command(inner, "list", "List the data sets.", "example:\n  reco-lab data list --json")
    ).set_defaults(command=later("data", "data_list"))
    shop = command(
        inner,
        "make-shop",
        "Make a simulated shop whose customers' true preferences are known.",
        "example:\n  reco-lab data make-shop --customers 20000 --name big-shop",
    )
    shop.add_argument("--customers", type=int, default=2000, help="how many customers (default 2000)")
    shop.add_argument("--seed", type=int, default=0, help="the same seed makes the same shop (default 0)")
    shop.add_argument("--name", default="my-shop", help="name of the data set (default my-shop)")
    with_json(shop).set_defaults(command=later("data", "make_shop"))


def _import(inner: "Actions") -> None:
    bring = command(
        inner,
        "import",
        "Import a file of interactions.",
        "examples:\n  reco-lab data import u.data --name movies --no-header\n"
        "  reco-lab data import orders.csv --name orders --columns user=client,item=sku,time=when --items catalogue.csv",
    )
    bring.add_argument(
        "file",
        type=Path,
        help="text with any delimiter, Excel, OpenDocument, Parquet, JSON or lists, packed or not",
    )
    bring.add_argument(
        "--name",
        help="name of the data set: lower-case letters, digits, - and _ (default: from the file's name)",
    )
    bring.add_argument(
        "--columns",
        type=columns,
        default=None,
        help=f"{ROLES}: names or positions from 0; the last three describe the item, where its rows say it",
    )
    bring.add_argument(
        "--format", choices=("table", "lists"), default="table", help='lists: lines of "user item item ..."'
    )
    bring.add_argument(
        "--kinds",
        type=kinds,
        default=None,
        help="what the words of the kind column mean: paid=purchase,seen=view,cancelled= (nothing: left out)",
    )
    bring.add_argument(
        "--recipe", type=Path, help="a recipe (TOML): what the columns mean and how rows are mended"
    )
    _joining(bring)
    header = bring.add_mutually_exclusive_group()
    header.add_argument(
        "--header", dest="header", action="store_true", default=None, help="the first row names the columns"
    )
    header.add_argument("--no-header", dest="header", action="store_false", help="the first row is data")
    bring.add_argument(
        "--customers", type=Path, help="a table of customers (first column or `user`: their id)"
    )
    bring.add_argument("--items", type=Path, help="a table of items (first column or `item`: their id)")
    with_json(bring).set_defaults(command=later("data", "data_import"))


def _joining(bring: argparse.ArgumentParser) -> None:
    """How the rows of a file join those that are there."""
    bring.add_argument(
        "--append", action="store_true", help="put the rows behind those of the newest version"
    )
    bring.add_argument(
        "--ids", type=Path, help="a table that translates ids: those of this file, and those of the data set"
    )
    bring.add_argument(
        "--wins",
        choices=("later", "earlier"),
        default="later",
        help="with --append: whose attributes hold where both know some (default: this file's)",
    )


def _safekeeping(inner: "Actions", actions: "Actions") -> None:
    check = command(
        inner,
        "check",
        "Say what is wrong in a file and what would mend it.",
        "example:\n  reco-lab data check orders.csv --save orders.recipe.toml",
    )
    check.add_argument("file", type=Path, help="the file")
    check.add_argument("--columns", type=columns, default=None, help="as for data import")
    check.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the first row names the columns",
    )
    check.add_argument("--save", type=Path, help="write the recipe with the default mends to this file")
    with_json(check).set_defaults(command=later("data", "data_check"))
    fetch = command(
        inner,
        "fetch",
        "Fetch a public data set, or list those there are.",
        "examples:\n  reco-lab data fetch\n  reco-lab data fetch ml-100k --from DOWNLOADS",
    )
    fetch.add_argument("dataset", nargs="?", help="its name (default: list them)")
    fetch.add_argument("--from", dest="source", type=Path, help="a folder that has its files already")
    with_json(fetch).set_defaults(command=later("data", "data_fetch"))
    keep = command(
        actions, "backup", "Write everything into one file.", "example:\n  reco-lab backup /mnt/safe"
    )
    keep.add_argument(
        "target", nargs="?", type=Path, help="a file or a folder (default: the workspace's own)"
    )
    with_json(keep).set_defaults(command=later("data", "backup"))
    back = command(
        actions, "restore", "Bring back what a backup holds.", "example:\n  reco-lab restore backup.zip"
    )
    back.add_argument("file", type=Path, help="a backup")
    with_json(back).set_defaults(command=later("data", "restore"))
    stop = command(
        actions,
        "suppress",
        "Never write to these customers again.",
        "example:\n  reco-lab suppress C00042 C00043",
    )
    stop.add_argument("customer", nargs="+", help="ids of customers")
    stop.add_argument("--remove", action="store_true", help="take them off the list")
    with_json(stop).set_defaults(command=later("data", "suppress"))


def _people(actions: "Actions") -> None:
    gone = command(
        actions,
        "erase",
        "Erase a customer everywhere: log, data, models; what serves is trained anew without her.",
        "example:\n  reco-lab erase C00042",
    )
    gone.add_argument("customer", help="her id, or her pseudonym")
    with_json(gone).set_defaults(command=later("people", "erase"))
    copy = command(
        actions,
        "export-customer",
        "Write everything that is known of a customer into a file (JSON), for herself.",
        "example:\n  reco-lab export-customer C00042 --to C00042.json",
    )
    copy.add_argument("customer", help="her id, or her pseudonym")
    copy.add_argument("--to", type=Path, required=True, help="a new file, which only you can read")
    with_json(copy).set_defaults(command=later("people", "export_customer"))


def _experiments(actions: "Actions") -> None:
    run = command(
        actions,
        "run",
        "Run an experiment file and print the leaderboard.",
        "example:\n  reco-lab run experiment.toml --card card.json",
    )
    run.add_argument("file", type=Path, help="an experiment in TOML (the Experiment page writes one)")
    run.add_argument("--card", type=Path, help="write a run card there, which `rerun` repeats")
    with_json(run).set_defaults(command=later("commands", "run"))
    again = command(
        actions,
        "rerun",
        "Repeat a run card and compare every digit.",
        "example:\n  reco-lab rerun card.json",
    )
    again.add_argument(
        "file", type=Path, help="a run card (`run --card` or the Run card tab of Compare writes one)"
    )
    again.add_argument("--dataset", default="", help="use this data set in place of the card's own")
    with_json(again).set_defaults(command=later("commands", "rerun"))
    one = command(
        actions,
        "recommend",
        "Show what one customer would get, and why.",
        "example:\n  reco-lab recommend --customer C00042 -k 5",
    )
    one.add_argument("--customer", required=True, help="the customer's id")
    one.add_argument("--experiment", help="id of a finished experiment (default: the latest)")
    one.add_argument("--dataset", help="the latest experiment on this data set")
    one.add_argument("--recommender", help="name on the leaderboard (default: the champion)")
    one.add_argument("-k", type=int, default=10, help="length of the list, 1 to 1000 (default 10)")
    with_json(one).set_defaults(command=later("commands", "recommend"))
    certificate = command(
        actions,
        "calibrate",
        "Reproduce published numbers on this machine.",
        "example:\n  reco-lab calibrate --data FOLDER",
    )
    certificate.add_argument(
        "--data", type=Path, help="folder with golden-ml-100k/ and ml-100k/ (default: RECO_LAB_TEST_DATA)"
    )
    certificate.add_argument(
        "--full",
        action="store_true",
        help="also the table of MovieLens 1M (folder ml-1m/), which takes hours",
    )
    with_json(certificate).set_defaults(command=later("commands", "calibrate"))


def _lists(actions: "Actions") -> None:
    known = command(
        actions,
        "algorithms",
        "List the recommenders with their parameters.",
        "example:\n  reco-lab algorithms --json",
    )
    with_json(known).set_defaults(command=later("commands", "algorithms"))
    measures = command(
        actions, "metrics", "List the metrics with their definitions.", "example:\n  reco-lab metrics"
    )
    with_json(measures).set_defaults(command=later("commands", "metrics"))


def _publishing(actions: "Actions") -> None:
    publish = command(
        actions,
        "publish",
        "Train a model of a finished experiment on all its data and let it serve.",
        "examples:\n  reco-lab publish\n  reco-lab publish --recommender EASE --policy epsilon_greedy:epsilon=0.1",
    )
    publish.add_argument("--dataset", help="the latest experiment on this data set")
    publish.add_argument("--experiment", help="id of the experiment (default: the latest that has finished)")
    publish.add_argument("--recommender", help="name on its leaderboard (default: its champion)")
    publish.add_argument("--policy", help="how ads are chosen, with settings (default: as now)")
    with_json(publish).set_defaults(command=later("publishing", "publish"))
    back = command(
        actions, "rollback", "Let what served before serve again.", "example:\n  reco-lab rollback"
    )
    with_json(back).set_defaults(command=later("publishing", "rollback"))
    gate_parser.add(actions)


def _serving(actions: "Actions") -> None:
    serve = command(
        actions,
        "serve",
        "Serve ads and recommendations over HTTP.",
        "examples:\n  reco-lab serve --demo --port 8600\n  reco-lab keys make website --scope serve --scope track\n"
        "  reco-lab serve --host 0.0.0.0 --port 8600 --origin https://shop.example",
    )
    serve.add_argument("--demo", action="store_true", help="the demo shop, this machine only, without a key")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    serve.add_argument(
        "--port", type=int, default=8600, help="port to listen on (default 8600; 0: any free one)"
    )
    serve.add_argument("--workers", type=int, default=1, help="processes (default 1; more need PostgreSQL)")
    serve.add_argument(
        "--origin",
        action="append",
        default=[],
        help="a website whose pages may call from the browser; may be repeated",
    )
    serve.add_argument(
        "--access-log", action="store_true", help="write a line a request to standard error, without ids"
    )
    serve.add_argument("--attached", action="store_true", help=argparse.SUPPRESS)
    serve.set_defaults(command=later("serving", "serve"))
    _rehearsing(actions)


def _rehearsing(actions: "Actions") -> None:
    rehearse = command(
        actions,
        "rehearse",
        "Let simulated customers visit the demo shop through the service, on a fast clock of its own.",
        "example:\n  reco-lab rehearse --minutes 2 --seed 7",
    )
    rehearse.add_argument("--minutes", type=float, default=2.0, help="how long it takes (default 2)")
    rehearse.add_argument(
        "--rate",
        type=float,
        default=15120.0,
        help="how many times as fast the shop's clock runs (default 15120)",
    )
    rehearse.add_argument("--seed", type=int, default=0, help="the same seed, the same visits (default 0)")
    rehearse.add_argument("--port", type=int, default=0, help="port of its service (default: any free one)")
    with_json(rehearse).set_defaults(command=later("rehearsing", "rehearse"))


def _keys(actions: "Actions") -> None:
    ring = command(
        actions, "keys", "Make, list and end keys of the service.", "example:\n  reco-lab keys list"
    )
    ring.set_defaults(command=later("serving", "keys_list"))
    inner = ring.add_subparsers(title="commands", metavar="COMMAND")
    known = command(inner, "list", "List the keys, without what opens.", "example:\n  reco-lab keys list")
    with_json(known).set_defaults(command=later("serving", "keys_list"))
    make = command(
        inner,
        "make",
        "Make a key and show it, once.",
        "example:\n  reco-lab keys make website --scope serve --scope track --days 365",
    )
    make.add_argument("name", help="whom or what it is for")
    make.add_argument(
        "--scope", action="append", default=[], help="serve (ask), track (tell), admin (all); may be repeated"
    )
    make.add_argument("--days", type=int, help="how long it holds (default: until it is revoked)")
    with_json(make).set_defaults(command=later("serving", "keys_make"))
    rotate = command(
        inner, "rotate", "Make a key in place of another.", "example:\n  reco-lab keys rotate 0123456789ab"
    )
    rotate.add_argument("id", help="id of the old key")
    rotate.add_argument(
        "--overlap", type=int, default=7, help="days that the old one still holds (default 7)"
    )
    with_json(rotate).set_defaults(command=later("serving", "keys_rotate"))
    revoke = command(inner, "revoke", "End a key now.", "example:\n  reco-lab keys revoke 0123456789ab")
    revoke.add_argument("id", help="id of the key")
    with_json(revoke).set_defaults(command=later("serving", "keys_revoke"))
