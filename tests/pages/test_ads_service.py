"""The Ads page over a service that really answers, on a workspace with a published model."""

import json
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread
from time import sleep

import pytest
import uvicorn

from reco_lab.api.building import build
from reco_lab.api.note import noted
from reco_lab.api.service import Service
from reco_lab.api.settings import ApiSettings
from reco_lab.client import Client, Event
from reco_lab.core.ads import Ad
from reco_lab.core.recommender import algorithms
from reco_lab.services import ad_calls, bookings, data, decisions, experiments, keys, privacy, publishing
from reco_lab.store.events import writer
from reco_lab.testing.serving import publish_chain
from reco_lab.testing.shops import standard
from reco_lab.testing.waiting import until
from reco_lab.ui.ad_connect import snippets
from reco_lab.workspace import Workspace

ADS = "pages/market/ads.py"
BOOKED = (
    *(Ad(id=f"a{n:02d}", title=f"Ad for thing {n}", item=f"i{n:02d}", bid=0.3) for n in range(20)),
    Ad(id="home", title="Only at home", item="i01", slots=("home",)),
    Ad(id="house", title="Newsletter", house=True),
)


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.fixture(scope="session")
def published(finished, tmp_path_factory):
    """A home whose champion is published, with ads."""
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(finished, home)
    workspace = Workspace.open(home)
    publishing.publish(workspace, experiments.listing(workspace, "small-shop")[0].id, "EASE")
    for ad in BOOKED:
        bookings.book(workspace, ad)
    workspace.close()
    return home


@pytest.fixture(autouse=True)
def _no_other_app_answers(monkeypatch):
    monkeypatch.setattr("reco_lab.ui.ad_status.own_address", lambda: "")


@pytest.fixture
def home(published, copied):
    return copied(published)


