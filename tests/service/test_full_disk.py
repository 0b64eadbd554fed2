"""A disk that is full, really: a small one is mounted. Nothing is lost, it is said, and reading goes on."""

import errno
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.errors import InputError
from reco_lab.services import portrait
from reco_lab.services.backups import backup
from reco_lab.services.data import import_file, load_dataset
from reco_lab.services.upkeep import Retention, diagnostics, drop, tidy
from reco_lab.sources import sniff
from reco_lab.store.disk import drop_ballast, lay_ballast
from reco_lab.ui import intake
from reco_lab.workspace import Workspace

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def workspace(small_disk, monkeypatch):
    # the early warning has tests of its own; here everything is tried on a disk that is too full for it
    monkeypatch.setattr("reco_lab.store.disk.SCARCE", 0.0)
    opened = Workspace.open(small_disk / "home")
    yield opened
    opened.close()


def filled(place, leave):
    """Fill the disk but for so many bytes."""
    usage = os.statvfs(place)
    path = place / "filling"
    with path.open("wb") as stream:
        stream.write(bytes(max(0, usage.f_bavail * usage.f_frsize - leave)))
    return path


def shop(folder, number):
    rng, path = np.random.default_rng(number), folder / f"shop-{number}.csv"
    lines = [f"c{c},i{i},2024-01-{1 + number % 28:02d}" for c, i in rng.integers(0, 90, (3000, 2))]
    path.write_text("\n".join(["customer,item,time", *lines]))
    return path


def test_what_is_known_of_a_customer_is_written_whole_or_not_at_all(small_disk):
    filled(small_disk, 40_000)
    target = small_disk / "her.json"
    with pytest.raises(InputError, match="none of it is kept: No space left"):
        portrait.write({"rows": ["x" * 100] * 10_000}, target)
    assert not target.exists()
    portrait.write({"rows": ["x"]}, target)
    assert target.read_text("utf-8") == '{\n  "rows": [\n    "x"\n  ]\n}'


def attempt(deed):
    """Whether it was done; if not, the sentence that names the disk."""
    try:
        deed()
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("points", [12, pytest.param(50, marks=pytest.mark.slow)])
def test_at_every_fill_point_what_was_acknowledged_is_there_and_the_rest_is_said(
    workspace, small_disk, tmp_path, points
):
    import_file(workspace, shop(tmp_path, 98), "before")
    acknowledged, refused = {}, 0
    for point in range(points):
        path = filled(small_disk, leave=point * 4096 * 50 // points)
        for deed in (
            lambda number=point: import_file(workspace, shop(tmp_path, number), f"shop-{number}"),
            lambda number=point: workspace.store.set_setting(f"setting-{number}", "x" * 9000),
        ):
            told = attempt(deed)
            assert not told or ("disk is full" in told and str(small_disk) in told), told
            refused += bool(told)
        for name in {f"shop-{point}"} & {one.name for one in workspace.store.datasets()}:
            acknowledged[name] = load_dataset(workspace, name).fingerprint
        for name, fingerprint in acknowledged.items():
            assert load_dataset(workspace, name).fingerprint == fingerprint
        path.unlink()
        lay_ballast(workspace.home, MEGABYTE)
    assert refused
    assert acknowledged
    assert workspace.store.database.check() == []
    assert not [path for path in workspace.staging.root.glob("*/*") if path.is_dir()]
    import_file(workspace, shop(tmp_path, 99), "after")
    workspace.artefacts.remove_lost(workspace.store.references)
    assert diagnostics(workspace, thorough=True).problems in {(), diagnostics(workspace).problems}


def test_on_a_full_disk_a_workspace_opens_is_read_and_can_be_tidied(workspace, small_disk, tmp_path):
    for number in range(3):
        import_file(workspace, shop(tmp_path, number), "shop")
    lay_ballast(workspace.home, MEGABYTE)
    workspace.close()
    filled(small_disk, leave=0)
    opened = Workspace.open(small_disk / "home")
    assert load_dataset(opened, "shop").interactions.n_users == 90
    opened.artefacts.load(drop(opened, "shop", 3).artefact)
    free = os.statvfs(small_disk).f_bavail
    assert tidy(opened, Retention(dropped=0), dry_run=False).artefacts
    assert os.statvfs(small_disk).f_bavail > free
    assert opened.store.dataset("shop").version == 2
    opened.close()


def test_a_backup_that_does_not_fit_says_so_and_leaves_nothing(workspace, small_disk, tmp_path):
    import_file(workspace, shop(tmp_path, 0), "shop")
    filled(small_disk, leave=MEGABYTE)
    assert "Free some space" in attempt(lambda: backup(workspace))
    assert not list((workspace.home / "backups").iterdir())
    assert load_dataset(workspace, "shop").interactions.n_users == 90


def test_a_job_on_a_full_disk_fails_with_the_sentence(workspace, small_disk):
    from reco_lab.jobs.child import Child

    def greedy(opened, _payload, _report):
        opened.artefacts.save("lists", arrays={"items": np.zeros(30 * MEGABYTE, np.uint8)})

    lay_ballast(workspace.home, MEGABYTE)
    workspace.queue.submit("greedy", {})
    job = workspace.queue.claim("worker")
    filled(small_disk, leave=0)
    child = Child(workspace, "none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reco_lab.jobs.child.handler_for", lambda *_: greedy)
        child._do(job)
    assert workspace.queue.get(job.id).state == "failed"
    assert "disk is full" in workspace.queue.get(job.id).error
    assert not drop_ballast(workspace.home)


def test_a_failing_disk_is_never_taken_for_done(tmp_path, monkeypatch):
    """The k-th time that something must reach the disk, it does not: for every k."""
    workspace, real, number = Workspace.open(tmp_path), os.fsync, 0
    refused = 0
    while True:
        calls = iter(range(number + 1))

        def failing(handle, calls=calls, last=number):
            if next(calls, last) == last:
                raise OSError(errno.EIO, "Input/output error")
            real(handle)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing)
            try:
                id_ = workspace.artefacts.save("lists", arrays={"items": np.full(10, number)})
            except OSError:
                refused += 1
            else:
                break
        for there in workspace.artefacts.ids():
            workspace.artefacts.load(there)
        number += 1
    assert refused == number >= 5
    assert workspace.artefacts.load(id_).arrays["items"][0] == number
    workspace.close()


def test_a_full_disk_for_temporary_files_is_said(small_disk, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    monkeypatch.setattr("reco_lab.jobs.confined._ready", {})
    path = tmp_path / "shop.parquet"
    pd.DataFrame({"user": np.arange(200_000).astype(str), "item": "a"}).to_parquet(path)
    filled(small_disk, leave=1 << 16)
    assert "The disk for temporary files is full" in attempt(lambda: sniff(path).read(path))


def test_an_upload_that_does_not_fit_says_so_and_leaves_nothing(workspace, small_disk):
    filled(small_disk, leave=1 << 16)
    upload = io.BytesIO(bytes(MEGABYTE))
    upload.name, upload.size, upload.file_id = "shop.csv", MEGABYTE, "x"
    assert "The disk is full" in attempt(lambda: intake.staged(workspace, upload))
    assert not [path for path in workspace.staging.root.glob("*/*") if path.is_dir()]
