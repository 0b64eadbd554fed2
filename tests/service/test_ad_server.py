"""Asked, told what came of it, and at once the wiser: the server of ads over a real workspace."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.cli import main
from reco_lab.core.ads import Ad, Billing
from reco_lab.core.conditions import Listed
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.events import Stage
from reco_lab.services import bookings, privacy, publishing, segments
from reco_lab.services.ad_messages import EventIn, VisitIn
from reco_lab.services.ad_server import AdServer
from reco_lab.services.data import load_dataset
from reco_lab.services.demo import FOLDER, ensure_demo
from reco_lab.store.events import writer
from reco_lab.testing.serving import NAME, compare
from reco_lab.workspace import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ids(answer):
    return [ad.id for ad in answer.ads]


def do(work):
    return asyncio.run(work)


def test_a_known_customer_gets_ads_of_the_model_with_a_reason_and_the_decision_is_logged(server):
    answer = server.ads("u04", n=3)
    made = answer.decision
    assert (made.stage, made.arm, made.policy) == (Stage.model, "everybody", "greedy")
    assert all(int(ad.item[1:]) % 2 == 0 for ad in answer.ads)
    assert answer.reasons[0].startswith("Because you went for Item ")
    assert [one.propensity for one in answer.decision.placed] == [1.0] * 3
    do(server.track([]))
    again = server.log.decision(answer.decision.placed[0].decision_id)
    assert again[0] == answer.decision


def test_a_stranger_gets_what_is_popular_and_what_she_does_changes_the_next_answer(server):
    before = server.ads("stranger", n=3)
    assert before.decision.stage in {Stage.segment, Stage.popular}
    told = do(server.visit([VisitIn(f"v{n}", "stranger", f"i{n:02d}", "purchase") for n in (1, 3, 5)]))
    assert (told.accepted, told.new) == (3, (0, 1, 2))
    after = server.ads("stranger", n=3)
    assert after.decision.stage is Stage.model
    assert all(int(ad.item[1:]) % 2 == 1 for ad in after.ads)
    assert not {"ad-i01", "ad-i03", "ad-i05"} & set(ids(after))


def test_what_was_told_is_still_known_after_a_restart(workspace, server):
    do(server.visit([VisitIn("v1", "stranger", "i01", "purchase")]))
    do(server.put_user("guest", {"region": "south"}))
    answer = ids(server.ads("stranger", n=5))
    server.close()
    again = AdServer.open(workspace)
    assert ids(again.ads("stranger", n=5)) == answer
    assert again.people.told[again.name_of("guest")] == {"region": "south"}
    again.close()


def test_an_event_sent_twice_counts_once_and_a_click_is_billed_once(server):
    answer = server.ads("u00")
    placed = answer.decision.placed[0]
    click = EventIn("e1", placed.decision_id, "click")
    assert do(server.track([click, click])).accepted == 1
    assert do(server.track([click])).duplicates == 1
    assert do(server.track([EventIn("e2", placed.decision_id, "click")])).accepted == 1
    place = server.snapshot.booked.places[placed.ad_id]
    assert server.standing.accounts.billed(place).today == pytest.approx(0.2)
    other = do(server.track([EventIn("e1", placed.decision_id, "conversion")]))
    assert "different content" in other.refused[0][1]
    assert "No decision" in do(server.track([EventIn("e9", "nobody", "click")])).refused[0][1]


def test_budgets_and_caps_hold_over_a_restart(workspace, server):
    do(
        server.put_ad(
            Ad(
                id="dear",
                title="Dear",
                bid=1.0,
                billing=Billing.decision,
                daily_budget=4.0,
                cap_per_day=1,
                slots=("top",),
            )
        )
    )
    for ad in bookings.ads(workspace):
        if ad.id != "dear":
            bookings.pause(workspace, ad.id)
    assert do(server.refresh())
    got = [ids(server.ads(f"u{user:02d}", "top")) for user in range(6)]
    assert got == [["dear"]] * 3 + [[]] * 3
    server.close()
    again = AdServer.open(workspace)
    assert ids(again.ads("u07", "top")) == []
    assert ids(again.ads("u00", "top")) == []
    workspace.clock.at = NOON + timedelta(days=1)
    do(again.refresh())
    assert ids(again.ads("u00", "top")) == ["dear"]
    again.close()


def test_a_publication_takes_its_place_between_two_answers_and_a_rollback_too(workspace, server):
    first = server.ads("u00").decision.model_version
    publishing.change(workspace, policy={"policy": "epsilon_greedy", "epsilon": 0.5})
    assert server.ads("u00").decision.model_version == first
    assert do(server.refresh())
    second = server.ads("u00").decision
    assert (second.policy, second.model_version != first) == ("epsilon_greedy", True)
    publishing.rollback(workspace)
    assert do(server.refresh())
    assert server.ads("u00").decision.model_version == first
    with pytest.raises(NotFoundError, match="no earlier publication"):
        publishing.rollback(workspace)


def test_a_day_that_comes_again_as_a_clock_is_set_back_has_the_books_it_had(workspace, server, monkeypatch):
    monkeypatch.setattr(writer, "DECISIONS_WAIT", 60.0)  # the tables do not have them yet
    do(server.put_ad(Ad(id="once", title="Once", bid=1.0, billing=Billing.decision, cap_per_day=1, slots=("top",), daily_budget=5.0)))  # fmt: skip
    for ad in bookings.ads(workspace):
        if ad.id != "once":
            bookings.pause(workspace, ad.id)
    do(server.refresh())
    assert ids(server.ads("u00", "top")) == ["once"]
    for moment, shown in ((NOON + timedelta(days=1), ["once"]), (NOON + timedelta(seconds=1), [])):
        workspace.clock.at = moment
        do(server.refresh())
        assert ids(server.ads("u00", "top")) == shown
    assert server.standing.accounts.billed(server.snapshot.booked.places["once"]).today == 1.0
    with closing(AdServer.open(workspace, writer=False)) as onlooker:
        workspace.clock.at -= timedelta(days=1)
        do(onlooker.refresh())
        assert onlooker.standing.accounts.day == workspace.clock.now().date()


def test_a_click_told_while_the_books_are_made_anew_is_billed_once(workspace, server):
    do(server.put_ad(Ad(id="click", title="Click", bid=2.0, billing=Billing.click, slots=("top",))))
    placed = next(one for one in server.ads("u00", "top", n=25).decision.placed if one.ad_id == "click")

    async def at_once():
        telling = asyncio.create_task(server.track([EventIn("c", placed.decision_id, "click")]))
        await asyncio.sleep(0)
        workspace.clock.at -= timedelta(days=1)
        await server.refresh()
        return await telling

    assert do(at_once()).accepted == 1
    place = server.snapshot.booked.places["click"]
    assert server.standing.accounts.billed(place).ever == 2.0
    assert server.standing.appeal.counts()["click"] == (1, 1)


def test_who_objects_gets_house_ads_and_nothing_of_her_is_logged(workspace, server):
    privacy.suppress(workspace, ["u00"])
    do(server.refresh())
    answer = server.ads("u00")
    assert (ids(answer), answer.decision.customer, answer.decision.stage) == (["house"], "", Stage.house)
    do(server.put_user("u02", {"consent": "no"}))
    assert ids(server.ads("u02")) == ["house"]
    assert server.recommendations("u00").items == ()


def test_recommendations_leave_out_what_was_bought(server):
    found = server.recommendations("u04", 10)
    log = server.data.interactions
    mine = log.users == log.user_ids.get_loc("u04")
    bought = {str(log.item_ids[item]) for item in log.items[mine & (log.kinds == 4)]}
    assert len(found.items) == 10
    assert not bought & {item for item, _, _ in found.items}


def test_with_nothing_published_ads_are_served_all_the_same(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    bookings.book(workspace, Ad(id="a", title="An ad"))
    server = AdServer.open(workspace)
    answer = server.ads("anybody")
    assert (ids(answer), answer.decision.model_version) == (["a"], "unpublished")
    server.close()


def test_consent_that_was_withdrawn_stays_so_when_something_else_is_told(server):
    do(server.put_user("u02", {"Consent": "no"}))
    do(server.put_user("u02", {"region": "south"}))
    assert ids(server.ads("u02")) == ["house"]
    do(server.put_user("u02", {"consent": "yes"}))
    assert ids(server.ads("u02")) != ["house"]


def test_a_cap_that_is_put_on_an_ad_counts_what_was_shown_before(server):
    do(server.put_ad(Ad(id="new", title="New", slots=("side",))))
    for _ in range(3):
        assert "new" in ids(server.ads("u04", "side", 20))
    do(server.track([]))
    do(server.put_ad(Ad(id="new", title="New", slots=("side",), cap_per_day=3)))
    assert "new" not in ids(server.ads("u04", "side", 20))


def test_one_process_serves_a_workspace(workspace, server):
    with pytest.raises(InputError, match="already served by another process"):
        AdServer.open(workspace)


def test_publishing_names_what_it_cannot_find(workspace):
    with pytest.raises(NotFoundError, match="There are: "):
        publishing.publish(workspace, workspace.store.experiments()[0].id, "Nobody")


def test_an_ad_booked_through_the_server_is_in_the_next_answer(server):
    assert do(server.put_ad(Ad(id="new", title="New", slots=("side",), item="i00"))) is None
    assert "new" in ids(server.ads("u04", "side", 20))
    assert "new" not in ids(server.ads("u04", "", 20))


def test_weighing_says_of_every_ad_what_takes_it_out(server):
    weighed = server.weigh("u04")
    assert weighed.open.sum() == len(weighed.open) - (~weighed.rules["bought already"]).sum()
    assert not server.log.decisions()


def test_the_champion_is_published_when_no_model_is_named(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    done = publishing.publish(workspace, compare(workspace))
    plan = publishing.serving_plan(workspace)
    assert (done.version, [link.stage for link in plan.chain][-1]) == (plan.version, Stage.popular)


def test_publish_and_rollback_from_the_command_line(workspace, monkeypatch, capsys):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    before = workspace.publications.serving().version
    assert main(["publish", "--recommender", "EASE", "--policy", "epsilon_greedy:epsilon=0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["policy"]) == ("EASE", {"policy": "epsilon_greedy", "epsilon": 0.2})
    assert workspace.publications.serving().version == told["version"] != before
    assert main(["rollback"]) == 0
    assert "Item k-NN serves again" in capsys.readouterr().out
    assert workspace.publications.serving().version == before
    assert main(["publish", "--policy", "epsilon_greedy:lots"]) == 2
    assert "no setting" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("policy", "said"),
    [("nonsense", "no policy called 'nonsense'"), ("epsilon_greedy:epsilon=7", "epsilon")],
)
def test_a_policy_that_cannot_be_is_refused_and_what_serves_stays(
    workspace, monkeypatch, capsys, policy, said
):
    monkeypatch.setenv("RECO_LAB_HOME", str(workspace.home))
    before = workspace.publications.serving()
    assert main(["publish", "--policy", policy]) == 2
    assert said in capsys.readouterr().err
    assert workspace.publications.serving() == before


def test_a_route_with_a_policy_that_cannot_be_is_refused_and_what_serves_stays(workspace):
    before = workspace.publications.serving()
    with pytest.raises(NotFoundError, match="no policy called 'nonsense'"):
        publishing.change(workspace, routes=[{"name": "Dutch", "policy": {"policy": "nonsense"}}])
    assert workspace.publications.serving() == before


def test_an_ad_that_the_model_knows_nothing_of_does_not_claim_to_be_chosen_by_it(server):
    told = do(server.put_ad(Ad(id="unknown", title="Unknown", slots=("side",), item="no such item")))
    assert "do not know the item 'no such item'" in told
    assert do(server.put_ad(Ad(id="nothing", title="For no item", slots=("side",)))) is None
    answer = server.ads("u04", "side", 50)
    said = dict(zip(ids(answer), answer.reasons, strict=True))
    assert {said["unknown"], said["nothing"]} == {"One of the ads that may be shown here."}


def test_the_simulated_ads_of_the_demo_shop_are_not_shown_to_real_customers(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    bookings.ensure_demo_ads(workspace, FOLDER)
    bookings.book(workspace, Ad(id="own", title="Our own"))
    publishing.publish(workspace, compare(workspace))
    assert [ad.id for ad in bookings.ads(workspace) if not ad.paused] == ["own"]
    bookings.pause(workspace, "house-returns", paused=False)
    publishing.publish(workspace, workspace.store.experiments()[0].id)
    assert not bookings.ad(workspace, "house-returns").paused


def test_the_demo_shop_beside_data_that_serve_brings_no_ads(workspace):
    before = bookings.ads(workspace)
    ensure_demo(workspace)
    assert bookings.ads(workspace) == before


@pytest.mark.slow
def test_the_first_answer_compiles_nothing(tmp_path):
    """In a process of its own, where nothing was loaded before."""
    script = (
        "import sys\n"
        "from reco_lab.services.ad_server import AdServer\n"
        "from reco_lab.workspace import Workspace\n"
        "AdServer.open(Workspace.open()).close()\n"
        "assert 'reco_lab.serving._kernels.relevance' in sys.modules\n"
        "assert 'reco_lab.core._kernels.ranking' in sys.modules\n"
    )
    environment = os.environ | {"RECO_LAB_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@pytest.mark.slow
def test_a_server_starts_without_what_only_analyses_need():
    script = (
        "import sys\n"
        "import reco_lab.api.running\n"
        "assert not {'scipy.stats', 'scipy.optimize', 'joblib', 'duckdb'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_one_impression_told_changes_no_click_rate_and_a_restart_none_either(workspace, server):
    placed = [server.ads("u04").decision.placed[0] for _ in range(20)]
    told = [EventIn("seen", placed[0].decision_id, "impression")]
    told += [EventIn(f"c{number}", placed[number].decision_id, "click") for number in range(3)]
    do(server.track(told))
    counted = server.standing.appeal.counts()
    assert counted == {placed[0].ad_id: (20, 3)}
    server.close()
    again = AdServer.open(workspace)
    assert again.standing.appeal.counts() == counted
    again.close()


def test_the_candidates_that_are_logged_are_those_the_policy_chose_among(workspace, server):
    publishing.change(workspace, policy={"policy": "uniform_random"})
    assert do(server.refresh())
    decision = server.ads("u04", n=2).decision
    assert [one.propensity for one in decision.placed] == [
        1 / decision.n_candidates,
        1 / (decision.n_candidates - 1),
    ]
    assert decision.rules["of the house, which come last"] == 1
    everything = server.ads("u04", n=100).decision
    assert everything.placed[-1].ad_id == "house"
    assert everything.n_candidates == len(everything.placed) - 1 == decision.n_candidates
    assert everything.candidates == decision.candidates
    assert everything.placed[0].propensity == 1 / everything.n_candidates
    assert len(everything.considered.scores) == everything.n_candidates
    assert "of the house, which come last" not in everything.rules


def test_an_ad_that_chance_chose_is_not_said_to_be_chosen_for_her(workspace, server):
    assert server.ads("u04").reasons[0].startswith("Because you went for")
    publishing.change(workspace, policy={"policy": "uniform_random"})
    assert do(server.refresh())
    assert set(server.ads("u04", n=3).reasons) == {"Drawn by chance from the ads that may be shown here."}


def test_an_ad_that_everybody_gets_is_not_said_to_be_chosen_for_her(workspace, server):
    publishing.change(workspace, policy={"policy": "fixed"})
    assert do(server.refresh())
    assert set(server.ads("u04", n=3).reasons) == {"One of the ads that may be shown here."}


def test_a_bestseller_is_not_said_to_rest_on_what_she_did(workspace, server):
    publishing.publish(workspace, workspace.store.experiments(NAME)[0].id, "Most popular")
    assert do(server.refresh())
    answer = server.ads("u04", n=3)
    assert answer.decision.stage is Stage.model
    assert set(answer.reasons) == {"Popular just now."}


def test_an_ad_that_a_random_model_put_first_is_not_said_to_be_the_shops_own(workspace, server):
    publishing.publish(workspace, workspace.store.experiments(NAME)[0].id, "Random")
    assert do(server.refresh())
    assert set(server.ads("u04", n=3).reasons) == {"One of the ads that may be shown here."}


def test_ads_and_routes_may_ask_for_saved_segments_counted_when_they_were_published(workspace, server):
    data, version = load_dataset(workspace, NAME), workspace.store.dataset(NAME)
    segments.save(workspace, version, data, "Few", Listed(ids=("u04",)))
    bookings.book(workspace, Ad(id="few", title="For few", item="i03", segments=("Few",)))
    publishing.change(workspace, routes=[{"name": "few", "policy": publishing.GREEDY, "segments": ["Few"]}])
    do(server.refresh())
    told = [server.ads(who, n=100).decision for who in ("u04", "u05", "stranger")]
    found = [(one.arm, "few" in [ad.ad_id for ad in one.placed]) for one in told]
    assert found == [("few", True), ("everybody", False), ("everybody", False)]
