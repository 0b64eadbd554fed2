"""What serves when a publication is damaged: the one before, until it is mended."""

import asyncio

import pytest

from reco_lab.core.events import Stage
from reco_lab.services import ad_health, ad_server, bookings, privacy, publishing
from reco_lab.services.ad_server import AdServer


def ids(answer):
    return [ad.id for ad in answer.ads]


def do(work):
    return asyncio.run(work)


def test_a_damaged_publication_is_refused_and_the_one_before_serves_on(workspace, server):
    before = server.ads("u00").decision.model_version
    changed = publishing.change(workspace, bid_weight=0.5)
    link = publishing.serving_plan(workspace).chain[0].artefact
    arrays = workspace.artefacts.path(link) / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-20])
    assert not do(server.refresh())
    assert server.ads("u00").decision.model_version == before != changed.version
    ready = server.readiness()
    assert not ready.ready
    assert "the one before serves on" in ready.problems[0]


def test_a_damaged_publication_serves_once_it_is_mended(workspace, server, monkeypatch):
    changed = publishing.change(workspace, bid_weight=0.5)
    arrays = workspace.artefacts.path(publishing.serving_plan(workspace).chain[0].artefact) / "arrays.npz"
    whole = arrays.read_bytes()
    arrays.write_bytes(whole[:-20])
    assert not do(server.refresh())
    arrays.write_bytes(whole)
    assert not do(server.refresh())
    monkeypatch.setattr(ad_health, "AGAIN_SECONDS", 0.0)
    assert do(server.refresh())
    assert server.readiness().ready
    assert server.ads("u00").decision.model_version == changed.version


def test_what_could_not_be_read_at_all_is_read_the_next_time(workspace, server, monkeypatch):
    shown = ids(server.ads("u04"))[0]
    bookings.pause(workspace, shown)
    with monkeypatch.context() as broken:
        broken.setattr(ad_server.bookings, "ads", lambda _workspace: {}["the database does not answer"])
        with pytest.raises(KeyError):
            do(server.refresh())
    assert do(server.refresh())
    assert shown not in ids(server.ads("u04", n=20))


def test_ads_and_wishes_hold_also_while_a_publication_is_refused(workspace, server):
    assert server.ads("u04").decision.stage is Stage.model
    workspace.publications.publish("strange", {"written by": "another program"}, None)
    assert not do(server.refresh())
    shown = ids(server.ads("u04"))[0]
    bookings.pause(workspace, shown)
    privacy.suppress(workspace, ["u06"])
    assert not do(server.refresh())
    assert shown not in ids(server.ads("u04", n=20))
    assert server.ads("u04").decision.stage is Stage.model
    assert server.ads("u06").decision.stage is Stage.house
    assert "refused" in server.readiness().problems[0]


def test_a_start_with_a_damaged_publication_serves_the_one_before_and_says_so(workspace, server):
    before = server.snapshot.version
    server.close()
    workspace.publications.publish("strange", {"written by": "another program"}, None)
    again = AdServer.open(workspace)
    assert again.ads("u04").decision.model_version == before
    assert "refused" in again.readiness().problems[0]
    again.close()
    for link in publishing.Plan.model_validate(workspace.publications.history()[1].spec).chain:
        (workspace.artefacts.path(link.artefact) / "manifest.json").write_text("{}")
    bare = AdServer.open(workspace)
    answer = bare.ads("u04")
    assert (answer.decision.model_version, len(answer.ads)) == ("unpublished", 1)
    bare.close()
