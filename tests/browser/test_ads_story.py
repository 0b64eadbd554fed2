"""The Ads page in a real browser beside a real service: publish, ask, click, buy, and read why."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from reco_lab.core.ads import Ad
from reco_lab.core.experiment import Experiment
from reco_lab.services import bookings, data, experiments
from reco_lab.testing.shops import standard
from reco_lab.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SERVE = "import sys; from reco_lab.cli import main; sys.exit(main())"
ASKED = {
    "name": "Which one?",
    "data": {"dataset": "shop"},
    "split": {"kind": "last_n"},
    "recommenders": [{"algorithm": "ease"}, {"algorithm": "item_knn"}],
    "metrics": {"names": ["ndcg"], "k": [5]},
}


@pytest.fixture
def home(tmp_path):
    """A shop that was compared, with an ad for each item."""
    workspace = Workspace.open(tmp_path / "home")
    shop = replace(standard().train, name="shop")
    data.save_dataset(workspace, shop, "A shop")
    experiments.run(workspace, Experiment.model_validate(ASKED), report=lambda _fraction, _message: None)
    for item in shop.interactions.item_ids:
        bookings.book(workspace, Ad(id=f"ad-{item}", title=f"Ad for {item}", item=str(item), bid=0.2))
    bookings.book(workspace, Ad(id="house", title="Newsletter", house=True))
    workspace.close()
    return tmp_path / "home"


@pytest.fixture
def service(home):
    """`reco-lab serve --demo`, as a process of its own."""
    settings = {"RECO_LAB_HOME": str(home), "RECO_LAB_DEMO": "0"}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", "--demo", "--port", "0"], env=os.environ | settings
    )
    note = home / "serving.json"
    for _ in range(240):
        assert server.poll() is None, "the service ended while starting"
        if note.exists():
            break
        time.sleep(0.25)
    yield json.loads(note.read_text("utf-8"))["url"]
    server.terminate()
    server.wait(20)


def cards(page):
    return page.get_by_test_id("stMain").get_by_text(re.compile(r"^\d\. Ad for "))


def test_publish_ask_click_buy_and_read_why(serve, browser, home, service):
    url = serve(home)
    browser.goto(f"{url}/ads")
    expect(browser.get_by_text("Nothing is published yet")).to_be_visible()
    browser.get_by_role("button", name="Publish the champion").click()
    expect(browser.get_by_role("heading", name=re.compile("serves, .* ads run"))).to_be_visible(
        timeout=120_000
    )

    browser.get_by_role("button", name="Ask for ads").click()
    expect(browser.get_by_role("heading", name=re.compile(r"Answered in \d+ ms"))).to_be_visible()
    expect(cards(browser)).to_have_count(3)
    before = cards(browser).all_inner_texts()

    browser.get_by_role("button", name="She clicked").first.click()
    expect(browser.get_by_text("The next answer")).to_be_visible()
    browser.get_by_role("button", name="She bought").first.click()
    expect(browser.get_by_text(re.compile("She bought “Ad for .* changed; new: .* gone: "))).to_be_visible()
    expect(cards(browser)).not_to_have_text(before)

    browser.get_by_role("tab", name="Connect").click()
    command = browser.locator("code").filter(has_text="curl").first.inner_text().partition("\n")[0]
    assert service in command
    answer = json.loads(subprocess.run(command, shell=True, capture_output=True, check=True).stdout)
    assert len(answer["ads"]) == 2

    browser.goto(f"{url}/ads?section=Decisions&decision={answer['request_id']}")
    expect(browser.get_by_role("heading", name="Why did she see these ads?")).to_be_visible()
    expect(browser.get_by_text("a website asked for ads")).to_be_visible()
    hosts = {found[0] for one in browser.requests if (found := re.findall(r"^https?://([^/]+)", one))}
    assert hosts == {url.removeprefix("http://")}
