"""The log of decisions in a backup: whole though ads are served meanwhile, and back only where nobody writes it."""

import sqlite3
import zipfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from reco_lab.services import privacy
from reco_lab.services.auditing import audit
from reco_lab.services.decisions import open_log
from reco_lab.services.erasure import ERASED, erase_restored
from reco_lab.services.upkeep import backup, backups, diagnostics, restore
from reco_lab.store.events.copying import DAMAGED, WRITTEN, put_log_back
from reco_lab.store.events.log import EventLog
from reco_lab.testing.events import decision, visit
from reco_lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


def writing(workspace):
    return closing(EventLog.open(workspace.home, workspace.clock, writer=True))


def write(workspace, log, number):
    for place in range(50):
        log.log(decision(workspace.clock, 50 * number + place))
    log.visit([visit(workspace.clock, f"v{number}")]).result(10)


def counted(workspace):
    with closing(open_log(workspace)) as log:
        return log.counts().decisions, len(log.visits())


@contextmanager
def served(workspace):
    """Somebody writes all the time."""
    over, numbers = Event(), iter(range(10_000))

    with writing(workspace) as log:

        def work():
            while not over.is_set():
                write(workspace, log, next(numbers))

        busy = Thread(target=work)
        busy.start()
        try:
            yield log
        finally:
            over.set()
            busy.join()


