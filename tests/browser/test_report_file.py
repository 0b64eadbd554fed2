"""The report as a stakeholder meets it: on the projector, as a link, and as a file opened without a network."""

import re

import pytest
from playwright.sync_api import expect

from reco_lab.core.experiment import Experiment
from reco_lab.services import data, demo, experiments
from reco_lab.testing.hostile import settle
from reco_lab.workspace import Workspace

pytestmark = pytest.mark.browser


@pytest.fixture
def told(tmp_path):
    """A home with a finished comparison on a small simulated shop."""
    workspace = Workspace.open(tmp_path / "told")
    demo.make_dataset(workspace, "little-shop", customers=300, seed=1)
    models = [{"algorithm": "ease"}, {"algorithm": "item_knn"}]
    split = experiments.default_split(data.load_dataset(workspace, "little-shop"))
    asked = {"name": "Told", "data": {"dataset": "little-shop"}, "recommenders": models, "split": split}
    experiments.run(workspace, Experiment.model_validate(asked), report=lambda _fraction, _message: None)
    workspace.close()
    return tmp_path / "told"


def test_a_story_is_shown_sent_and_opened_without_a_network(serve, browser, told, tmp_path):
    url = serve(told)
    browser.goto(f"{url}/report?persona=loyal&order=50&present=1")
    expect(browser.get_by_text("1 of 6")).to_be_visible()
    expect(browser.get_by_test_id("stSidebarNav")).to_have_count(0)
    browser.get_by_role("button", name="Next").click()
    expect(browser.get_by_role("heading", level=1)).to_contain_text("A loyal customer, C")
    browser.keyboard.press("Escape")
    expect(browser.get_by_role("button", name="Present")).to_be_visible()
    expect(browser).to_have_url(re.compile(r"/report\?(?!.*present=).*order=50"))
    settle(browser)  # what opens while the page is still drawn closes again when that is done

    with browser.expect_download() as download:
        browser.get_by_role("button", name="Share or export").click()
        browser.get_by_role("button", name="Report (HTML, one file)").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    hosts = {
        found[0] for one in browser.requests if (found := re.findall(r"^(?:https?|wss?)://([^/]+)", one))
    }
    assert hosts == {url.removeprefix("http://")}

    browser.context.set_offline(True)
    browser.requests.clear()
    browser.goto(path.as_uri())
    expect(browser.get_by_role("heading", level=1)).to_be_visible()
    expect(browser.get_by_text("Example data (simulated)")).to_be_visible()
    assert browser.get_by_role("img").count() >= 2
    assert browser.get_by_text("50.00").count() >= 1
    assert browser.requests == [path.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    browser.emulate_media(media="print")
    table = browser.get_by_role("table").first
    assert table.bounding_box()["height"] > 20
