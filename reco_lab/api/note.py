"""Where the service can be reached, noted in the workspace for whoever looks for it (the Ads page)."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reco_lab.services.ad_calls import NOTE
from reco_lab.store.durable import replaced
from reco_lab.workspace import Workspace


@contextmanager
def noted(workspace: Workspace, url: str) -> Iterator[None]:
    """Keep `serving.json` (`{"url", "pid", "since"}`) for as long as the block runs, unless another took its place."""
    path, pid = workspace.home / NOTE, os.getpid()
    with replaced(path) as draft:
        since = workspace.clock.now().isoformat()
        draft.write_text(json.dumps({"url": url, "pid": pid, "since": since}), "utf-8")
    try:
        yield
    finally:
        if _writer(path) == pid:
            path.unlink(missing_ok=True)


def _writer(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return None
