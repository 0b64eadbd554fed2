"""How a command of the command line is declared."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse gives its type no public name


def command(actions: "Actions | None", name: str, text: str, examples: str) -> argparse.ArgumentParser:
    """Declare a command with its examples; the whole command line where there are no `actions` yet."""
    form = argparse.RawDescriptionHelpFormatter
    if actions is None:
        return argparse.ArgumentParser(prog=name, description=text, epilog=examples, formatter_class=form)
    return actions.add_parser(name, help=text, description=text, epilog=examples, formatter_class=form)


def with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let a command print one JSON object instead of text."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def later(module: str, name: str) -> Callable[[argparse.Namespace], Any]:
    """A command that is imported when it is run, so that help and mistakes do not wait for heavy libraries."""

    def run(options: argparse.Namespace) -> Any:
        return getattr(import_module(f"reco_lab.cli.{module}"), name)(options)

    return run
