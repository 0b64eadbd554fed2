"""What can be typed about databases."""

from pathlib import Path
from typing import TYPE_CHECKING

from reco_lab.cli.command import command, later, with_json
from reco_lab.cli.words import columns

if TYPE_CHECKING:
    from reco_lab.cli.command import Actions


def add(inner: "Actions") -> None:
    """Add the commands that read databases to those of `data`."""
    enter = command(
        inner,
        "connect",
        "Connect to a database that an administrator allows, and keep the connection under a name.",
        "examples:\n  reco-lab data connect shop --kind postgresql --host db.example --database shop --user reader\n"
        "  reco-lab data connect till --kind sqlite --file till.sqlite\n"
        "The password of shop is read from RECO_LAB_DB_SHOP_PASSWORD.",
    )
    enter.add_argument("name", help="lower-case letters, digits and _")
    enter.add_argument("--kind", required=True, choices=("postgresql", "mysql", "sqlite", "duckdb"))
    for field, words in (
        ("host", "the server"),
        ("database", "the database"),
        ("user", "who reads"),
        ("file", "a file"),
    ):
        enter.add_argument(f"--{field}", default="", help=words)
    enter.add_argument("--port", type=int, default=0, help="port of the server (default: that of its kind)")
    enter.add_argument("--encryption", default="prefer", choices=("prefer", "require", "verify-full"))
    with_json(enter).set_defaults(command=later("databases", "connect"))
    seen = command(
        inner, "tables", "List the tables of a connection.", "example:\n  reco-lab data tables shop"
    )
    seen.add_argument("name", help="the connection")
    with_json(seen).set_defaults(command=later("databases", "tables"))
    read = command(
        inner,
        "query",
        "Import a table or a query of a database.",
        "examples:\n  reco-lab data query shop --table public.orders --grows-by id --name orders\n"
        '  reco-lab data query shop --query "SELECT customer, item FROM orders" --name orders',
    )
    read.add_argument("connection", nargs="?", help="the connection (default: that of the recipe)")
    read.add_argument("--name", required=True, help="name of the data set")
    read.add_argument("--table", help="a table, with its schema where it has one")
    read.add_argument("--query", help="one SELECT")
    read.add_argument("--grows-by", help="the column by which a refresh reads only what is new")
    read.add_argument("--columns", type=columns, default=None, help="as for data import")
    read.add_argument("--recipe", type=Path, help="as for data import; it may say where to read, too")
    with_json(read).set_defaults(command=later("databases", "data_query"))
    anew = command(
        inner, "refresh", "Read the database of a data set again.", "example:\n  reco-lab data refresh orders"
    )
    anew.add_argument("dataset", help="its name")
    anew.add_argument("--anew", action="store_true", help="read everything, not only what is new")
    with_json(anew).set_defaults(command=later("databases", "data_refresh"))
