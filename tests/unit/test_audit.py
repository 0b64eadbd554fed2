"""The audit trail: whatever is edited, taken out, put in or cut off is found out."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.services import upkeep
from reco_lab.services.auditing import audit
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(NOON))
    trail = audit(opened)
    for number in range(5):
        trail.add("ann", f"exported {number}", f"p_{number:032d}")
        opened.clock.at += timedelta(seconds=1)
    yield opened
    opened.close()


def tamper(workspace, command):
    with closing(sqlite3.connect(workspace.home / "state.db")) as raw:
        assert raw.execute(command).rowcount > 0
        raw.commit()


def test_entries_are_kept_newest_first(workspace):
    newest = audit(workspace).entries(2)
    assert [(one.number, one.who, one.what) for one in newest] == [
        (5, "ann", "exported 4"),
        (4, "ann", "exported 3"),
    ]
    assert newest[0].at == NOON + timedelta(seconds=4)
    assert audit(workspace).problems() == []


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize(
    "change",
    [
        "who = 'bob'",
        "what = 'nothing'",
        "subject = ''",
        "at = '2020-01-01 00:00:00'",
        "chain = ''",
        "number = 77",
    ],
)
def test_every_edit_of_every_entry_is_found(workspace, number, change):
    tamper(workspace, f"UPDATE audit SET {change} WHERE number = {number}")
    assert audit(workspace).problems()


@pytest.mark.parametrize("number", range(1, 6))
def test_every_entry_that_is_taken_out_is_missed_the_last_ones_too(workspace, number):
    tamper(workspace, f"DELETE FROM audit WHERE number = {number}")
    assert audit(workspace).problems()


def test_a_trail_that_is_emptied_or_longer_than_it_was_is_found(workspace):
    columns = "at, who, what, subject, chain"
    tamper(
        workspace, f"INSERT INTO audit (number, {columns}) SELECT 6, {columns} FROM audit WHERE number = 5"
    )
    assert audit(workspace).problems() == ["Entry 6 of the audit trail was changed."]
    tamper(workspace, "DELETE FROM audit")
    assert audit(workspace).problems() == ["The audit trail was cut off: 5 entries were sealed, 0 are there."]
    (workspace.home / "privacy" / "audit.seal").unlink()
    audit(workspace).add("ann", "exported", "")
    (workspace.home / "privacy" / "audit.seal").unlink()
    assert audit(workspace).problems() == ["The seal of the audit trail is missing."]


def test_a_restore_leaves_the_trail_of_the_workspace_as_it_is_and_takes_that_of_another(workspace, tmp_path):
    made = upkeep.backup(workspace, tmp_path / "copy.zip")
    audit(workspace).add("ann", "erased", "p_0")
    upkeep.restore(made.path, workspace.home, clock=workspace.clock)
    assert audit(workspace).entries(1)[0].what == "erased"
    assert audit(workspace).problems() == []
    other = Workspace.open(tmp_path / "other", clock=workspace.clock)
    audit(other).add("bob", "exported", "")
    upkeep.restore(made.path, other.home, clock=workspace.clock)
    assert audit(other).entries(1)[0].what == "exported 4"
    assert audit(other).problems() == []
    other.close()
