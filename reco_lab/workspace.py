"""The workspace: the folder where everything of one tenant lives, opened once per process."""

import os
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reco_lab.core.clock import Clock, SystemClock
from reco_lab.core.errors import InputError
from reco_lab.store.ab_tests import AbTests
from reco_lab.store.artefacts import Artefacts
from reco_lab.store.campaigns import Campaigns
from reco_lab.store.database import Database
from reco_lab.store.disk import require_room, said_if_full
from reco_lab.store.durable import remove_drafts
from reco_lab.store.events.putting_back import finish_left
from reco_lab.store.ledger import Ledger
from reco_lab.store.log import Log
from reco_lab.store.own_time import clock_of, server_of
from reco_lab.store.publications import Publications
from reco_lab.store.queue import Queue
from reco_lab.store.rounds import Rounds
from reco_lab.store.schedules import Schedules
from reco_lab.store.segments import Segments
from reco_lab.store.staging import Staging
from reco_lab.store.store import Store


@dataclass(frozen=True, eq=False)
class Workspace:
    """Everything a use case may touch: what is remembered, the files, the queue, one clock, one seed, one log.

    `staging.folder()` is where an upload or a half-made file lives until it is good. `server` is the address of the
    database server that holds the state (None: files of its own).
    """

    home: Path
    store: Store
    ledger: Ledger
    publications: Publications
    rounds: Rounds
    schedules: Schedules
    ab_tests: AbTests
    campaigns: Campaigns
    segments: Segments
    artefacts: Artefacts
    queue: Queue
    staging: Staging
    clock: Clock
    seed: int
    log: Log
    server: str | None = field(default=None, repr=False)  # it may hold a password

    @classmethod
    def open(cls, home: Path | None = None, *, clock: Clock | None = None, seed: int = 0) -> "Workspace":
        """Open the workspace, making it where there is none, and sweep what dead processes left behind.

        `home` is by default RECO_LAB_HOME, else the platform's folder for a user's data. `clock` is by
        default the one the folder was given, else the machine's. RECO_LAB_DATABASE_URL names a PostgreSQL
        server to use instead of `state.db`, but for a rehearsal. Raises InputError if the folder cannot be
        written, the server cannot be used or a newer Reco Lab wrote it.
        """
        home = (home or default_home()).expanduser().resolve()
        # workers live and die by the machine's time, however fast the workspace's clock runs
        work_clock, clock, server = clock or SystemClock(), clock or clock_of(home), server_of(home)
        staging = Staging(home / "staging")
        try:
            with said_if_full(home):
                home.mkdir(parents=True, exist_ok=True)
                staging.root.mkdir(exist_ok=True)
                database = Database.open(home, server)
                store, artefacts = Store(database, clock), Artefacts(home / "artefacts", staging)
                artefacts.sweep(store.references)
                remove_drafts(home / "backups")
                if server is None:
                    finish_left(home)
        except OSError as error:
            raise InputError(
                f"The workspace folder cannot be written: {error.strerror}.",
                where=str(home),
                fix="Set RECO_LAB_HOME to a folder of your own.",
            ) from error
        return cls(
            home=home,
            store=store,
            ledger=Ledger(database, clock),
            publications=Publications(database, clock),
            rounds=Rounds(database, clock),
            schedules=Schedules(database, clock),
            ab_tests=AbTests(database, clock),
            campaigns=Campaigns(database, clock),
            segments=Segments(database, clock),
            artefacts=artefacts,
            queue=Queue(database, work_clock, partial(require_room, home)),
            staging=staging,
            clock=clock,
            seed=seed,
            log=Log(home / "log", clock, secrets=database.secrets),
            server=server,
        )

    def require_room(self) -> None:
        """Raise InputError if the disk has too little room to begin anything new, such as an import."""
        require_room(self.home)

    def close(self) -> None:
        """Close the database's connections and let go of the scratch; a program that ends soon need not call it."""
        self.staging.close()
        self.store.database.close()


def default_home() -> Path:
    """RECO_LAB_HOME, else `reco-lab` in the platform's folder for a user's data."""
    if named := os.environ.get("RECO_LAB_HOME"):
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "reco-lab"