def test_a_backup_made_while_ads_are_served_holds_a_whole_log_of_a_moment(workspace, tmp_path):
    with served(workspace):
        made = [backup(workspace) for _ in range(8)]
    for number, one in enumerate(made):
        assert not any(name.endswith(("-wal", "-shm")) for name in one.files)
        with zipfile.ZipFile(one.path) as archive:
            archive.extract("files/events.db", tmp_path / str(number))
        with closing(sqlite3.connect(tmp_path / str(number) / "files" / "events.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_log_comes_back_elsewhere_with_what_was_in_the_journal_alone(workspace, tmp_path):
    with writing(workspace) as log:
        write(workspace, log, 0)
        log._write._fail()  # the database of the log is gone
        log._write._again_at += 60
        write(workspace, log, 1)
        made = backup(workspace, tmp_path / "copy.zip")
    assert restore(made.path, tmp_path / "other").left == ""
    with closing(Workspace.open(tmp_path / "other")) as other:
        with writing(other):
            pass
        assert counted(other) == (100, 2)


def test_a_log_that_is_written_goes_on_through_a_restore(workspace):
    with writing(workspace) as log:
        write(workspace, log, 0)
        made = backup(workspace)
        write(workspace, log, 1)
        assert restore(made.path, workspace.home, clock=workspace.clock).left == WRITTEN
        write(workspace, log, 2)
    assert counted(workspace) == (150, 3)
    assert restore(made.path, workspace.home, clock=workspace.clock).left == ""
    assert counted(workspace) == (50, 1)


def test_a_log_that_is_damaged_in_a_backup_does_not_take_the_place_of_a_whole_one(workspace, tmp_path):
    with writing(workspace) as log:
        write(workspace, log, 0)
        made = backup(workspace)
        write(workspace, log, 1)
    files = tmp_path / "files"
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path)
    content = bytearray((files / "events.db").read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    (files / "events.db").write_bytes(content)
    assert put_log_back(files, workspace.home) == DAMAGED
    assert counted(workspace) == (100, 2)


def test_a_log_whose_putting_back_is_cut_off_anywhere_is_the_one_of_before_or_that_of_the_backup(
    workspace, tmp_path, monkeypatch
):
    with writing(workspace) as log:
        write(workspace, log, 0)
        log._write._fail()  # the database of the log is gone
        log._write._again_at += 60
        write(workspace, log, 1)
        made = backup(workspace, tmp_path / "copy.zip")
    seen = []
    for steps in range(12):
        home = tmp_path / f"{steps}"
        with closing(Workspace.open(home)) as other, writing(other) as log:
            log.visit([visit(other.clock, "v", customer="p_own")]).result(10)
        with zipfile.ZipFile(made.path) as archive:
            archive.extractall(tmp_path / f"backup-{steps}")
        with monkeypatch.context() as patch:
            dies_after(patch, steps)
            with suppress(KeyboardInterrupt):
                put_log_back(tmp_path / f"backup-{steps}" / "files", home)
                seen.append("done")
        with closing(Workspace.open(home)) as other:
            with writing(other):
                pass
            seen.append(counted(other))
        assert not (home / "events.back").exists()
    assert set(seen) == {(0, 1), (100, 2), "done"}


def test_what_was_not_put_back_here_is_not_put_into_a_log_on_a_server(
    workspace, tmp_path, monkeypatch, postgresql
):
    with writing(workspace) as log:
        write(workspace, log, 0)
        made = backup(workspace, tmp_path / "copy.zip")
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path / "backup")
    home = tmp_path / "other"
    Workspace.open(home).close()
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        dies_once_ready(patch, home)
        put_log_back(tmp_path / "backup" / "files", home)

    monkeypatch.setenv("RECO_LAB_DATABASE_URL", postgresql.schema())
    Workspace.open(home).close()

    assert (home / "events.back").exists()


def dies_once_ready(patch, home):
    """The process dies when all lies ready and nothing of it is in its place yet."""
    deed = Path.replace

    def move(path, *arguments):
        if (home / "events.back").exists():
            raise KeyboardInterrupt
        return deed(path, *arguments)

    patch.setattr(Path, "replace", move)


def dies_after(patch, steps):
    """The process dies when it wants to move or remove one more file."""
    left = iter(range(steps))
    for name in ("replace", "unlink"):
        deed = getattr(Path, name)

        def one(path, *told, deed=deed, **options):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return deed(path, *told, **options)

        patch.setattr(Path, name, one)


def test_the_log_is_measured_and_looked_into_with_all_that_is_stored(workspace):
    with writing(workspace) as log:
        write(workspace, log, 0)
        seen = diagnostics(workspace, thorough=True)
        assert seen.problems == ()
        assert seen.sizes["log of decisions"] > 4096
    path = workspace.home / "events.db"
    content = bytearray(path.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    path.write_bytes(content)
    assert diagnostics(workspace, thorough=True).problems == (
        "The log of decisions is damaged; restore a backup.",
    )


def test_whoever_was_erased_from_the_log_alone_is_erased_again_where_a_backup_brings_it_back(workspace):
    with writing(workspace) as log:
        name = next(iter(privacy.suppress(workspace, ["ann"]) and privacy.objecting(workspace)))
        log.visit([visit(workspace.clock, "v", customer=name)]).result(10)
    made = backup(workspace)
    with writing(workspace) as log:
        log.erase(name)
    audit(workspace).add("ann", f"{ERASED}: {{}}", name)
    restore(made.path, workspace.home, clock=workspace.clock)
    assert counted(workspace) == (0, 1)
    assert [one.customer for one in erase_restored(workspace, who="ann")] == [name]
    assert counted(workspace) == (0, 0)


def _torn(content):
    """Cut off in the middle of a page."""
    return content[: len(content) // 2 + 100]


def _without_a_head(content):
    return b"x" * 100 + content[100:]


def _with_empty_pages(content):
    return content[:8192] + bytes(len(content) - 8192)


@pytest.mark.parametrize("damage", [_torn, _without_a_head, _with_empty_pages])
def test_a_backup_comes_back_over_a_damaged_log_which_is_kept_as_it_is(workspace, tmp_path, damage):
    with writing(workspace) as log:
        write(workspace, log, 0)
    workspace.queue.submit("nothing", {})
    made = backup(workspace, tmp_path / "copy.zip")
    assert made.lacking == ()
    path = workspace.home / "events.db"
    path.write_bytes(damaged := damage(path.read_bytes()))
    done = restore(made.path, workspace.home, clock=workspace.clock)
    assert done.left == ""
    assert counted(workspace) == (50, 1)
    assert backups(workspace)[0].lacking == ("events.db",)
    with zipfile.ZipFile(done.kept) as archive:
        assert archive.read("files/events.db") == damaged


def test_who_reads_the_log_all_the_time_sees_the_one_that_came_back(workspace):
    with writing(workspace) as log:
        write(workspace, log, 0)
        made = backup(workspace)
        write(workspace, log, 1)
    with closing(open_log(workspace)) as reader:
        assert reader.counts().decisions == 100
        restore(made.path, workspace.home, clock=workspace.clock)
        assert reader.counts().decisions == 50


def _in_the_journal_alone(workspace, log, name):
    log._write._fail()  # the database of the log is gone
    log._write._again_at += 60
    log.visit([visit(workspace.clock, "v", customer=name)]).result(10)


def _described(_workspace, log, name):
    log.describe("users", name, {"city": "Bonn"}).result(10)


@pytest.mark.parametrize("telling", [_in_the_journal_alone, _described])
def test_wherever_in_the_log_a_backup_brings_somebody_back_she_is_erased_again(workspace, telling):
    name = next(iter(privacy.suppress(workspace, ["ann"]) and privacy.objecting(workspace)))
    with writing(workspace) as log:
        telling(workspace, log, name)
        made = backup(workspace)
    with writing(workspace) as log:
        log.erase(name)
    audit(workspace).add("ann", f"{ERASED}: {{}}", name)
    restore(made.path, workspace.home, clock=workspace.clock)
    assert [one.customer for one in erase_restored(workspace, who="ann")] == [name]
    assert erase_restored(workspace, who="ann") == []
    with writing(workspace) as log:
        assert not log.knows(name)
