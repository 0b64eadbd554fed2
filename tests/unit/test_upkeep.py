"""Upkeep: what was saved comes back, what is old goes, what is needed stays, and the disk is watched."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.services.backups import alone
from reco_lab.services.upkeep import (
    Retention,
    backup,
    backups,
    bring_back,
    diagnostics,
    disk,
    drop,
    dropped,
    restore,
    retention,
    set_retention,
    tidy,
    tidy_if_due,
)
from reco_lab.store import disk as disks
from reco_lab.workspace import Workspace

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEY = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def _records_count_at_once(monkeypatch):
    monkeypatch.setattr("reco_lab.store.staging.SETTLE_SECONDS", 0.0)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(NOON))
    yield opened
    opened.close()


def keep(workspace, name, number):
    artefact = workspace.artefacts.save("dataset", arrays={"numbers": np.full(100, number)})
    return workspace.store.add_dataset(name, f"print-{number}", artefact, {"rows": number})


def fill(workspace):
    """Two versions, an experiment, a model, a job, a setting, a key and a list of somebody else's."""
    keep(workspace, "shop", 1)
    keep(workspace, "shop", 2)
    workspace.store.save_experiment(KEY, "Which?", {"seed": 0}, "shop", "print-1")
    lists = workspace.artefacts.save("lists", arrays={"items": np.arange(5)})
    model = workspace.artefacts.save("model", arrays={"factors": np.arange(7)})
    workspace.store.save_run(KEY, {"lists": lists, "metric": float("nan")}, model)
    workspace.queue.submit("train", {"number": 1})
    workspace.store.set_setting("mode", "expert")
    (workspace.home / "pseudonyms.key").write_text("secret")
    (workspace.home / "recipes").mkdir()
    (workspace.home / "recipes" / "shop.toml").write_text("name = 'shop'")
    return {lists, model}


def content(workspace):
    """Everything a person would miss."""
    store = workspace.store
    run = store.run(KEY)
    return {
        "versions": store.versions("shop"),
        "experiments": store.experiments(),
        "run": None if run is None else (str(run.result), run.artefact),
        "jobs": workspace.queue.recent(),
        "mode": store.get_setting("mode"),
        "artefacts": [id_ for id_ in workspace.artefacts.ids() if workspace.artefacts.load(id_)],
        "files": [(workspace.home / name).read_text() for name in ("pseudonyms.key", "recipes/shop.toml")],
    }


def test_a_backup_restored_elsewhere_holds_everything(workspace, tmp_path):
    fill(workspace)
    made = backup(workspace, tmp_path / "copy.zip")
    assert restore(made.path, tmp_path / "other").kept is None
    other = Workspace.open(tmp_path / "other", clock=ManualClock(NOON))
    assert content(other) == content(workspace)
    assert not list((tmp_path / "other" / "staging").glob("*/*"))
    other.close()


def test_a_backup_says_what_it_is_and_only_its_owner_may_read_it(workspace):
    fill(workspace)
    made = backup(workspace)
    assert made.path.parent == workspace.home / "backups"
    assert made.path.stat().st_mode & 0o077 == 0
    assert (made.facts["data_sets"], made.facts["experiments"], made.facts["artefacts"]) == (1, 1, 4)
    assert {"state.db", "files/pseudonyms.key", "files/recipes/shop.toml"} <= set(made.files)
    assert not any("log" in name or "staging" in name or "wal" in name for name in made.files)
    assert [(one.path, one.files, one.created) for one in backups(workspace)] == [
        (made.path, made.files, NOON)
    ]


def test_a_restore_keeps_what_was_there_before(workspace, tmp_path):
    fill(workspace)
    made, before = backup(workspace, tmp_path / "copy.zip"), content(workspace)
    keep(workspace, "shop", 3)
    workspace.store.set_setting("mode", "plain")
    restored = restore(made.path, workspace.home, clock=workspace.clock)
    assert content(workspace)["versions"] == before["versions"]
    assert workspace.store.get_setting("mode") == "expert"
    restore(restored.kept, workspace.home, clock=ManualClock(NOON + timedelta(days=1)))
    assert workspace.store.dataset("shop").version == 3
    assert workspace.store.get_setting("mode") == "plain"


def test_a_restore_never_forgets_who_objected(workspace, tmp_path):
    place = workspace.home / "privacy" / "suppressed.txt"
    place.parent.mkdir()
    place.write_text("a\nb\n")
    made = backup(workspace, tmp_path / "copy.zip")
    place.write_text("b\nc\n")
    restore(made.path, workspace.home)
    assert place.read_text().split() == ["a", "b", "c"]


def test_an_interrupted_job_in_a_backup_is_taken_up_again(workspace, tmp_path):
    fill(workspace)
    workspace.queue.claim("worker")
    restore(backup(workspace, tmp_path / "copy.zip").path, tmp_path / "other")
    other = Workspace.open(tmp_path / "other")
    assert [job.state for job in other.queue.recent()] == ["queued"]
    other.close()


