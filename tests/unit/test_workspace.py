"""The workspace: where it is, how it is opened, what it logs, and that its schema cannot drift."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import InputError
from reco_lab.store.database import Database, newest_revision
from reco_lab.store.schema import metadata
from reco_lab.workspace import Workspace, default_home

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(NOON))
    yield opened
    opened.close()


def test_the_home_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "here"))
    opened = Workspace.open()
    assert opened.home == (tmp_path / "here").resolve()
    opened.close()


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "/data/reco-lab"),
        ("linux", None, "~/.local/share/reco-lab"),
        ("darwin", None, "~/Library/Application Support/reco-lab"),
        ("win32", "LOCALAPPDATA", "/data/reco-lab"),
    ],
)
def test_the_home_is_else_the_platforms_folder(monkeypatch, platform, variable, expected):
    for name in ("RECO_LAB_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "/data")
    monkeypatch.setattr(sys, "platform", platform)
    assert default_home().as_posix() == expected


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="RECO_LAB_HOME"):
        Workspace.open(tmp_path / "file" / "home")


def test_what_one_process_remembers_the_next_one_knows(workspace):
    workspace.store.set_setting("mode", "expert")
    again = Workspace.open(workspace.home)
    assert again.store.get_setting("mode") == "expert"
    again.close()


def test_opening_sweeps_what_the_dead_left_behind(workspace):
    dead = "from reco_lab.store.staging import Staging; import sys, pathlib, os;"
    dead += "(Staging(pathlib.Path(sys.argv[1])).folder() / 'half').write_text('x'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", dead, str(workspace.staging.root)], check=False)
    assert list(workspace.staging.root.glob("*/*/half"))
    Workspace.open(workspace.home).close()
    assert not list(workspace.staging.root.glob("*/*/half"))


def test_many_processes_may_open_a_new_workspace_at_once(tmp_path):
    script = "from reco_lab.store.database import Database; import sys, pathlib;"
    script += "print(Database.open(pathlib.Path(sys.argv[1])).revision())"
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == [newest_revision()] * 3


def test_the_migrations_make_the_schema_that_the_code_uses(workspace):
    with workspace.store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_the_index_that_keeps_jobs_apart(workspace):
    with workspace.store.database.read() as connection:
        query = sa.text("SELECT sql FROM sqlite_master WHERE name = 'jobs_one_live_per_key'")
        made = connection.execute(query).scalar_one()
    assert made.endswith("WHERE state IN ('queued', 'running')")


def test_a_newer_workspace_is_not_touched(workspace):
    with workspace.store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="newer Reco Lab"):
        Workspace.open(workspace.home)


def test_the_database_is_durable_and_nobody_checkpoints_by_accident(workspace):
    with workspace.store.database.read() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0}


def test_a_failed_write_leaves_nothing(workspace):
    insert = sa.text("INSERT INTO settings (name, value) VALUES ('half', '1')")

    def fail_half_way():
        with workspace.store.database.write() as connection:
            connection.execute(insert)
            connection.execute(insert)

    with pytest.raises(sa.exc.IntegrityError):
        fail_half_way()
    assert workspace.store.get_setting("half") is None


def test_the_owner_moves_the_log_into_the_database(workspace):
    workspace.store.set_setting("mode", "expert")
    state = workspace.home / "state.db"
    before = state.read_bytes()
    workspace.store.database.checkpoint()
    assert state.read_bytes() != before


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path):
    Database.open(tmp_path).close()
    script = "from reco_lab.core.clock import SystemClock; from reco_lab.store.database import Database;"
    script += "from reco_lab.store.queue import Queue; import sys, pathlib;"
    script += "queue = Queue(Database.open(pathlib.Path(sys.argv[1])), SystemClock());"
    script += "[queue.submit('train', {}, key=f'{sys.argv[2]}-{n}') for n in range(20)]"
    started = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in "ab"]
    assert [process.wait() for process in started] == [0, 0]
    opened = Workspace.open(tmp_path)
    assert len({job.key for job in opened.queue.recent(100)}) == 40
    opened.close()


def test_an_error_is_logged_in_full_and_shown_as_a_reference(workspace):
    reference = workspace.log.bind(job="j1").reference(ValueError("the reason"))
    line = json.loads((workspace.home / "log" / "2026-05-01.jsonl").read_text())
    assert (len(reference), line["reference"], line["job"]) == (6, reference, "j1")
    assert line["traceback"].endswith("ValueError: the reason\n")
    assert line["at"] == NOON.isoformat()


def test_each_event_is_one_line_of_json(workspace):
    workspace.log.info("imported", rows=3, name="a\nb")
    workspace.log.warning("slow")
    lines = Path(workspace.home / "log" / "2026-05-01.jsonl").read_text().splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["info", "warning"]


def test_the_log_does_not_bring_back_a_workspace_that_was_removed(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    workspace.log.info("here")
    assert list((workspace.home / "log").glob("*.jsonl"))
    workspace.close()
    workspace.home.rename(tmp_path / "away")
    workspace.log.info("gone")
    assert not workspace.home.exists()
