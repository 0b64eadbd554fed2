"""Run one command and turn what it says into output and an exit code."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing

from reco_lab.cli.parser import build
from reco_lab.core.errors import InputError

OK, OUR_FAULT, MISTAKE, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 is success, 2 a mistake in the input with its sentence on standard error, 1 our own fault (or a
    certificate that does not pass).
    """
    parser = build()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return OK
    try:
        with ExitStack() as options.ending:
            answer = options.command(options)
    except InputError as error:
        sys.stderr.write(f"reco-lab: {error}\n")
        return MISTAKE
    except KeyboardInterrupt:
        sys.stderr.write("reco-lab: stopped.\n")
        return STOPPED
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence and a reference, never a traceback
        sys.stderr.write(f"reco-lab: something went wrong inside Reco Lab. {_reference(error)}\n")
        return OUR_FAULT
    text = json.dumps(answer.data, ensure_ascii=False) if options.json else answer.text
    if text:
        _say(text.rstrip("\n") + "\n")
    return OK if answer.passed else OUR_FAULT


def _say(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has enough, as `head` has; what is left must not be tried again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reference(error: Exception) -> str:
    from reco_lab.workspace import Workspace

    try:
        with closing(Workspace.open()) as workspace:
            return f"The details are in the log under {workspace.log.reference(error)}."
    except (InputError, OSError):
        return f"It said: {error}"
