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


def test_a_publication_that_serves_no_more_goes_with_its_models_when_its_time_is_over(workspace):
    first, plan = workspace.publications.serving(), publishing.serving_plan(workspace)
    days = upkeep.Retention(publications=30)
    published = []
    for number in range(3):
        workspace.clock.at += timedelta(days=20)
        chain = tuple(_again(workspace, link, number) for link in plan.chain)
        published.append(publish_plan(workspace, plan.model_copy(update={"chain": chain, "parent": None})))
    assert upkeep.tidy(workspace).publications == ()  # by default they stay for ever
    told = upkeep.tidy(workspace, days, dry_run=False)
    assert told.publications == (first.number,)  # the second served until 20 days ago
    assert "1 publication" in told.sentence
    assert not {link.artefact for link in plan.chain} & set(workspace.artefacts.ids())
    workspace.clock.at += timedelta(days=100)
    assert upkeep.tidy(workspace, days, dry_run=False).publications == (published[0].number,)
    assert publishing.rollback(workspace) == published[1]  # the way back stays open
    assert shown(workspace)
    assert upkeep.diagnostics(workspace, thorough=True).problems == ()


def test_what_the_gate_may_still_ask_for_is_no_publication_too_many(workspace):
    days, first = upkeep.Retention(publications=0), workspace.publications.serving()
    for weight in (
        0.1,
        0.2,
        0.3,
        0.4,
    ):  # the same models each time, so that the first is what the last came from
        publishing.change(workspace, bid_weight=weight)
    workspace.clock.at += timedelta(days=400)
    assert upkeep.tidy(workspace, days, dry_run=False).publications == ()
    plan = publishing.serving_plan(workspace)
    for number in range(3):
        chain = tuple(_again(workspace, link, number) for link in plan.chain)
        publish_plan(workspace, plan.model_copy(update={"chain": chain, "parent": None}))
    workspace.clock.at += timedelta(days=1)
    told = upkeep.tidy(workspace, days, dry_run=False)
    assert first.number in told.publications
    assert len(told.publications) == 6
    assert len(workspace.publications.history()) == 2


def _again(workspace, link, number):
    """The same model as if it had been trained once more."""
    kept = workspace.artefacts.load(link.artefact)
    return link.model_copy(
        update={
            "artefact": workspace.artefacts.save(
                kept.kind, arrays=kept.arrays, meta={**kept.meta, "time": number}
            )
        }
    )


def test_the_number_of_a_publication_that_was_forgotten_is_never_given_again(workspace):
    """Rounds, turns and the audit trail speak of publications by their numbers."""
    publications, plan = workspace.publications, publishing.serving_plan(workspace)
    gone = [publish_plan(workspace, plan).number for _ in range(2)]
    publishing.rollback(workspace)
    publications.forget([gone[1]])
    assert publish_plan(workspace, plan).number > gone[1]


def test_the_way_back_leads_past_what_somebody_went_back_from(workspace):
    first = workspace.publications.serving()
    bad = publishing.change(workspace, bid_weight=0.9)
    assert publishing.rollback(workspace) == first
    publishing.change(workspace, bid_weight=0.1)
    assert publishing.rollback(workspace) == first
    assert not publishing.goes_back(workspace)
    last = publishing.change(workspace, bid_weight=0.2)
    workspace.publications.forget([first.number])
    assert workspace.publications.serving() == last
    assert publishing.rollback(workspace).number > bad.number  # nothing else is left