def rewritten(path, name, change):
    """The same zip with the bytes of one entry changed."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == name else data)
    return other


def flipped(data):
    return bytes([data[0] ^ 4]) + data[1:]


def test_a_damaged_backup_is_refused_and_nothing_is_touched(workspace, tmp_path):
    fill(workspace)
    made, before = backup(workspace, tmp_path / "copy.zip"), content(workspace)
    for name in made.files:
        with pytest.raises(DataError, match="damaged"):
            restore(rewritten(made.path, name, flipped), workspace.home)
    whole = made.path.read_bytes()
    for length in (0, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "short.zip").write_bytes(whole[:length])
        with pytest.raises(DataError, match="damaged"):
            restore(tmp_path / "short.zip", workspace.home)
    assert content(workspace) == before
    assert backups(workspace) == []


@pytest.mark.slow
def test_a_hundred_flipped_bits_of_a_backup_change_nothing_unseen(workspace, tmp_path):
    fill(workspace)
    made, rng = backup(workspace, tmp_path / "copy.zip"), np.random.default_rng(0)
    good, expected = made.path.read_bytes(), content(workspace)
    caught = 0
    for flip in range(100):
        at = int(rng.integers(len(good)))
        made.path.write_bytes(good[:at] + bytes([good[at] ^ (1 << flip % 8)]) + good[at + 1 :])
        home = tmp_path / f"other-{flip}"
        try:
            restore(made.path, home)
        except DataError:
            caught += 1
        else:  # a bit that means nothing, such as a date in the zip's directory
            other = Workspace.open(home, clock=ManualClock(NOON))
            assert content(other) == expected
            other.close()
        shutil.rmtree(home, ignore_errors=True)
    assert caught > 67


def test_a_backup_with_a_way_out_of_the_folder_is_refused(workspace, tmp_path):
    fill(workspace)
    made = backup(workspace, tmp_path / "copy.zip")

    def aim(data):
        manifest = json.loads(data)
        manifest["files"]["files/../../out"] = manifest["files"].pop("files/pseudonyms.key")
        return json.dumps(manifest).encode()

    other = rewritten(made.path, "backup.json", aim)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("files/../../out", "secret")
    with pytest.raises(DataError, match="damaged"):
        restore(other, tmp_path / "other")
    assert not (tmp_path / "out").exists()


def test_what_is_no_backup_is_refused_with_a_sentence(workspace, tmp_path):
    (tmp_path / "text.zip").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(DataError, match="not a backup of Reco Lab"):
        restore(tmp_path / "text.zip", workspace.home)
    with pytest.raises(DataError, match="not a backup"):
        restore(tmp_path / "other.zip", workspace.home)
    with pytest.raises(DataError, match="a folder, not a file"):
        restore(tmp_path, tmp_path / "elsewhere")
    with pytest.raises(DataError, match="no such file"):
        restore(tmp_path / "nothing.zip", workspace.home)


def test_a_backup_of_a_newer_reco_lab_is_refused(workspace, tmp_path):
    fill(workspace)
    made = backup(workspace, tmp_path / "copy.zip")
    newer = rewritten(made.path, "backup.json", lambda data: data.replace(b'"format": 1', b'"format": 9'))
    with pytest.raises(DataError, match="newer Reco Lab"):
        restore(newer, workspace.home)


def test_a_damaged_artefact_does_not_cost_the_backup_of_the_rest(workspace, tmp_path):
    fill(workspace)
    hurt = workspace.store.dataset("shop").artefact
    (workspace.artefacts.path(hurt) / "arrays.npz").write_bytes(b"")
    made = backup(workspace, tmp_path / "copy.zip")
    assert made.lacking == (hurt,)
    restore(made.path, tmp_path / "other")
    assert hurt[:12] in " ".join(diagnostics(workspace, thorough=True).problems)


def test_a_backup_never_replaces_a_file_and_two_do_not_run_at_once(workspace, tmp_path):
    (tmp_path / "taken.zip").write_text("mine")
    with pytest.raises(InputError, match="file of this name"):
        backup(workspace, tmp_path / "taken.zip")
    with alone(workspace), pytest.raises(InputError, match="at work"):
        backup(workspace, tmp_path / "copy.zip")
    assert backup(workspace, tmp_path).path.parent == tmp_path


def test_a_failed_backup_leaves_nothing(workspace, tmp_path, monkeypatch):
    fill(workspace)
    monkeypatch.setattr(
        "zipfile.ZipFile.writestr", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(InputError, match="disk is full"):
        backup(workspace, tmp_path / "out" / "copy.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_import_can_be_undone_and_the_undo_as_well(workspace):
    fill(workspace)
    assert drop(workspace, "shop", 2).version == 2
    assert workspace.store.dataset("shop").version == 1
    assert [(one.version, until) for one, until in dropped(workspace)] == [(2, NOON + timedelta(days=7))]
    workspace.clock.at += timedelta(days=6)
    tidy(workspace, dry_run=False)
    assert bring_back(workspace, "shop", 2).version == 2
    workspace.artefacts.load(workspace.store.dataset("shop").artefact)


def test_after_seven_days_a_dropped_version_is_gone_with_its_files(workspace):
    fill(workspace)
    gone = drop(workspace, "shop", 2)
    workspace.clock.at += timedelta(days=8)
    told = tidy(workspace)
    assert (told.versions, told.artefacts) == ((workspace.store.dropped()[0],), (gone.artefact,))
    assert "1 version, 1 stored file" in told.sentence
    workspace.artefacts.load(gone.artefact)
    assert tidy(workspace, dry_run=False) == told
    assert gone.artefact not in workspace.artefacts.ids()
    with pytest.raises(NotFoundError):
        bring_back(workspace, "shop", 2)
    assert tidy(workspace).sentence == "There is nothing to remove."


def test_retention_removes_what_is_old_and_spares_what_is_new_used_or_running(workspace):
    models = fill(workspace)
    keep(workspace, "shop", 3)
    claim = workspace.queue.claim("worker")
    workspace.queue.finish(claim, {})
    running = workspace.queue.submit("train", {"number": 2})
    workspace.log.info("old")
    workspace.clock.at += timedelta(days=100)
    workspace.log.info("new")
    told = tidy(workspace, Retention(versions=30, runs=30, jobs=30, log=30), dry_run=False)
    # version 1 is what the experiment asked about
    assert [one.version for one in told.versions] == [2]
    assert (told.runs, told.jobs) == ((KEY,), (claim.id,))
    assert set(told.artefacts) >= models
    assert [path.name for path in told.logs] == ["2026-05-01.jsonl"]
    assert [one.version for one in workspace.store.versions("shop")] == [3, 1]
    assert [job.id for job in workspace.queue.recent()] == [running]
    assert [path.name for path in (workspace.home / "log").glob("*.jsonl")] == ["2026-08-09.jsonl"]
    assert diagnostics(workspace, thorough=True).problems == ()


def test_by_default_versions_and_models_are_kept_for_ever(workspace):
    fill(workspace)
    workspace.clock.at += timedelta(days=10_000)
    told = tidy(workspace, dry_run=False)
    assert (told.versions, told.runs) == ((), ())
    assert len(workspace.store.versions("shop")) == 2


def test_what_no_record_names_is_spared_while_its_maker_lives_and_may_still_name_it(workspace):
    fill(workspace)
    mine = workspace.artefacts.save("lists", arrays={"items": np.arange(9)})
    other = Workspace.open(workspace.home, clock=workspace.clock)
    assert tidy(other, dry_run=False).artefacts == ()
    other.close()
    workspace.artefacts.load(mine)
    workspace.staging._own.release()  # as if its maker had died
    workspace.staging._own = None
    other = Workspace.open(workspace.home, clock=workspace.clock)
    other.close()
    assert mine not in other.artefacts.ids()
    assert len(other.artefacts.ids()) == 4


def test_the_retention_is_a_setting_and_done_once_a_day(workspace):
    fill(workspace)
    set_retention(workspace, Retention(jobs=1))
    assert retention(workspace).jobs == 1
    assert tidy_if_due(workspace) is not None
    assert tidy_if_due(workspace) is None
    workspace.queue.finish(workspace.queue.claim("worker"), {})
    workspace.clock.at += timedelta(days=2)
    assert len(tidy_if_due(workspace).jobs) == 1
    workspace.clock.at += timedelta(days=1)
    with alone(workspace):
        assert tidy_if_due(workspace) is None
    assert tidy_if_due(workspace) is not None
    with pytest.raises(ValueError, match="greater than or equal"):
        Retention(jobs=-1)


def test_diagnostics_tell_how_everything_is_and_nothing_of_the_data(workspace):
    fill(workspace)
    seen = diagnostics(workspace)
    assert seen.problems == ()
    assert seen.database.startswith("SQLite")
    assert (seen.counts["versions"], seen.counts["jobs waiting"], seen.worker) == (2, 1, False)
    assert seen.sizes["artefacts"] > 0
    assert {"reco-lab", "python", "pandas"} <= set(seen.versions)
    assert "shop" not in str(seen.counts) + str(seen.sizes) + str(seen.versions)
    shutil.rmtree(workspace.artefacts.path(workspace.store.dataset("shop").artefact))
    assert "shop version 2 are gone" in diagnostics(workspace).problems[0]


def test_new_work_is_refused_on_a_scarce_disk_and_reading_goes_on(workspace, monkeypatch):
    fill(workspace)
    usage = SimpleNamespace(total=1000, used=960, free=40)
    monkeypatch.setattr(disks.shutil, "disk_usage", lambda _: usage)
    for attempt in (workspace.require_room, lambda: workspace.queue.submit("train", {})):
        with pytest.raises(InputError, match="nearly full"):
            attempt()
    assert disk(workspace).scarce
    assert "nearly full" in diagnostics(workspace).problems[-1]
    assert content(workspace)["mode"] == "expert"


def test_the_state_in_a_backup_is_a_database_of_its_own(workspace, tmp_path):
    fill(workspace)
    made = backup(workspace, tmp_path / "copy.zip")
    with zipfile.ZipFile(made.path) as archive:
        archive.extract("state.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.db")) as found:
        assert found.execute("SELECT count(*) FROM datasets").fetchone() == (2,)
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
