"""What can be typed after `reco-lab campaign`."""

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reco_lab.cli.command import command, later, with_json
from reco_lab.cli.words import pair
from reco_lab.core.words import cut

if TYPE_CHECKING:
    from reco_lab.cli.command import Actions


def add(actions: "Actions") -> None:
    """Add the commands about campaigns."""
    group = command(
        actions,
        "campaign",
        "What campaigns did.",
        "example:\n  reco-lab campaign observe campaigns.csv --data shop --customer household_id --start 2017-08-08 --days 47",
    )
    inner = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    seen = command(
        inner,
        "observe",
        "Compare those who got a campaign that held nobody back with customers who were alike before: no proof, and said so.",
        "example:\n  reco-lab campaign observe campaigns.csv --data shop --customer household_id "
        "--only campaign_id=13 --start 2017-08-08 --days 47",
    )
    seen.add_argument("file", type=Path, help="a file that names who got it, a row each")
    seen.add_argument("--data", required=True, help="the data set with their purchases")
    seen.add_argument("--customer", required=True, help="the column with the ids of the data set")
    seen.add_argument("--only", type=pair, help="COLUMN=VALUE: only the rows in which it says that")
    seen.add_argument("--start", required=True, type=_day, help="when it was sent, such as 2017-08-08 (UTC)")
    seen.add_argument("--days", required=True, type=int, help="how many days after it are counted")
    with_json(seen).set_defaults(command=later("campaigns", "observe"))


def _day(text: str) -> datetime:
    """A day or a moment."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{cut(repr(text))} is no day; write it as 2017-08-08") from None
