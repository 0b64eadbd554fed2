import os

import pytest

from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.services import upkeep
from reco_lab.services.server_files import FOLDERS, open_folders, server_file, server_folder
from reco_lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDERS, raising=False)
    opened = Workspace.open(tmp_path / "home")
    open_folders(opened)
    (opened.home / "inbox" / "orders.csv").write_text("user,item\n")
    (tmp_path / "secret.csv").write_text("user,item\n")
    yield opened
    opened.close()


def test_only_the_inbox_is_open_unless_an_administrator_says_more(workspace, tmp_path, monkeypatch):
    secret = str(tmp_path / "secret.csv")
    with pytest.raises(
        InputError, match=r"may not use this place.*Put it into .*inbox.*RECO_LAB_IMPORT_FOLDERS"
    ):
        server_file(workspace, secret)

    monkeypatch.setenv(FOLDERS, f"{tmp_path / 'elsewhere'}{os.pathsep}{tmp_path}")
    assert server_file(workspace, secret) == (tmp_path / "secret.csv").resolve()


def test_a_bare_name_is_looked_for_in_the_inbox(workspace):
    inbox = workspace.home / "inbox"
    assert server_file(workspace, " orders.csv ") == server_file(workspace, str(inbox / "orders.csv"))
    with pytest.raises(NotFoundError, match="no such place"):
        server_file(workspace, "invoices.csv")


@pytest.mark.parametrize(
    "text",
    [
        "../../secret.csv", "../state.db", "/etc/passwd", "link.csv", "linked/secret.csv", "loop/a", "~/x.csv/../../../..",
        "/proc/self/environ", "/dev/zero", "nul\0.csv", "x" * 5000, "../inbox/../keys/pseudonyms.key", "..",
    ],
)  # fmt: skip
def test_no_path_gets_out(workspace, tmp_path, text):
    inbox = workspace.home / "inbox"
    (inbox / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inbox / "linked").symlink_to(tmp_path)
    (inbox / "loop").symlink_to(inbox / "loop")
    for ask in (server_file, server_folder):
        with pytest.raises(InputError):
            ask(workspace, text)


def test_the_parts_of_the_workspace_stay_closed_though_a_folder_above_is_open(
    workspace, tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    for part in ("state.db", "keys/pseudonyms.key"):
        with pytest.raises(InputError, match="may not use this place"):
            server_file(workspace, str(workspace.home / part))
    assert server_file(workspace, "orders.csv")


def test_a_folder_whose_files_are_links_to_elsewhere_is_not_used(workspace, tmp_path):
    folder = workspace.home / "inbox" / "movies"
    folder.mkdir()
    assert server_folder(workspace, "movies") == folder
    (folder / "u.data").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="may not use this place"):
        server_folder(workspace, "movies")


def test_what_waits_in_the_inbox_is_no_part_of_a_backup_and_outlives_a_restore(workspace):
    made = upkeep.backup(workspace)
    (workspace.home / "inbox" / "later.csv").write_text("user,item\n")
    upkeep.restore(made.path, workspace.home)
    names = sorted(path.name for path in (workspace.home / "inbox").iterdir())
    assert names == ["later.csv", "orders.csv"]
