"""A customer erased: before, she is found all over the workspace; afterwards nowhere."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from reco_lab.cli.main import main
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.events import Stage
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.services import campaign_lists, campaigns, cards, privacy, publishing, upkeep
from reco_lab.services.ad_messages import VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.auditing import audit
from reco_lab.services.data import import_file, load_dataset, save_dataset
from reco_lab.services.erasure import erase, erase_restored
from reco_lab.services.experiments import comparison, recall, run, submit
from reco_lab.services.lost_data import SENTENCE
from reco_lab.services.pending import pending
from reco_lab.services.portrait import portrait
from reco_lab.store import server as server_store
from reco_lab.testing.erasing import ACCENTED, MAIL, RAW, live, open_shop, question, shop
from reco_lab.testing.serving import NAME
from reco_lab.testing.traces import places_of
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
do = asyncio.run


def nothing(_fraction, _message):
    """No progress."""


@pytest.fixture
def opened(knowing_her):
    return knowing_her


def found(workspace, *texts):
    return [place for text in texts for place in places_of(workspace.home, text)]


def erase_her(workspace):
    erase(workspace, RAW, who="ann")


def refuse_her(workspace):
    privacy.suppress(workspace, [RAW])


@pytest.mark.parametrize("who", [RAW, MAIL, ACCENTED])
def test_an_erased_customer_is_nowhere_and_stays_away_after_the_next_training(workspace, server, who):
    name = server.name_of(who)
    live(server, who)
    assert found(workspace, name)
    assert bool(found(workspace, who)) == (who != MAIL)

    receipt = do(server.erase(who))

    assert found(workspace, name, who) == []
    assert receipt.customer == name
    assert receipt.removed["rows of the log"] == 8
    assert receipt.removed["saved segments"] == {RAW: 2, ACCENTED: 2, MAIL: 0}[who]
    assert receipt.removed["campaigns"] == {RAW: 1, ACCENTED: 1, MAIL: 0}[who]
    assert receipt.removed["rows of data"] == (4 if who == MAIL else 12)
    answer = server.ads(who)
    assert (answer.decision.stage, answer.decision.customer) == (Stage.house, "")
    again = do(server.visit([VisitIn("again", who, "i03"), VisitIn("other", "u07", "i03")]))
    assert (again.accepted, again.refused, again.new) == (
        1,
        ((0, "She wants nothing kept about her."),),
        (1,),
    )
    with pytest.raises(InputError, match="nothing kept"):
        do(server.put_user(who, {"region": "south"}))
    run(workspace, question(), nothing)
    publishing.publish(workspace, workspace.store.experiments(NAME)[0].id, "iALS")
    do(server.refresh())
    server.ads(who)
    assert server.ads("u05").decision.stage is Stage.model
    do(server.track([]))
    assert found(workspace, name, who) == []
    assert audit(workspace).problems() == []
    assert pending(workspace) == []


def test_all_others_keep_every_row_and_their_models_are_those_of_a_shop_that_never_knew_her(
    workspace, server
):
    before = {
        one.version: load_dataset(workspace, NAME, one.version) for one in workspace.store.versions(NAME)
    }
    receipt = do(server.erase(RAW))
    after = workspace.store.versions(NAME)
    assert [one.version for one in after] == [4, 3]
    for version, data in before.items():
        frame = data.interactions.frame()
        rest = frame[frame["user"] != RAW].reset_index(drop=True)
        left = load_dataset(workspace, NAME, version + 2)
        assert left.interactions.frame().equals(rest)
        assert left.customers.equals(data.customers.drop(RAW))
        assert len(frame) == len(left.interactions) + 6
        never = Interactions.from_frame(rest, ColumnMap("user", "item", time="time", kind="kind"))
        assert left.interactions.fingerprint == never.fingerprint or len(never.item_ids) < len(data.items)
    assert "iALS, trained without her, serves now." in receipt.sentence
    plan = publishing.serving_plan(workspace)
    assert plan.fingerprint == after[0].fingerprint
    scorer = publishing.restore(workspace, plan.chain[0]).scorer
    spec, _ = workspace.artefacts.load_state(plan.chain[0].artefact)
    trained = recommender(spec).fit(load_dataset(workspace, NAME), FitContext(0)).state()
    for name, array in scorer.state().arrays.items():
        np.testing.assert_array_equal(array, trained.arrays[name])


def test_what_served_serves_everybody_else_until_the_new_is_ready(workspace, server):
    version = server.snapshot.version
    seen = []

    async def meanwhile():
        work = asyncio.create_task(server.erase(RAW))
        while not work.done():
            await asyncio.sleep(0)
            mine, other = server.ads(RAW).decision, server.ads("u05").decision
            seen.append((mine.stage, mine.customer, other.stage, other.model_version))
            await asyncio.sleep(0.02)
        return await work

    do(meanwhile())
    assert {one[2] for one in seen} == {Stage.model}
    assert {one[3] for one in seen[:-1]} <= {version, server.snapshot.version}
    assert {one[:2] for one in seen[5:]} == {(Stage.house, "")}
    assert server.snapshot.version != version


@pytest.mark.parametrize("leaves", [erase_her, refuse_her])
def test_lists_that_are_being_made_when_she_leaves_do_not_bring_her_back(workspace, leaves):
    id_ = campaigns.save(workspace, campaigns.draft(workspace, shop(), "Summer"))
    said = []

    def meanwhile(_fraction, message):
        if message.startswith("ranking") and message not in said:
            leaves(workspace)
        said.append(message)

    if leaves is erase_her:
        with pytest.raises(NotFoundError, match="run it again"):
            campaign_lists.prepare(workspace, id_, meanwhile)
        assert found(workspace, RAW) == []
    else:
        made = campaign_lists.prepare(workspace, id_, meanwhile)
        assert RAW not in {*made.customers["customer_id"], *made.items["customer_id"]}
        assert made.facts["sent"] + made.facts["held"] == len(made.customers)


def test_the_experiments_concerned_say_so_and_their_cards_too(workspace, tmp_path):
    experiment = workspace.store.experiments(NAME)[0]
    card = tmp_path / "card.json"
    card.write_text(cards.run_card(workspace, experiment.id).model_dump_json())
    answer = comparison(workspace, experiment.id)
    erase(workspace, RAW, who="ann")
    told = comparison(workspace, experiment.id)
    assert told.warnings == (SENTENCE, *answer.warnings)
    assert told.leaderboard == answer.leaderboard
    assert all(workspace.store.run(key) is None for row in told.leaderboard for key in row.run_keys)
    with pytest.raises(NotFoundError, match="lost a customer"):
        recall(workspace, experiment.id)
    with pytest.raises(NotFoundError, match="lost a customer"):
        cards.rerun(workspace, card, nothing)
    assert cards.run_card(workspace, experiment.id).data.rows == 360
    assert cards.rerun(workspace, card, nothing, dataset=NAME).compared > 0


def test_a_version_that_never_knew_her_keeps_its_place_and_its_experiments(workspace):
    save_dataset(workspace, shop(2).without(np.array([one == RAW for one in shop(2).interactions.user_ids])))
    run(workspace, question(), nothing)
    kept = workspace.store.experiments(NAME)[0]
    newest = workspace.store.dataset(NAME)
    erase(workspace, RAW, who="ann")
    versions = workspace.store.versions(NAME)
    assert [one.version for one in versions] == [6, 5, 4]
    assert (versions[0].fingerprint, versions[0].artefact) == (newest.fingerprint, newest.artefact)
    answer = comparison(workspace, kept.id)
    assert SENTENCE not in answer.warnings
    assert all(workspace.store.run(key) for row in answer.leaderboard for key in row.run_keys)


def test_data_of_nobody_else_goes_as_a_whole(workspace, tmp_path):
    (tmp_path / "one.csv").write_text(f"user,item\n{RAW},a\n{RAW},b\n")
    import_file(workspace, tmp_path / "one.csv", "one")
    erase(workspace, RAW, who="ann")
    with pytest.raises(NotFoundError):
        workspace.store.dataset("one")
    with pytest.raises(InputError, match="suppression list"):
        import_file(workspace, tmp_path / "one.csv", "one")


def test_dropped_versions_uploads_and_queued_work_do_not_keep_her(workspace):
    workspace.store.drop_dataset(NAME, 1)
    upload = workspace.staging.folder() / "orders.csv"
    upload.write_text(f"user,item\n{RAW},a\n")
    other = workspace.staging.folder() / "other.csv"
    other.write_text("user,item\nu1,a\n")
    job = submit(workspace, question())
    receipt = erase(workspace, RAW, who="ann")
    assert workspace.queue.get(job).state == "cancelled"
    assert (upload.exists(), other.exists(), receipt.removed["uploads"]) == (False, True, 1)
    assert [one.version for one in workspace.store.dropped()] == [3]
    assert found(workspace, RAW) == []


def test_a_backup_that_cannot_be_read_stops_no_erasure_and_may_hold_her(workspace):
    folder = workspace.home / "backups"
    whole = upkeep.backup(workspace).path.read_bytes()
    (folder / "none.zip").write_bytes(b"PK")
    (folder / "half.zip").write_bytes(whole[len(whole) // 2 :])
    told = erase(workspace, RAW, who="ann").remains[1]
    assert "3 backups" in told
    assert all(name in told for name in ("none.zip", "half.zip"))
    assert pending(workspace) == []


@pytest.mark.slow
def test_backups_that_hold_her_are_named_and_what_they_bring_back_is_erased_again(workspace, server):
    live(server, RAW)
    server.close()
    made = upkeep.backup(workspace)
    receipt = erase(workspace, RAW, who="ann")
    assert any(made.path.name in one for one in receipt.remains)
    workspace.clock.at += timedelta(minutes=1)
    clean = upkeep.backup(workspace)
    assert not any(clean.path.name in one for one in erase(workspace, RAW, who="ann").remains)
    upkeep.restore(made.path, workspace.home, clock=workspace.clock)
    assert found(workspace, RAW)
    assert not privacy.allowed(workspace, [RAW]).mask.any()
    assert len(erase_restored(workspace, who="ann")) == 1
    assert found(workspace, RAW, receipt.customer) == []
    assert audit(workspace).problems() == []


def test_the_server_forgets_under_which_name_she_was_logged(server):
    server.ads(RAW)
    assert RAW in server.names.known
    do(server.erase(RAW))
    server.ads(RAW)
    assert RAW not in server.names.known


@pytest.mark.slow
def test_what_an_erased_customer_was_billed_stays_billed(workspace, server):
    live(server, RAW)
    before = server.log.spending(NOON.date())
    assert sum(ever for _, ever in before.values()) == pytest.approx(0.2)
    do(server.erase(RAW))
    assert server.log.spending(NOON.date()) == before


def test_her_copy_has_everything_and_nothing_of_others(workspace, server):
    decision = live(server, RAW)
    copy = do(server.user(RAW))
    assert json.loads(json.dumps(copy, allow_nan=False)) == copy
    assert [(one["name"], one["version"], len(one["rows"])) for one in copy["data_sets"]] == [
        (NAME, 1, 6),
        (NAME, 2, 6),
    ]
    assert copy["data_sets"][0]["attributes"] == [{"region": "north", "consent": "yes"}]
    assert copy["decisions"][0]["placed"][0]["decision_id"] == decision
    assert [one["kind"] for one in copy["decisions"][0]["feedback"]] == ["click"]
    assert copy["saved_segments"] == ["Everyone"]
    assert copy["campaigns"] == ["Spring"]
    assert (len(copy["visits"]), copy["attributes_told"]) == (1, {"region": "south"})
    assert len(copy["refused_events"]) == 2
    assert not any(other in json.dumps(copy) for other in ("u05", "bob@"))
    do(server.erase(RAW))
    gone = portrait(workspace, RAW, who="ann")
    assert (gone["data_sets"], gone["decisions"], gone["visits"], gone["on_the_suppression_list"]) == (
        [],
        [],
        [],
        True,
    )


def test_an_erasure_by_pseudonym_is_the_same(workspace):
    name = AdServer.open(workspace, writer=False).name_of(MAIL)
    receipt = erase(workspace, name, who="ann")
    assert receipt.removed["rows of data"] == 4
    assert found(workspace, name, MAIL) == []
    assert not any(erase(workspace, MAIL, who="ann").removed.values())


def test_the_command_line_exports_and_erases(workspace, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    target = tmp_path / "copy.json"
    assert main(["export-customer", RAW, "--to", str(target)]) == 0
    assert len(json.loads(target.read_text("utf-8"))["data_sets"]) == 2
    assert target.stat().st_mode & 0o777 == 0o600
    assert main(["export-customer", RAW, "--to", str(target)]) == 2
    capsys.readouterr()
    assert main(["erase", RAW, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"]["versions of data sets, saved anew"] == 2
    assert found(workspace, RAW) == []
    assert main(["erase", " "]) == 2


@pytest.mark.slow
def test_on_a_database_server_two_workers_forget_her(postgresql, tmp_path, monkeypatch):
    url = postgresql.schema()
    monkeypatch.setenv("RECO_LAB_DATABASE_URL", url)
    workspace = Workspace.open(tmp_path / "home", clock=ManualClock(NOON))
    open_shop(workspace)
    servers = [AdServer.open(workspace, rng=np.random.default_rng(seed)) for seed in (0, 1)]
    for one in servers:
        live(one, RAW)
    assert in_tables(url, servers[0].name_of(RAW))

    async def both():
        asking = asyncio.create_task(servers[0].erase(RAW))
        while not asking.done():
            await servers[1].refresh()
            await servers[1].leaving.help()
            await asyncio.sleep(0.1)
        await servers[1].refresh()
        return await asking

    receipt = do(both())
    assert receipt.removed["rows of the log"] >= 10
    assert [one.ads(RAW).decision.stage for one in servers] == [Stage.house, Stage.house]
    assert in_tables(url, receipt.customer) == ["audit"]
    assert in_tables(url, RAW) == []
    assert found(workspace, RAW, receipt.customer) == []
    assert audit(workspace).problems() == []
    for one in servers:
        one.close()
    workspace.close()


def in_tables(url, text):
    """The tables of a server in which a text occurs."""
    engine = server_store.connect(url)
    with engine.connect() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
        tables = sa.inspect(engine).get_table_names(schema)
        rows = {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').all() for name in tables}
    engine.dispose()
    return sorted(name for name, found in rows.items() if text in str(found))
