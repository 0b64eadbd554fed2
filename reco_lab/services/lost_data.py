"""Data that a customer was taken out of: experiments and run cards that speak of it as it was say so."""

from collections.abc import Mapping
from typing import Any

from reco_lab.store import forgetting
from reco_lab.workspace import Workspace

SENTENCE = "This experiment's data lost a customer, who was erased: run it again."


def lost(workspace: Workspace, fingerprint: str) -> Mapping[str, Any] | None:
    """The name and size that data had before a customer was erased from it, by its fingerprint; None for any other."""
    return forgetting.lost(workspace.store.database, fingerprint)
