"""What can be typed after `reco-lab gate`."""

from typing import TYPE_CHECKING

from reco_lab.cli.command import command, later, with_json

if TYPE_CHECKING:
    from reco_lab.cli.command import Actions


def add(actions: "Actions") -> None:
    """Add the commands of the gate."""
    gate = command(
        actions,
        "gate",
        "Train a challenger of what was served and done, and let it serve only if it holds.",
        "examples:\n  reco-lab gate run\n  reco-lab gate schedule 24\n  reco-lab gate status --json",
    )
    gate.set_defaults(command=later("gate", "status"))
    inner = gate.add_subparsers(title="commands", metavar="COMMAND")
    run = command(inner, "run", "Train and judge a challenger now.", "example:\n  reco-lab gate run")
    with_json(run).set_defaults(command=later("gate", "run"))
    status = command(
        inner,
        "status",
        "What serves, where it came from, and how challengers fared.",
        "example:\n  reco-lab gate status",
    )
    with_json(status).set_defaults(command=later("gate", "status"))
    schedule = command(
        inner, "schedule", "Train a challenger every so many hours.", "example:\n  reco-lab gate schedule 168"
    )
    schedule.add_argument("hours", help="a number of hours, or off")
    with_json(schedule).set_defaults(command=later("gate", "schedule"))
