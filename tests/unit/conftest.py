from datetime import UTC, datetime

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.workspace import Workspace

NOW = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(NOW))
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path):
    """Writes a file of this content (text or bytes)."""

    def write(content, name="shop.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
