"""Kill -9 at random moments of what changes a workspace, and look at what is left after a restart.

A warm process forks one that does the deed; that one is killed. What it had acknowledged must be there, what is
there must be whole, and nothing else may be left.
"""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

import numpy as np

from reco_lab.core.errors import RecoLabError
from reco_lab.core.recommender import State
from reco_lab.services.backups import backup, backups, restore
from reco_lab.services.data import import_file, load_dataset
from reco_lab.store.database import Database, newest_revision
from reco_lab.testing import erasing
from reco_lab.workspace import Workspace

HOMES_EVERY = 5  # a look takes the longer the more is there
ROWS = 400


@dataclass
class Tally:
    """What was seen: kills that came before the end, and what must be none. `seconds` an undisturbed deed takes."""

    name: str
    kills: int = 0
    too_late: int = 0
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    leftovers: int = 0
    seconds: float = 0.0
    why: list[str] = field(default_factory=list, repr=False)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, torn or left over."""
        return not (self.lost or self.torn or self.leftovers)


def kill_often(name: str, kills: int, seed: int = 0) -> Tally:
    """Do a deed over and over, kill it at a random moment so often, and look at the workspace each time."""
    deed, rng = DEEDS[name], np.random.default_rng(seed)
    tally, number = Tally(name), 0
    with tempfile.TemporaryDirectory(prefix="reco-lab-kills-") as place, Stage() as stage:
        times = []
        for attempt in range(3):
            home = Path(place) / f"undisturbed-{attempt}"
            deed.prepare(home)
            times.append(stage.perform(name, home, 0, None).seconds)
        tally.seconds = sorted(times)[1]
        while tally.kills < kills:
            if number % deed.homes_every == 0:
                shutil.rmtree(home)
                home = Path(place) / f"home-{number}"
                deed.prepare(home)
                acknowledged: list[str] = []
            done = stage.perform(name, home, number, float(rng.uniform(0, 1.2 * tally.seconds)))
            number += 1
            tally.kills, tally.too_late = tally.kills + (not done.ended), tally.too_late + done.ended
            acknowledged += [done.answer] if done.ended else []
            tally.acknowledged += done.ended
            _look(deed, home, acknowledged, tally)
    return tally


@dataclass(frozen=True)
class Performed:
    """How a deed went: whether it ended before the kill, what it acknowledged and how long it took."""

    ended: bool
    answer: str
    seconds: float


class Stage:
    """The warm process: everything is imported once, each deed is a fork of it."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "reco_lab.testing.kills"]
        pipe = subprocess.PIPE
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=pipe, stdout=pipe, text=True, env=environment
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self._in.close()
        self._process.wait()
        self._out.close()

    @property
    def _in(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _out(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def perform(self, name: str, home: Path, number: int, after: float | None) -> Performed:
        """Do a deed, and kill it so many seconds after its begin (None: let it end)."""
        self._in.write(json.dumps([name, str(home), number]) + "\n")
        self._in.flush()
        pid = int(self._out.readline())
        assert self._out.readline() == "begun\n"
        begun = time.monotonic()
        if after is not None:
            time.sleep(after)
            os.kill(pid, signal.SIGKILL)
        self._in.write("bury it\n")  # until then its number is not given to another process
        self._in.flush()
        lines = list(iter(self._out.readline, "over\n"))
        seconds = time.monotonic() - begun
        assert after is not None or lines, f"{name} failed by itself"
        return Performed(bool(lines), lines[0].strip() if lines else "", seconds)


def main() -> None:
    """Be the warm process: read a deed a line, fork, tell its process id, wait for its end."""
    while line := sys.stdin.readline():
        name, home, number = json.loads(line)
        DEEDS[name].warm()
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(ready, 1)
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            answer = DEEDS[name].do(Path(home), number)
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        os.write(go, b"!")
        sys.stdin.readline()
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(go)
        sys.stdout.write("over\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Deed:
    """Something that changes a workspace. `do` gives its acknowledgement, `wrong` what is wrong after a kill.

    `warm` imports what `do` imports late, so that a kill seldom falls into imports.
    """

    prepare: Callable[[Path], None]
    do: Callable[[Path, int], str]
    wrong: Callable[[Path, list[str]], tuple[list[str], list[str]]]
    homes_every: int = HOMES_EVERY
    warm: Callable[[], None] = lambda: None


def _look(deed: Deed, home: Path, acknowledged: list[str], tally: Tally) -> None:
    try:
        torn, lost = deed.wrong(home, acknowledged)
    except (RecoLabError, OSError, sqlite3.Error, AssertionError) as error:
        torn, lost = [f"{type(error).__name__}: {error}"], []
    left = _leftovers(home)
    tally.torn += bool(torn)
    tally.lost += bool(lost)
    tally.leftovers += bool(left)
    tally.why += [*torn, *lost, *left]


def _leftovers(home: Path) -> list[str]:
    """Scratch that no living process owns, stored files that no record names, and drafts; after a restart."""
    workspace = Workspace.open(home)
    staged = [path.name for path in workspace.staging.root.iterdir() if path.name != ".lock"]
    named = workspace.artefacts.with_parts(workspace.store.references())
    astray = [id_ for id_ in workspace.artefacts.ids() if id_ not in named]
    drafts = [path.name for folder in (home, home / "backups") for path in folder.glob(".*.*")]
    workspace.close()
    return [*staged, *astray, *drafts]


def _file(folder: Path, number: int) -> Path:
    rng, path = np.random.default_rng(number), folder / "shop.csv"
    customers, items = rng.integers(0, 60, ROWS), rng.integers(0, 40, ROWS)
    lines = [f"c{c},00{i},2024-01-{1 + (c + i) % 28:02d}" for c, i in zip(customers, items, strict=True)]
    path.write_text("\n".join(["customer,item,time", *lines]) + "\n")
    return path


def _open(home: Path) -> None:
    Workspace.open(home).close()


def _import(home: Path, number: int) -> str:
    workspace = Workspace.open(home)
    return import_file(workspace, _file(workspace.staging.folder(), number), "shop").fingerprint


def _imported_wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    workspace = Workspace.open(home)
    versions = workspace.store.all_versions()
    torn = [
        f"version {one.version} is not what was imported"
        for one in versions
        if load_dataset(workspace, one.name, one.version).fingerprint != one.fingerprint
    ]
    workspace.close()
    return torn, sorted(set(acknowledged) - {one.fingerprint for one in versions})


def _publish(home: Path, number: int) -> str:
    return _publish_in(Workspace.open(home), number)


def _publish_in(workspace: Workspace, number: int) -> str:
    state = State({"factors": np.full((400, 300), number, np.float32)}, {"number": number}, {})
    model = workspace.artefacts.save_state({"algorithm": "ials"}, state)
    workspace.store.save_run(f"{number:064d}", {"number": number}, model)
    return f"{number:064d}"


def _publish_carelessly(home: Path, number: int) -> str:
    """What a villain does: the record first, and the file in its place while it is written."""
    workspace = Workspace.open(home)
    id_ = hashlib.sha256(str(number).encode()).hexdigest()
    workspace.store.save_run(f"{number:064d}", {"number": number}, id_)
    path = workspace.artefacts.path(id_)
    path.mkdir(parents=True)
    for part in range(200):
        with (path / "arrays.npz").open("ab") as stream:
            stream.write(bytes(part) * 100)
    return f"{number:064d}"


def _published_wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    workspace = Workspace.open(home)
    torn, kept = [], set()
    for key in workspace.store.runs_before(workspace.clock.now() + timedelta(days=1)):
        run = workspace.store.run(key)
        if run is None or run.artefact is None:
            continue
        kept.add(key)
        _, state = workspace.artefacts.load_state(run.artefact)
        if not (state.arrays["factors"] == int(key)).all():
            torn.append(f"run {int(key)} is not what was published")
    workspace.close()
    return torn, sorted(set(acknowledged) - kept)


def _prepare_old(home: Path) -> None:
    """A workspace of the first schema, with a few hundred rows."""
    database = Database.unmigrated(home)
    database.upgrade("0001")
    with database.write() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
            "INSERT INTO settings SELECT 'setting ' || i, i FROM n"
        )
    database.close()


def _migrate(home: Path, _number: int) -> str:
    database = Database.open(home)
    revision = database.revision()
    database.close()
    return str(revision)


def _migrated_wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    with closing(sqlite3.connect(home / "state.db")) as raw:
        revision = raw.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        dropped = "dropped" in raw.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0]
    before = revision == "0001" and not dropped
    after = revision == newest_revision() and dropped
    torn = [] if before or after else [f"the schema is half {revision}"]
    database = Database.open(home)
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM settings").scalar()
    torn += database.check() + ([] if rows == 500 else [f"{rows} of 500 settings"])
    torn += [] if database.revision() == newest_revision() else ["it does not open as the newest"]
    database.close()
    with closing(sqlite3.connect(home / "backups" / "state-0001.db")) as copy:
        kept = copy.execute("SELECT count(*) FROM settings").fetchone()[0]
    torn += [] if kept == 500 else [f"{kept} of 500 settings in the copy of before"]
    return torn, [] if not acknowledged or after else ["it was acknowledged and is not done"]


def _prepare_full(home: Path) -> None:
    workspace = Workspace.open(home)
    for number in range(3):
        _publish_in(workspace, number)
    import_file(workspace, _file(workspace.staging.folder(), 0), "shop")
    workspace.close()


def _back_up(home: Path, _number: int) -> str:
    workspace = Workspace.open(home)
    return backup(workspace).path.name


def _backed_up_wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    workspace = Workspace.open(home)
    found = {one.path.name: one for one in backups(workspace)}
    there = {path.name for path in (home / "backups").glob("*.zip")}
    torn = sorted(there - set(found)) + [name for name, one in found.items() if one.lacking]
    with tempfile.TemporaryDirectory() as place:
        for name in acknowledged[-1:]:
            restore(found[name].path, Path(place))
            torn += _imported_wrong(Path(place), [])[0]
    workspace.close()
    return torn, sorted(set(acknowledged) - there)


def _prepare_two(home: Path) -> None:
    """A workspace, and beside it a backup of one with one more run."""
    _prepare_full(home)
    workspace = Workspace.open(home)
    _publish_in(workspace, 3)
    backup(workspace, home.with_suffix(".zip"))
    workspace.store.forget_runs([f"{3:064d}"])
    workspace.close()
    Workspace.open(home).close()


def _restore(home: Path, _number: int) -> str:
    restore(home.with_suffix(".zip"), home)
    return "restored"


def _restored_wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    torn, _ = _published_wrong(home, [])
    torn += _imported_wrong(home, [])[0]
    workspace = Workspace.open(home)
    runs = [workspace.store.run(f"{number:064d}") is not None for number in range(4)]
    torn += [] if all(runs[:3]) else [f"of the runs only {runs} are there"]
    lost = ["it was acknowledged and is not there"] if acknowledged and not runs[3] else []
    workspace.store.forget_runs([f"{3:064d}"])
    acknowledged.clear()
    workspace.artefacts.remove_lost(workspace.store.references)
    workspace.close()
    return torn, lost


DEEDS = {
    "import": Deed(_open, _import, _imported_wrong),
    "publish": Deed(_open, _publish, _published_wrong),
    "publish carelessly": Deed(_open, _publish_carelessly, _published_wrong),
    "migrate": Deed(_prepare_old, _migrate, _migrated_wrong, homes_every=1),
    "backup": Deed(_prepare_full, _back_up, _backed_up_wrong),
    "erase": Deed(erasing.prepare, erasing.do, erasing.wrong, homes_every=1, warm=erasing.warm),
    "restore": Deed(_prepare_two, _restore, _restored_wrong),
}

if __name__ == "__main__":
    main()
