"""Shops that serve, made once and copied for each test."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.services.ad_server import AdServer
from reco_lab.testing import erasing, serving
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """A home that serves the small shop."""
    home = tmp_path_factory.mktemp("serving") / "home"
    workspace = Workspace.open(home)
    serving.open_shop(workspace)
    workspace.close()
    return home


@pytest.fixture(scope="session")
def knowing_her(tmp_path_factory):
    """A home that serves, tried and kept much that knows the customers who are erased."""
    home = tmp_path_factory.mktemp("erasure") / "home"
    workspace = Workspace.open(home, clock=ManualClock(NOON))
    erasing.open_shop(workspace)
    workspace.close()
    return home


@pytest.fixture
def workspace(opened, tmp_path):
    """A copy of what `opened` made, at noon of a day that stands still."""
    home = tmp_path / "home"
    shutil.copytree(opened, home)
    found = Workspace.open(home, clock=ManualClock(NOON))
    yield found
    found.close()


@pytest.fixture
def server(workspace):
    """A server of ads over that copy."""
    found = AdServer.open(workspace, rng=np.random.default_rng(0))
    yield found
    found.close()
