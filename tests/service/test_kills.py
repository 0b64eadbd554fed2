"""Kill -9 at random moments: what was acknowledged is there, what is there is whole, nothing else is left."""

import sqlite3
import sys

import pytest

from reco_lab.store.database import newest_revision
from reco_lab.testing.kills import DEEDS, kill_often

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "kills"),
    [("import", 8), ("publish", 8), ("migrate", 8), ("backup", 8), ("restore", 8), ("erase", 4)],
)
def test_a_few_kills_lose_tear_and_leave_nothing(deed, kills):
    tally = kill_often(deed, kills, seed=1)
    assert tally.clean, tally.why


@pytest.mark.slow
def test_who_writes_in_place_is_found_out():
    assert kill_often("publish carelessly", 12).torn


def test_a_workspace_of_the_first_schema_is_migrated_and_its_copy_kept(tmp_path):
    DEEDS["migrate"].prepare(tmp_path)
    assert DEEDS["migrate"].do(tmp_path, 0) == newest_revision()
    assert DEEDS["migrate"].wrong(tmp_path, ["done"]) == ([], [])
    (tmp_path / "backups" / "state-0001.db").unlink()
    with pytest.raises(sqlite3.OperationalError):
        DEEDS["migrate"].wrong(tmp_path, ["done"])
