"""A backup whose file is damaged is called so, wherever the damage is."""

import json
import re
import zipfile
from datetime import UTC, datetime

import pytest

from reco_lab.core.errors import DataError
from reco_lab.services.upkeep import backups
from reco_lab.store import archive

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def made(tmp_path):
    """A backup of a text and of a file that is a zip itself, as arrays are."""
    files = {"state": tmp_path / "state", "artefacts/arrays": tmp_path / "arrays"}
    files["state"].write_text("SQLite")
    with zipfile.ZipFile(files["artefacts/arrays"], "w") as arrays:
        arrays.writestr("users", bytes(1000))
    return archive.write(tmp_path / "copy.zip", files, NOON, {})


@pytest.mark.parametrize(
    "files",
    [list, lambda told: dict.fromkeys(told, ()), lambda _told: None],
    ids=["names alone", "nothing of each", "nothing"],
)
def test_a_backup_whose_list_has_another_shape_is_called_damaged(made, files):
    with zipfile.ZipFile(made.path) as zipped:
        told = json.loads(zipped.read(archive.MANIFEST))
    with zipfile.ZipFile(made.path, "w") as zipped:
        zipped.writestr(archive.MANIFEST, json.dumps(told | {"files": files(told["files"])}))
    with pytest.raises(DataError, match="damaged"):
        archive.read(made.path)


@pytest.mark.parametrize(("at", "bit"), [(8, 1), (10, 8)], ids=["as if encrypted", "as if packed"])
def test_one_flipped_bit_about_a_file_is_called_damage_and_hides_no_other_backup(workspace, made, at, bit):
    whole = made.path.read_bytes()
    entries = [one.start() for one in re.finditer(b"PK\x01\x02", whole)]
    entries = entries[-3:]  # the other is of the zip within
    folder = workspace.home / "backups"
    folder.mkdir(exist_ok=True)
    (folder / "good.zip").write_bytes(whole)
    for entry in entries:
        bad = bytearray(whole)
        bad[entry + at] ^= bit
        (folder / "bad.zip").write_bytes(bad)
        with pytest.raises(DataError, match="damaged"):
            archive.verify(archive.read(folder / "bad.zip"))
        assert folder / "good.zip" in [one.path for one in backups(workspace)]
