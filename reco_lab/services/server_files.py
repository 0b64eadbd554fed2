"""Paths on the server that a person types into the app: only what lies in folders that an administrator opened."""

import os
from pathlib import Path

from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.workspace import Workspace

FOLDERS = "RECO_LAB_IMPORT_FOLDERS"
INBOX = "inbox"


def open_folders(workspace: Workspace) -> tuple[Path, ...]:
    """The folders that the app may read from and put backups into, links followed.

    First the workspace's own inbox, which is made, then those named in RECO_LAB_IMPORT_FOLDERS (parted as in
    PATH; a line of `.streamlit/secrets.toml` sets it too). The command line asks nobody.
    """
    inbox = workspace.home / INBOX
    inbox.mkdir(exist_ok=True)
    named = [one for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one.strip()]
    return tuple(path.resolve() for path in (inbox, *map(Path, named)))


def server_file(workspace: Workspace, text: str) -> Path:
    """The file that a person means; a bare name is looked for in the inbox.

    Raises InputError for what lies outside of the open folders, NotFoundError for what is not there.
    """
    path = _inside(workspace, text)
    if not path.is_file():
        raise InputError("This is no file.", where=text, fix="Name a file.")
    return path


def server_folder(workspace: Workspace, text: str) -> Path:
    """The folder that a person means, none of whose files is a link to elsewhere. Raises as `server_file` does."""
    path = _inside(workspace, text)
    if not path.is_dir():
        raise InputError("This is no folder.", where=text, fix="Name a folder.")
    for one in (*path.glob("*"), *path.glob("*/*")):
        if one.is_symlink():
            _inside(workspace, str(one))
    return path


def _inside(workspace: Workspace, text: str) -> Path:
    folders = open_folders(workspace)
    try:
        path = (folders[0] / text.strip()).resolve()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise _closed(text, folders) from error
    if not any(path.is_relative_to(folder) for folder in folders) or _internal(workspace, path, folders[0]):
        raise _closed(text, folders)
    if not there:
        raise NotFoundError("There is no such place on the server.", where=text, fix="Check its name.")
    return path


def _internal(workspace: Workspace, path: Path, inbox: Path) -> bool:
    """Whether it is a part of the workspace, such as its keys, though an open folder holds the workspace."""
    return path.is_relative_to(workspace.home) and not path.is_relative_to(inbox)


def _closed(text: str, folders: tuple[Path, ...]) -> InputError:
    return InputError(
        "The app may not use this place on the server.",
        where=text,
        fix=f"Put it into {' or '.join(map(str, folders))}, upload it, or have an administrator name its folder in "
        f"{FOLDERS}; the command line may use any place.",
    )
