"""A shop that serves and knows three customers by unusual names; and what must be true of it after an erasure."""

import asyncio
import shutil
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np

from reco_lab.algorithms import _kernels
from reco_lab.core.conditions import Listed
from reco_lab.core.dataset import Dataset
from reco_lab.core.events import Stage
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.segment import All, Definition, Not
from reco_lab.services import campaign_lists, campaigns, publishing, segments
from reco_lab.services.ad_messages import EventIn, VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.data import import_file, save_dataset
from reco_lab.services.erasure import erase
from reco_lab.services.experiments import run
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.traces import Traces
from reco_lab.testing.serving import NAME, book_ads, small_shop
from reco_lab.testing.traces import places_of
from reco_lab.workspace import Workspace

RAW, MAIL, ACCENTED = "customer-zq17", "ann.zq@example.com", "Zoë-Ωmega-字"
NAMES = {"u00": RAW, "u02": ACCENTED}
SEGMENTS: dict[str, Definition] = {
    "Everyone": All(),
    "All but a list": Not(of=Listed(ids=(RAW, ACCENTED, "u05"))),
}


def shop(seed: int = 0) -> Dataset:
    """The small shop with two customers under their unusual names."""
    data = small_shop(seed)
    frame = data.interactions.frame()
    frame["user"] = frame["user"].replace(NAMES)
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    customers = None if data.customers is None else data.customers.rename(index=NAMES)
    return Dataset.join(NAME, log, customers, data.items)


def question() -> Experiment:
    """A comparison of two models that know each customer by factors and by neighbours."""
    return Experiment.model_validate(
        {
            "data": {"dataset": NAME},
            "split": {"kind": "random_rows"},
            "recommenders": [{"algorithm": "ials"}, {"algorithm": "item_knn"}],
            "metrics": {"names": ["ndcg"], "k": [5]},
        }
    )


def open_shop(workspace: Workspace) -> None:
    """Two versions of the shop, segments, a comparison, a campaign, a publication, and a file whose ids are e-mail addresses."""
    save_dataset(workspace, shop(1))
    version = save_dataset(workspace, shop())
    for title, rule in SEGMENTS.items():
        segments.save(workspace, version, shop(), title, rule)
    run(workspace, question(), lambda _fraction, _message: None)
    id_ = campaigns.save(workspace, campaigns.draft(workspace, shop(), "Spring"))
    campaign_lists.prepare(workspace, id_)
    book_ads(workspace)
    publishing.publish(workspace, workspace.store.experiments(NAME)[0].id, "iALS")
    people = (MAIL, "bob@example.com", "cyd@example.com")
    rows = "".join(f"{who},i{n},2025-01-0{1 + n}\n" for who in people for n in range(4))
    with workspace.staging.scratch() as folder:
        path = folder / "mails.csv"
        path.write_text("email,item,date\n" + rows)
        import_file(workspace, path, "mails")


def live(server: AdServer, who: str) -> str:
    """Let a customer be served, click, visit and be described, and be spoken of by events that are refused."""
    decision = server.ads(who).decision.placed[0].decision_id
    asyncio.run(_told(server, who, decision))
    return decision


async def _told(server: AdServer, who: str, decision: str) -> None:
    await server.track([EventIn(f"e-{decision}", decision, "click")])
    await server.track([EventIn(f"e-{decision}", decision, "conversion")])
    await server.visit([VisitIn(f"v-{decision}", who, "i03")])
    await server.visit([VisitIn(f"v-{decision}", who, "i05")])
    await server.put_user(who, {"region": "south"})


def prepare(home: Path) -> None:
    """A copy of a workspace in which a customer lives."""
    shutil.copytree(_template(), home)
    Workspace.open(home).close()


def warm() -> None:
    """Import the loops of the models that are trained again without her."""
    for name in ("ials", "neighbours"):
        import_module(f"{_kernels.__name__}.{name}")


def do(home: Path, _number: int) -> str:
    """Erase her."""
    return erase(Workspace.open(home), RAW, who="somebody").customer


def wrong(home: Path, acknowledged: list[str]) -> tuple[list[str], list[str]]:
    """What is wrong after a kill: others must be served as before; done again, nothing of her may be left."""
    torn, lost = [], []
    if acknowledged:
        lost = _left(home)
    workspace = Workspace.open(home)
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    stage = server.ads("u05").decision.stage
    torn += [] if stage is Stage.model else [f"another customer is served by {stage}"]
    server.close()
    erase(workspace, RAW, who="somebody")
    workspace.close()
    Workspace.open(home).close()
    return [*torn, *_left(home)], lost


@cache
def _template() -> Path:
    home = Path(tempfile.mkdtemp(prefix="reco-lab-erasing-")) / "home"
    workspace = Workspace.open(home)
    pseudonym_key(workspace)
    open_shop(workspace)
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    live(server, RAW)
    server.close()
    workspace.close()
    return home


def _left(home: Path) -> list[str]:
    workspace = Workspace.open(home)
    name = Traces.of(workspace, RAW).name
    workspace.close()
    return places_of(home, RAW) + places_of(home, name)
