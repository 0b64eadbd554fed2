"""The whole workspace on a real PostgreSQL: experiments of life, crashes, backups, and a password nobody sees."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from reco_lab.cli.main import main
from reco_lab.core.errors import InputError
from reco_lab.jobs.start import ensure_worker
from reco_lab.services.backups import backup, restore
from reco_lab.services.data import import_file, load_dataset
from reco_lab.services.upkeep import diagnostics, drop, tidy
from reco_lab.store.database import Database, newest_revision
from reco_lab.store.events.copying import ELSEWHERE
from reco_lab.store.events.log import EventLog
from reco_lab.store.schema import metadata
from reco_lab.testing.events import visit
from reco_lab.testing.postgres import PASSWORD
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

HERE = Path(__file__).parent


@pytest.fixture
def address(postgresql, monkeypatch):
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", url := postgresql.schema())
    return url


@pytest.fixture
def workspace(address, tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


def shop(folder):
    rng, path = np.random.default_rng(0), folder / "shop.csv"
    lines = [f"c{c},00{i},2024-01-05" for c, i in rng.integers(0, 40, (300, 2))]
    path.write_text("\n".join(["customer,item,time", *lines]))
    return path


@pytest.fixture
def connected(workspace):
    """A function that counts the connections to the server, its own among them."""

    def count():
        with workspace.store.database.read() as connection:
            return connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            ).scalar()

    return count


@pytest.mark.parametrize("command", [("data", "list"), ("backup", "nowhere/at/all.zip")])
def test_a_command_that_has_ended_leaves_no_connection(command, workspace, connected, tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    before = connected()
    monkeypatch.chdir(tmp_path)
    main(command)
    until(lambda: connected() == before)


def test_a_database_that_cannot_be_opened_leaves_no_connection(address, workspace, connected):
    before = connected()
    with workspace.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(InputError, match="newer"):
        Database.open(workspace.home, address)
    until(lambda: connected() == before)


def test_data_comes_in_and_out_and_no_file_holds_the_state(workspace, tmp_path):
    report = import_file(workspace, shop(tmp_path), "shop")
    assert load_dataset(workspace, "shop").fingerprint == report.fingerprint
    assert not list(workspace.home.glob("state.db*"))
    seen = diagnostics(workspace, thorough=True)
    assert seen.problems == ()
    assert seen.database.startswith("PostgreSQL")


def test_the_migrations_make_the_schema_that_the_code_uses(workspace):
    with workspace.store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_before_a_migration_the_old_tables_are_copied_into_a_file(address, tmp_path):
    old = Database.unmigrated(tmp_path, address)
    old.upgrade("0001")
    with old.write() as connection:
        connection.exec_driver_sql("INSERT INTO settings VALUES ('mode', '[\"expert\", 1.50]')")
    old.close()
    new = Database.open(tmp_path, address)
    assert new.revision() == newest_revision()
    with closing(sqlite3.connect(tmp_path / "backups" / "state-0001.db")) as copy:
        assert copy.execute("SELECT name FROM settings").fetchall() == [("mode",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    new.close()


def test_a_crash_of_the_server_is_a_sentence_and_afterwards_everything_is_there(
    workspace, postgresql, tmp_path
):
    import_file(workspace, shop(tmp_path), "shop")
    postgresql.stop()
    with pytest.raises(InputError, match="does not answer"):
        workspace.store.datasets()
    with pytest.raises(InputError, match="does not answer"):
        Workspace.open(tmp_path / "home")
    postgresql.start()
    assert workspace.store.dataset("shop").version == 1


def test_a_worker_works_with_the_server(workspace, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
    ensure_worker(workspace, handlers="worker_handlers:HANDLERS", idle_seconds=1.0)
    job = workspace.queue.submit("steps", {"seed": 7, "steps": 3, "pause_at": -1, "paused_by": ""})
    for _ in range(1200):
        if not workspace.queue.get(job).live:
            break
        time.sleep(0.05)
    assert workspace.queue.get(job).state == "done"


def test_a_backup_goes_from_the_server_to_a_file_and_from_a_file_to_the_server(
    workspace, postgresql, tmp_path, monkeypatch
):
    report = import_file(workspace, shop(tmp_path), "shop")
    workspace.store.set_setting("odd", [float("inf"), "NUL \0"])
    made = backup(workspace, tmp_path / "copy.zip")
    monkeypatch.delenv("RECO_LAB_DATABASE_URL")
    restore(made.path, tmp_path / "on-sqlite")
    small = Workspace.open(tmp_path / "on-sqlite")
    assert load_dataset(small, "shop").fingerprint == report.fingerprint
    small.store.set_setting("mode", "expert")
    with closing(EventLog.open(small.home, small.clock, writer=True)) as log:
        log.visit([visit(small.clock, "v1")]).result(10)
    back = backup(small, tmp_path / "back.zip")
    small.close()
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
    assert restore(back.path, tmp_path / "on-postgres").left == ELSEWHERE
    assert not (tmp_path / "on-postgres" / "events.db").exists()
    again = Workspace.open(tmp_path / "on-postgres")
    assert load_dataset(again, "shop").fingerprint == report.fingerprint
    assert (again.store.get_setting("mode"), again.store.get_setting("odd")) == (
        "expert",
        [float("inf"), "NUL \0"],
    )
    assert drop(again, "shop", 1).version == 1
    assert import_file(again, shop(tmp_path), "shop").version == 2
    assert tidy(again).versions == ()
    again.close()


@pytest.mark.slow
def test_many_processes_may_open_a_new_schema_at_once(address, tmp_path):
    script = "from reco_lab.workspace import Workspace; import sys, pathlib;"
    script += "print(Workspace.open(pathlib.Path(sys.argv[1])).store.database.revision())"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / name)], stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two", "three")
    ]
    assert len({process.communicate()[0].strip() for process in started}) == 1


def test_the_password_is_in_no_log_no_sentence_and_no_traceback(workspace, address, tmp_path):
    workspace.log.reference(RuntimeError(f"cannot reach {address} with {PASSWORD}"))
    workspace.log.info("connecting", url=address, password=PASSWORD)
    wrong = address.replace("lab:", "nobody:")
    with pytest.raises(InputError) as refused:
        Database.open(tmp_path / "other", wrong)
    told = [str(refused.value), repr(workspace.store.database.engine), repr(workspace)]
    told += [path.read_text() for path in (workspace.home / "log").iterdir()]
    written = address.partition("://")[2].partition("@")[0].partition(":")[2]
    assert not [text for text in told if PASSWORD in text or written in text]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "not the address"),
        ("mysql://lab:hidden@host/base", "Only PostgreSQL"),
        ("sqlite:////etc/passwd", "Only PostgreSQL"),
        ("postgresql+psycopg2://lab:hidden@host/base", "Only PostgreSQL"),
        ("postgresql://lab:hidden@/base", "no host"),
        ("postgresql://lab:hidden@host/base?host=/var/run", "'host' is not taken"),
        ("postgresql://lab:hidden@host/base?passfile=/etc/passwd", "'passfile' is not taken"),
        ("postgresql://lab:hidden@host/base?options=-csession_preload_libraries=x", "only name a schema"),
        ("postgresql://lab:hidden@host:port/base", "not the address"),
    ],
)
def test_an_address_that_is_not_allowed_is_refused_without_being_repeated(url, why, tmp_path):
    with pytest.raises(InputError, match=why) as refused:
        Database.open(tmp_path, url)
    assert "hidden" not in str(refused.value)
