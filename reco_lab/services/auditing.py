"""The workspace's audit trail."""

import hashlib
import hmac

from reco_lab.services.privacy import pseudonym_key
from reco_lab.store.audit import Audit
from reco_lab.workspace import Workspace


def audit(workspace: Workspace) -> Audit:
    """Who exported, erased and changed what, in a chain that shows whether anybody changed it since."""
    key = hmac.digest(pseudonym_key(workspace), b"audit trail", hashlib.sha256)
    return Audit(workspace.store.database, workspace.clock, key, workspace.home / "privacy" / "audit.seal")
