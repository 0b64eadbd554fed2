"""The workspace that a command works in."""

import argparse
from contextlib import closing

from reco_lab.workspace import Workspace


def opened(options: argparse.Namespace) -> Workspace:
    """The workspace, which is closed when the command has ended."""
    workspace: Workspace = options.ending.enter_context(closing(Workspace.open()))
    return workspace