@contextmanager
def serving(workspace, *, demo):
    """The service as `reco-lab serve` runs it, in a thread."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = build(Service.open(ApiSettings(demo=demo), workspace))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.02)
    with noted(workspace, f"http://127.0.0.1:{port}"):
        yield
    server.should_exit = True
    thread.join()


@pytest.fixture
def served(home):
    """The service over the published home, for this machine and without a key."""
    with serving(Workspace.open(home.home), demo=True):
        yield home


@pytest.fixture
def guarded(home):
    """The service with keys, as a website meets it."""
    with serving(Workspace.open(home.home), demo=False):
        yield home


def newest(visit):
    """The first row of the Decisions tab, once there is one."""
    table = until(lambda: visit(ADS, section="Decisions").dataframe)[0].value
    return table.iloc[0]


def outcomes(browser):
    return browser.dataframe[0].value.set_index("Id")["Outcome"].to_dict()


def test_without_the_service_the_page_names_the_command(home, visit, says):
    browser = visit(ADS)

    assert "EASE is published, and the service does not run." in says(browser)
    assert browser.code[0].value == "reco-lab serve --demo"
    assert "Once the service runs" in says(browser)


def test_it_opens_with_what_serves(served, visit, says):
    browser = visit(ADS)

    assert "EASE serves, 22 ads run." in says(browser)
    assert "Learnt from Small shop · Policy: Best first · version" in says(browser)
    assert [one.label for one in browser.button if one.proto.type == "primary"] == ["Ask for ads"]


def test_an_answer_shows_every_ad_and_why_it_lost(served, visit, says):
    browser = press(visit(ADS, user="c00"), "Ask for ads")

    said, table = says(browser), outcomes(browser)
    assert re.search(r"Answered in \d+ ms: the model that serves ranked them", said)
    assert sorted(one for one in table.values() if one.startswith("Place")) == [
        "Place 1",
        "Place 2",
        "Place 3",
    ]
    assert table["home"] == "Lost: not for this slot"
    assert table["house"] == "Lost: the house's ads come last"
    assert "Lost: ranked 4" in table.values()
    assert len(table) == len(BOOKED)


def test_what_serves_counts_an_ad_that_was_paused_just_now_no_more(served, visit, says):
    browser = visit(ADS, section="Ads", ad="a01")
    assert "EASE serves, 22 ads run." in says(browser)

    assert "EASE serves, 21 ads run." in says(press(browser, "Pause it"))


def test_a_paused_ad_is_said_to_be_paused(served, visit):
    bookings.pause(served, "a01")
    browser = press(visit(ADS, user="c00"), "Ask for ads")

    assert outcomes(browser)["a01"] == "Lost: paused"


def test_once_other_data_serve_a_customer_of_theirs_is_asked_for(served, visit):
    browser = visit(ADS)
    assert browser.selectbox(key="user").value == "c00"

    other = replace(standard().train, name="another-shop")
    data.save_dataset(served, other, "Another shop")
    publish_chain(served, other, algorithms()["ease"](), "EASE")
    browser.run()

    assert browser.selectbox(key="user").value == str(other.interactions.user_ids[0])
    assert "c00" not in browser.selectbox(key="user").options


def test_what_she_buys_is_in_the_next_answer(served, visit, says):
    browser = press(visit(ADS, user="c00"), "Ask for ads")
    first = next(id_ for id_, outcome in outcomes(browser).items() if outcome == "Place 1")

    browser.button(key=f"purchase-1-{first}").click().run()

    assert not browser.exception
    assert "She bought" in says(browser)
    assert "gone: Ad for thing" in says(browser)
    assert outcomes(browser)[first] == "Lost: bought already"


def test_a_stranger_is_served_by_a_stand_in_and_it_says_so(served, visit, says):
    browser = visit(ADS, user="nobody knows me")
    press(browser, "Ask for ads")

    assert "no model knows her, so what is popular was taken" in says(browser)


def test_a_service_with_keys_is_asked_with_a_key_made_for_the_page(guarded, visit, says):
    browser = press(visit(ADS, user="c00"), "Ask for ads")

    assert "Answered in" in says(browser)
    assert [one.name for one in keys.keys(guarded)] == ["Ads page of the app"]
    assert "asks for a key" in says(visit(ADS, section="Connect"))


def test_a_decision_is_found_and_tells_its_story(served, visit, says):
    browser = press(visit(ADS, user="c00"), "Ask for ads")
    first = next(id_ for id_, outcome in outcomes(browser).items() if outcome == "Place 1")
    browser.button(key=f"click-1-{first}").click().run()
    log, hers = decisions.open_log(served), decisions.Sought(customer="c00")
    until(lambda: len(decisions.search(served, log, hers)) == 2)
    before = decisions.search(served, log, hers)[-1]

    said = says(visit(ADS, section="Decisions", decision=before.request_id))

    assert "Why did she see these ads?" in said
    assert (
        "20 ads could have been chosen; kept out: 1 not for this slot, 1 of the house, which come last."
        in said
    )
    assert f"Place 1: Ad for thing {int(first[1:])}; that was certain. A click on it costs 0.30." in said
    assert re.search(r"She saw it \(\d\d:\d\d:\d\d\), she clicked it", said)
    assert len(visit(ADS, section="Decisions").dataframe[0].value) == 2
    table = visit(ADS, section="Ads").dataframe[0].value.set_index("Id")
    assert table["Spent today"][table["Spent today"] > 0].to_dict() == {first: 0.3}
    assert table.loc[first, ["Seen", "Clicked"]].tolist() == [1, 1]
    assert table["Decisions"].sum() == 6


def test_a_link_to_a_decision_of_this_moment_waits_until_the_log_has_it(served, visit, says, monkeypatch):
    with Client(ad_calls.address(served, "")) as client:
        client.ads("c01")
        until(lambda: decisions.search(served, decisions.open_log(served), decisions.Sought(customer="c01")))
        monkeypatch.setattr(writer, "DECISIONS_WAIT", 2.0)
        answered = client.ads("c00")[0].decision_id
    assert decisions.one(decisions.open_log(served), answered) is None

    assert "Why did she see this ad?" in says(visit(ADS, section="Decisions", decision=answered))
    assert "There is no decision “gone” in the log." in says(visit(ADS, section="Decisions", decision="gone"))


def test_who_allows_nothing_gets_the_house_and_the_page_says_why(served, visit, says):
    with Client(ad_calls.address(served, "")) as client:
        privacy.suppress(served, ["c00"])
        until(lambda: [one.ad_id for one in client.ads("c00")] == ["house"])

    browser = press(visit(ADS, user="c00"), "Ask for ads")

    assert outcomes(browser)["house"] == "Place 1"
    assert (
        outcomes(browser)["a00"]
        == "Lost: that would have used what is known of her, which she does not allow"
    )
    until(lambda: newest(visit)["Customer"] == "(not kept)")
    opened = visit(ADS, section="Decisions", decision=newest(visit)["Request"])
    assert "which she does not allow" in says(opened)


def test_the_log_is_searched(served, visit, says):
    press(visit(ADS, user="c00"), "Ask for ads")
    browser = visit(ADS, section="Decisions")

    browser.text_input(key="decisions-customer").set_value("c01").run()
    assert "No decision is like that." in says(browser)
    until(lambda: browser.text_input(key="decisions-customer").set_value("c00").run().dataframe)
    assert len(browser.dataframe[0].value) == 1


def test_before_any_decision_the_tab_says_how_to_get_one(home, visit, says):
    assert "No decision was made yet" in says(visit(ADS, section="Decisions"))


def test_a_policy_is_chosen_with_its_price_and_taken_back(served, visit, says):
    browser = visit(ADS, section="Policy")
    assert "Nothing is left to chance" in says(browser)

    browser.selectbox(key="policy").set_value("epsilon_greedy").run()
    assert "about 95 of 1,000 first places go to another ad" in says(browser)
    press(browser, "Let this serve")
    assert publishing.serving_plan(served).policy == {"policy": "epsilon_greedy", "epsilon": 0.1}

    press(browser, "Back to what served before")
    assert publishing.serving_plan(served).policy == {"policy": "greedy"}


def test_a_key_is_shown_once_rotated_and_revoked(home, visit, says):
    browser = press(visit(ADS, section="Connect"), "Make it")
    text = next(one.value for one in browser.code if one.value.startswith("rl_"))
    assert keys.check(home, text).name == "website"

    press(browser, "I have it")
    assert not [one for one in browser.code if one.value.startswith("rl_")]

    press(browser, "Revoke")
    assert keys.check(home, text) is None


def test_the_python_to_paste_works(served):
    url = json.loads((served.home / "serving.json").read_text("utf-8"))["url"]
    script = snippets(url, "c00", "")["python"]

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "Ad for thing" in done.stdout
    assert done.stdout.splitlines()[-1] == "{'accepted': 1, 'duplicates': 0, 'refused': []}"


def test_the_python_to_paste_works_also_where_no_ad_runs(home):
    for ad in bookings.ads(home):
        bookings.pause(home, ad.id)
    with serving(Workspace.open(home.home), demo=True):
        url = json.loads((home.home / "serving.json").read_text("utf-8"))["url"]
        script = snippets(url, "c00", "")["python"]
        assert subprocess.run([sys.executable, "-c", script], check=True).returncode == 0


def test_publishing_is_offered_where_nothing_is_published(shop, visit):
    browser = visit(ADS)
    assert [one.label for one in browser.button if one.proto.type == "primary"] == ["Publish the champion"]

    press(browser, "Publish the champion")

    job = shop.queue.recent(1)[0]
    assert (job.kind, job.live) == (publishing.JOB, True)


def test_without_data_the_page_leads_to_it(empty, visit, says):
    browser = visit(ADS)

    assert "No data yet, so no model can serve" in says(browser)
    assert [one.label for one in browser.button if one.proto.type == "primary"] == ["Bring your data"]


def test_without_a_comparison_the_page_leads_to_one(empty, other_shop, visit, says):
    from reco_lab.services import data

    data.save_dataset(Workspace.open(empty), other_shop, "Another shop")

    assert "Nothing has been compared on this data set yet" in says(visit(ADS))


def test_a_policy_that_learns_shows_what_it_knows_once_it_serves(served, visit, says):
    browser = visit(ADS, section="Policy")
    browser.selectbox(key="policy").set_value("thompson").run()
    assert "while it knows nothing yet" in says(browser)
    assert "It has not learnt anything yet" in says(browser)
    press(browser, "Let this serve")
    with Client(ad_calls.address(served, "")) as client:
        shown = [client.ads(f"c{one:02d}", n=2) for one in range(20)]
        client.track(
            *(Event(one.decision_id, one.decision_id, "click") for pair in shown for one in pair[:1])
        )
    until(lambda: "seems best" in says(visit(ADS, section="Policy")))
