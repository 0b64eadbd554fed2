import gc
import os
from pathlib import Path

import pytest

from reco_lab.testing.postgres import postgres, why_not

LONGEST = ("browser", "service", "pages")  # folders; all others after them


def pytest_collection_modifyitems(items):
    """What takes longest begins first: a long file that begins last runs on alone."""
    place = {folder: at for at, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(place)))


def pytest_collection_finish():
    """What was collected stays to the end: no search for garbage, as Streamlit makes at every drawing, walks it."""
    gc.freeze()


@pytest.fixture(scope="session")
def real_data():
    """Finds a file or folder of the real data sets by its path inside RECO_LAB_TEST_DATA."""

    def find(name):
        folder = os.environ.get("RECO_LAB_TEST_DATA")
        path = Path(folder, name) if folder else None
        if path is not None and path.exists():
            return path
        lack = f"{path} does not exist" if path else "RECO_LAB_TEST_DATA does not say where the data sets are"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{lack}, and CI must have them")
        pytest.skip(lack)

    return find


@pytest.fixture(scope="module")
def postgresql():
    """A PostgreSQL server of a test module's own; a machine without one skips, CI fails."""
    if lack := why_not():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{lack}, and CI must have one")
        pytest.skip(lack)
    with postgres() as started:
        yield started
