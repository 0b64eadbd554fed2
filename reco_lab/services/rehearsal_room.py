"""The workspace of a rehearsal: the demo shop and what serves it, in a folder and on a clock of their own."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from reco_lab.core.clock import RunningClock
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.progress import Report
from reco_lab.core.recommender import recommender
from reco_lab.services import publishing
from reco_lab.services.bookings import ensure_demo_ads
from reco_lab.services.data import save_dataset
from reco_lab.services.demo import DEMO, FOLDER, TITLE
from reco_lab.services.publishing import Link, Plan
from reco_lab.services.shop import load_shop
from reco_lab.store.locks import FileLock
from reco_lab.store.own_time import keep_clock
from reco_lab.workspace import Workspace

PLACE = Path("rehearsal")
SHOP = "shop"
CHAMPION = {"algorithm": "ease"}
BY_LOT = {"policy": "uniform_random"}
SWEEP_SECONDS = 20.0
LOOK_SECONDS = 0.1
_SEED = 0


def folder(workspace: Workspace) -> Path:
    """Where everything of the rehearsal lies."""
    return workspace.home / PLACE


def prepare(workspace: Workspace, name: str, report: Report) -> Workspace:
    """Make the workspace of a rehearsal (`name` is its folder), its clock standing at the end of the demo shop's log.

    Those of earlier rehearsals are removed.

    Its model is the one that serves the demo shop in the workspace of the person; where nothing does, one is trained.
    Ads are drawn by lot at first, as in a shop that learnt nothing yet. Nothing else is taken along, and nothing of
    the person's own is touched.
    """
    report(0.0, "Clearing the stage")
    for before in folder(workspace).glob(f"{SHOP}-*"):
        _clear(before)
    home = folder(workspace) / name
    home.mkdir(parents=True)
    report(0.1, "Opening a demo shop of its own")
    data = load_shop(FOLDER)
    keep_clock(home, RunningClock.standing(_end(data)))
    made = Workspace.open(home)
    save_dataset(made, data, TITLE)
    ensure_demo_ads(made, FOLDER)
    report(0.5, "Bringing the model that serves it")
    _serve(made, _carried(workspace, made, data) or _trained(made, data, report))
    report(1.0, "Ready")
    return made


def _clear(home: Path) -> None:
    """Remove the workspace of an earlier rehearsal, once no process of it lives any more."""
    writer = FileLock(home / "events.lock")
    if not writer.acquire(timeout=SWEEP_SECONDS):
        raise InputError(
            "The service of the rehearsal before still runs.", where=str(home), fix="End it, and start again."
        )
    writer.release()
    until = time.monotonic() + SWEEP_SECONDS
    while (
        home.exists() and time.monotonic() < until
    ):  # its worker may just be writing; it ends without a home
        shutil.rmtree(home, ignore_errors=True)
        time.sleep(LOOK_SECONDS)


def _end(data: Dataset) -> datetime:
    """The midnight after the last thing that happened in the shop."""
    truth = data.truth
    if truth is None:
        raise InputError("The demo shop came without its truth.", where=str(FOLDER))
    end: datetime = truth.end.astype("datetime64[us]").item()
    return end.replace(tzinfo=UTC)


def _carried(workspace: Workspace, made: Workspace, data: Dataset) -> Plan | None:
    """What serves the demo shop in the person's workspace, with its models; None where nothing does."""
    for one in workspace.publications.history():
        plan = Plan.model_validate(one.spec)
        if plan.dataset != DEMO or plan.fingerprint != data.fingerprint:
            continue
        try:
            chain = tuple(_copied(workspace, made, link) for link in plan.chain)
        except InputError as error:  # a damaged model is no reason to rehearse nothing
            workspace.log.reference(error)
            continue
        return plan.model_copy(
            update={
                "chain": chain,
                "routes": (),
                "members": "",
                "experiment": "",
                "policy": BY_LOT,
                "test": None,
            }
        )
    return None


def _copied(workspace: Workspace, made: Workspace, link: Link) -> Link:
    spec, state = workspace.artefacts.load_state(link.artefact)
    return link.model_copy(update={"artefact": made.artefacts.save_state(spec, state)})


def _trained(made: Workspace, data: Dataset, report: Report) -> Plan:
    spec = recommender(CHAMPION)
    chain = publishing.train_chain(
        made, data, spec, spec.info.label, _SEED, lambda done, said: report(0.5 + done / 2, said)
    )
    return Plan(dataset=DEMO, fingerprint=data.fingerprint, chain=chain, policy=BY_LOT)


def _serve(made: Workspace, plan: Plan) -> None:
    spec = plan.model_dump(mode="json")
    made.publications.publish(plan.version, spec, made.artefacts.save(publishing.KIND, meta=spec))
