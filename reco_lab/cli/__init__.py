"""The command line: `reco-lab`. The same use cases as the pages, for scripts and terminals."""

from reco_lab.cli.main import main

__all__ = ["main"]
