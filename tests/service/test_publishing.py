"""What was published goes on serving as it was, whatever becomes of data and of publications after it."""

from contextlib import closing
from datetime import timedelta

import numpy as np

from reco_lab.services import ad_loading, publishing, upkeep
from reco_lab.services.ad_server import AdServer
from reco_lab.services.data import load_dataset, save_dataset
from reco_lab.services.lineage import lineage
from reco_lab.testing.serving import NAME, publish_plan


def shown(workspace):
    with closing(AdServer.open(workspace, rng=np.random.default_rng(0))) as server:
        assert server.readiness().ready
        return [one.ad_id for one in server.ads("u30", n=5).decision.placed]


def test_what_serves_keeps_the_data_it_learnt_from_when_they_are_taken_away(workspace):
    """Another version has other customers and items at the same places: none stands in, none is forgotten."""
    mine = load_dataset(workspace, NAME)
    before = shown(workspace)
    save_dataset(workspace, mine.without(np.isin(mine.interactions.user_ids, ["u00", "u01"])))
    upkeep.drop(workspace, NAME, 1)
    workspace.clock.at += timedelta(days=400)
    upkeep.tidy(workspace, upkeep.Retention(dropped=0, versions=0), dry_run=False)
    assert shown(workspace) == before
    assert lineage(workspace)[0].data_version == 1


def test_one_goes_back_from_a_publication_however_many_came_after_it(workspace):
    first, plan = workspace.publications.serving(), publishing.serving_plan(workspace)
    gone = plan.chain[0].model_copy(update={"artefact": "0" * 64})
    publish_plan(workspace, plan.model_copy(update={"chain": (gone,)}))
    for _ in range(60):
        publish_plan(workspace, plan)
    for _ in range(60):
        publishing.rollback(workspace)
    assert publishing.goes_back(workspace)
    loaded, trouble = ad_loading.load_whole(workspace, [])
    assert trouble is not None
    assert loaded.snapshot.version == first.version
    assert publishing.rollback(workspace) == first
    assert not publishing.goes_back(workspace)
