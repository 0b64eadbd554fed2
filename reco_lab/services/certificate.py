"""The calibration certificate of a workspace: where its data lies, and its rows, each kept as soon as it is computed."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from reco_lab.core.errors import DataError, InputError
from reco_lab.core.progress import Report
from reco_lab.experiments.calibration import DATA, Published, Reproduced, certificate, reproduce
from reco_lab.experiments.conduct import versions
from reco_lab.workspace import Workspace

JOB = "certificate"
FOLDER_VARIABLE = "RECO_LAB_TEST_DATA"
WAITING = "not checked yet"
_KEPT = "certificate"
_PUBLIC = "public"


@dataclass(frozen=True)
class Source:
    """One data set that published figures are about: its folder, its files with their SHA-256, who gives it out.

    `listed` is its name among the public data sets where it can be fetched; those are kept under that name.
    """

    folder: str
    title: str
    files: Mapping[str, str]
    page: str
    listed: str = ""
    full: bool = False


SOURCES = (
    Source(
        "golden-ml-100k",
        "MovieLens 100K in the split of MCRec",
        {
            "ml-100k.train.rating": "d043d9fedf7efecb41fdfa98e4c96c5134a26d247a70ba5d4cf3f32a61c5957b",
            "ml-100k.test.rating": "f5c8e8216402dc6e277fc15853b90ef9e4b8f922c77d20bac7e1ae80b5c55ae5",
        },
        "https://github.com/MaurizioFD/RecSys2019_DeepLearning_Evaluation",
    ),
    Source(
        "ml-100k",
        "MovieLens 100K",
        {"u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"},
        "https://grouplens.org/datasets/movielens/100k/",
        "movielens-100k",
    ),
    Source(
        "ml-1m",
        "MovieLens 1M",
        {"ratings.dat": ""},
        "https://grouplens.org/datasets/movielens/1m/",
        "movielens-1m",
        full=True,
    ),
)


@dataclass(frozen=True)
class Line:
    """One recommender of the certificate: its figures, when they were computed, with which versions.

    Figures of other versions than those installed now certify nothing, and stand as not checked.
    """

    published: Published
    figures: tuple[Reproduced, ...]
    at: datetime | None = None
    versions: Mapping[str, str] | None = None

    @property
    def passed(self) -> bool | None:
        """Whether every figure is within its tolerance; None where one was not checked."""
        verdicts = [figure.passed for figure in self.figures]
        if False in verdicts:
            return False
        return None if None in verdicts else True


def look(workspace: Workspace, *, full: bool = False) -> list[Line]:
    """Every recommender of the certificate as it stands in this workspace; those of the `full` one if asked for or kept."""
    kept = workspace.store.get_setting(_KEPT, {})
    return _lines(
        workspace, (one for one in certificate(full=True) if full or not one.full or _name(one) in kept)
    )


def submit(workspace: Workspace, *, full: bool = False) -> str:
    """Queue the certificate; returns the job's id. Whatever was kept before is computed again."""
    payload = {
        "name": "Calibration certificate",
        "full": full,
        "folder": os.environ.get(FOLDER_VARIABLE, ""),
        "since": workspace.clock.now().isoformat(),
    }
    return workspace.queue.submit(JOB, payload, key=JOB)


def compute(
    workspace: Workspace, folder: Path | None, report: Report, *, full: bool = False, since: str = ""
) -> list[Line]:
    """Reproduce every figure there is data for and keep each recommender's as soon as it is done.

    `folder` is a local copy of the data (see `found`). Rows kept after `since` (an interrupted certificate's) stay.
    """
    rows, places = certificate(full=full), found(workspace, folder)
    for place, published in enumerate(rows):
        kept = workspace.store.get_setting(_KEPT, {}).get(_name(published))
        if kept is not None and since and kept["at"] >= since:
            continue
        tell = partial(_told, report, place / len(rows), published.name)
        tell()
        figures = reproduce(
            published,
            places[DATA[published.table]] or Path("no data"),
            seed=workspace.seed,
            report=tell,
            excuse=partial(_excuse, workspace),
        )
        _keep(workspace, published, figures)
    report(1.0, "done")
    return _lines(workspace, rows)


def found(workspace: Workspace, folder: Path | None = None) -> dict[str, Path | None]:
    """Where each data set lies: in the local copy, else in the workspace's own folder of public data; None: nowhere.

    Without a folder the local copy is the one that RECO_LAB_TEST_DATA names.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    root = folder or (Path(named) if named else None)
    own = workspace.home / _PUBLIC
    return {
        source.folder: next(
            _with_files(source, [*([root / source.folder] if root else []), *_own(own, source)]), None
        )
        for source in SOURCES
    }


def accept(workspace: Workspace, path: Path, name: str) -> Source:
    """Put a file that a person brought where the certificate finds it; the data set it belongs to.

    Raises InputError for a file of another name, DataError for one that is not what its publisher gives out.
    """
    source = next((one for one in SOURCES if one.files.get(name)), None)
    if source is None:
        names = ", ".join(file for one in SOURCES for file, digest in one.files.items() if digest)
        raise InputError(
            f"No published figure is about a file called {name!r}.", fix=f"The files are: {names}."
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != source.files[name]:
        raise DataError(
            f"{name} is not the published file (SHA-256 {digest[:12]}..., not {source.files[name][:12]}...).",
            fix=f"It comes from {source.page}.",
        )
    home = workspace.home / _PUBLIC / (source.listed or source.folder)
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, home / name)
    return source


def _own(public: Path, source: Source) -> list[Path]:
    return [public / name for name in (source.listed, source.folder) if name]


def _with_files(source: Source, folders: Iterable[Path]) -> Iterator[Path]:
    return (folder for folder in folders if all((folder / name).is_file() for name in source.files))


def _keep(workspace: Workspace, published: Published, figures: list[Reproduced]) -> None:
    entry = {
        "at": workspace.clock.now().isoformat(),
        "spec": published.spec,
        "versions": versions(),
        "figures": [asdict(figure) for figure in figures],
    }
    kept = workspace.store.get_setting(_KEPT, {})
    workspace.store.set_setting(_KEPT, kept | {_name(published): entry})


def _lines(workspace: Workspace, rows: Iterable[Published]) -> list[Line]:
    kept = workspace.store.get_setting(_KEPT, {})
    return [_line(published, kept.get(_name(published))) for published in rows]


def _line(published: Published, kept: Mapping[str, Any] | None) -> Line:
    if kept is None or kept["spec"] != published.spec:
        return Line(published, _unchecked(published, WAITING))
    at, made_with = datetime.fromisoformat(kept["at"]), kept["versions"]
    if changed := [name for name, now in versions().items() if made_with.get(name) != now]:
        reason = f"checked with another version of {', '.join(changed)}"
        return Line(published, _unchecked(published, reason), at, made_with)
    return Line(published, tuple(Reproduced(**figure) for figure in kept["figures"]), at, made_with)


def _unchecked(published: Published, reason: str) -> tuple[Reproduced, ...]:
    return tuple(
        Reproduced(published.table, published.name, quantity, figure, None, published.tolerance, reason)
        for quantity, figure in published.figures.items()
    )


def _name(published: Published) -> str:
    return f"{published.table}: {published.name}"


def _told(report: Report, done: float, name: str, *_within: object) -> None:
    """Whatever a fit reports of itself: where the certificate is."""
    report(done, name)


def _excuse(workspace: Workspace, error: Exception) -> str:
    reference = workspace.log.reference(error)
    return f"{type(error).__name__}; the details are in the log under {reference}"
