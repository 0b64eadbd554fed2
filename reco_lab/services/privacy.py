"""People's wishes: pseudonyms for their ids, a list of those who want no advertising, and their consent."""

import os
import secrets
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.cleaning.consent import consenting
from reco_lab.cleaning.objections import Objections
from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CorruptError
from reco_lab.core.step import StepContext
from reco_lab.store.durable import replaced
from reco_lab.store.locks import FileLock
from reco_lab.workspace import Workspace

KEY_BYTES = 32
_Change = Callable[[set[str], set[str]], set[str]]


@dataclass(frozen=True, eq=False)
class Allowed:
    """Who may be shown recommendations: a mask over the ids asked for, and how many were left out and why."""

    mask: NDArray[np.bool_]
    suppressed: int
    without_consent: int

    @property
    def sentence(self) -> str:
        """What was left out, in words; empty if nothing."""
        parts = [
            f"{number:,} {words}"
            for number, words in (
                (self.suppressed, "on the suppression list"),
                (self.without_consent, "without consent"),
            )
            if number
        ]
        return f"Left out: {' and '.join(parts)}." if parts else ""


def pseudonym_key(workspace: Workspace) -> bytes:
    """The workspace's secret key for pseudonyms, made on first use, readable by its owner only.

    It lies apart from the data, in `keys/`. Raises CorruptError where it was damaged: with another key the
    same customer would become somebody else.
    """
    path = workspace.home / "keys" / "pseudonyms.key"
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise CorruptError("The key for pseudonyms is damaged; bring it back from a backup.")
    return key


def suppress(workspace: Workspace, ids: Iterable[str]) -> int:
    """Put customers on the suppression list, by their id or their pseudonym; how many are new on it.

    Only their keyed hash is kept, so the list holds no address, and a later upload does not bring them back.
    """
    return _rewrite(workspace, lambda known, marks: known | marks, ids)


def unsuppress(workspace: Workspace, ids: Iterable[str]) -> int:
    """Take customers off the suppression list; how many were on it."""
    return _rewrite(workspace, lambda known, marks: known - marks, ids)


def objecting(workspace: Workspace) -> frozenset[str]:
    """The pseudonyms of the customers on the suppression list."""
    return frozenset(_suppressed(workspace))


def objections(workspace: Workspace) -> tuple[Objections, ...]:
    """What keeps those on the suppression list out of an import; nothing where nobody is on it."""
    names = objecting(workspace)
    return (Objections(names=names),) if names else ()


def objects(workspace: Workspace) -> Callable[[pd.Series], NDArray[np.bool_]]:
    """What says of ids which are those of customers on the suppression list."""
    steps, ctx = objections(workspace), StepContext(workspace.clock.now(), pseudonym_key(workspace))
    return lambda ids: np.logical_or.reduce(
        [np.zeros(len(ids), bool), *(one.flagged(pd.DataFrame({"user": ids}), ctx) for one in steps)]
    )


def suppressed_count(workspace: Workspace) -> int:
    """How many customers are on the suppression list."""
    return len(_suppressed(workspace))


def allowed(workspace: Workspace, ids: Iterable[str], dataset: Dataset | None = None) -> Allowed:
    """Which of these customers may be shown recommendations: `services.recommending` asks this for every list.

    Nobody on the suppression list may; where the data set knows consent, only who gave it.
    """
    names = pd.Index([str(one) for one in ids], dtype="str")
    known = _suppressed(workspace)
    listed = (
        np.fromiter((mark in known for mark in _marks(workspace, names)), bool, len(names))
        if known
        else np.zeros(len(names), bool)
    )
    refused = np.zeros(len(names), bool)
    if dataset is not None and dataset.customers is not None and "consent" in dataset.customers:
        refused = ~consenting(dataset.customers["consent"].reindex(names)).to_numpy(bool)
    return Allowed(~listed & ~refused, int(listed.sum()), int((refused & ~listed).sum()))


def _marks(workspace: Workspace, ids: Iterable[str]) -> list[str]:
    """The pseudonym of each id; one that is a pseudonym already stands for itself."""
    key = pseudonym_key(workspace)
    return [pseudonym(key, one) for one in ids]


def _rewrite(workspace: Workspace, change: _Change, ids: Iterable[str]) -> int:
    path = _list_path(workspace)
    marks = set(_marks(workspace, (str(one) for one in ids)))
    with FileLock(path.with_suffix(".lock")):
        known = _suppressed(workspace)
        wanted = change(known, marks)
        if wanted != known:
            with replaced(path) as draft:
                draft.write_text("".join(f"{mark}\n" for mark in sorted(wanted)), "utf-8")
    return len(wanted ^ known)


def _suppressed(workspace: Workspace) -> set[str]:
    path = _list_path(workspace)
    return set(path.read_text("utf-8").split()) if path.exists() else set()


def _list_path(workspace: Workspace) -> Path:
    return workspace.home / "privacy" / "suppressed.txt"


def _make_key(path: Path) -> None:
    path.parent.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if path.exists():
            return
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(path)
