"""A customer erased: before, she is found all over the workspace; afterwards nowhere."""

import asyncio
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.events import Stage
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import publishing
from reco_lab.services.ad_messages import EventIn, VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.auditing import audit
from reco_lab.services.data import import_file, load_dataset, save_dataset
from reco_lab.services.experiments import run
from reco_lab.services.pending import pending
from reco_lab.testing.serving import NAME, book_ads, small_shop
from reco_lab.testing.traces import places_of
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RAW, MAIL, ACCENTED = "customer-zq17", "ann.zq@example.com", "Zoë-Ωmega-字"


def nothing(_fraction, _message):
    """No progress."""


def renamed(data, names):
    """The data set with customers under other ids."""
    frame = data.interactions.frame().assign(user=lambda table: table["user"].replace(names))
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    return Dataset.join(data.name, log, data.customers.rename(index=names), data.items)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A shop that serves: three customers of unusual names, two versions, an import with e-mail addresses."""
    place = tmp_path_factory.mktemp("erasure")
    workspace = Workspace.open(place / "home", clock=ManualClock(NOON))
    names = {"u00": RAW, "u02": ACCENTED}
    first = renamed(small_shop(1), names)
    save_dataset(workspace, first)
    save_dataset(workspace, renamed(small_shop(), names))
    asked = {
        "data": {"dataset": NAME},
        "split": {"kind": "random_rows"},
        "recommenders": [{"algorithm": "ials"}, {"algorithm": "item_knn"}],
        "metrics": {"names": ["ndcg"], "k": [5]},
    }
    from reco_lab.core.experiment import Experiment

    run(workspace, Experiment.model_validate(asked), nothing)
    book_ads(workspace)
    publishing.publish(workspace, workspace.store.experiments(NAME)[0].id, "iALS")
    rows = "".join(
        f"{who},i{n},2025-01-0{1 + n}\n"
        for who in (MAIL, "bob@example.com", "cyd@example.com")
        for n in range(4)
    )
    (place / "mails.csv").write_text("email,item,date\n" + rows)
    import_file(workspace, place / "mails.csv", "mails")
    workspace.close()
    return place / "home"


@pytest.fixture
def workspace(opened, tmp_path):
    shutil.copytree(opened, tmp_path / "home")
    found = Workspace.open(tmp_path / "home", clock=ManualClock(NOON))
    yield found
    found.close()


@pytest.fixture
def server(workspace):
    serving = AdServer.open(workspace, rng=np.random.default_rng(0))
    yield serving
    serving.close()


def do(work):
    return asyncio.run(work)


def live(server, who):
    """Let her be served, click, visit, be described, and send an event twice with other content."""
    answer = server.ads(who)
    placed = answer.decision.placed[0].decision_id
    do(server.track([EventIn(f"e-{placed}", placed, "click")]))
    do(server.track([EventIn(f"e-{placed}", placed, "conversion")]))
    do(server.visit([VisitIn(f"v-{placed}", who, "i03")]))
    do(server.visit([VisitIn(f"v-{placed}", who, "i05")]))
    do(server.put_user(who, {"region": "south"}))
    return answer


@pytest.mark.parametrize("who", [RAW, MAIL, ACCENTED])
def test_an_erased_customer_is_nowhere_and_stays_away_after_the_next_training(workspace, server, who):
    name = server.name_of(who)
    live(server, who)
    data = load_dataset(workspace, NAME).interactions
    assert places_of(workspace.home, name)
    assert (who == MAIL) == (not places_of(workspace.home, who))

    receipt = do(server.erase(who))

    assert (places_of(workspace.home, name), places_of(workspace.home, who)) == ([], [])
    assert receipt.customer == name
    assert receipt.removed["rows of the log"] >= 6
    answer = server.ads(who)
    assert (answer.decision.stage, answer.decision.customer) == (Stage.house, "")
    assert (
        do(server.visit([VisitIn("again", who, "i03")])).refused[0][1] == "She wants nothing kept about her."
    )
    with pytest.raises(InputError, match="nothing kept"):
        do(server.put_user(who, {"region": "south"}))
    left = load_dataset(workspace, NAME).interactions
    mine = {RAW, ACCENTED} & {who}
    assert len(left) + receipt.removed["rows of data"] // 2 * len(mine) == len(data)
    experiment = workspace.store.experiments(NAME)[0]
    publishing.publish(workspace, _run_again(workspace, experiment), "iALS")
    server.ads(who)
    do(server.refresh())
    assert server.ads("u05").decision.stage is Stage.model
    do(server.track([]))
    assert (places_of(workspace.home, name), places_of(workspace.home, who)) == ([], [])
    assert audit(workspace).problems() == []
    assert pending(workspace) == []


def _run_again(workspace, experiment):
    from reco_lab.services.experiments import experiment_of

    run(workspace, experiment_of(experiment), nothing)
    return workspace.store.experiments(NAME)[0].id
