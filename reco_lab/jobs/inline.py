"""Do a job's work here and now, for the command line: no queue, no second process."""

from collections.abc import Mapping
from typing import Any

from reco_lab.jobs.handlers import HANDLERS, Report, handler_for


def run_inline(
    workspace: Any,
    kind: str,
    payload: Mapping[str, Any],
    report: Report = lambda _fraction, _message: None,
    *,
    handlers: str = HANDLERS,
) -> Mapping[str, Any]:
    """Call the handler of this kind and return its result; its errors pass through."""
    return handler_for(handlers, kind)(workspace, payload, report)
