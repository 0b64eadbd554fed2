"""The Campaigns page in a real browser: from a segment of the demo shop to a file for the mailing tool, and what it did."""

import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from reco_lab.core.experiment import Experiment
from reco_lab.services import campaign_lists, campaigns, data, demo, experiments, segments
from reco_lab.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ASKED = {
    "name": "Which one?",
    "seeds": 1,
    "data": {"dataset": demo.DEMO},
    "split": {"kind": "global_time"},
    "recommenders": [{"algorithm": "item_knn"}, {"algorithm": "recently_popular"}],
    "metrics": {"names": ["ndcg"], "k": [10]},
}


@pytest.fixture
def home(tmp_path):
    """The demo shop, compared."""
    workspace = Workspace.open(tmp_path / "home")
    demo.ensure_demo(workspace)
    experiments.run(workspace, Experiment.model_validate(ASKED), report=lambda _fraction, _message: None)
    workspace.close()
    return tmp_path / "home"


def answer(page):
    return page.get_by_test_id("stMain").get_by_role("heading", level=2).first


def test_from_a_segment_to_a_checked_file_in_four_clicks(serve, browser, home, tmp_path):
    workspace = Workspace.open(home)
    browser.goto(f"{serve(home)}/segments")
    browser.get_by_role("button", name="Save as a segment").click()
    browser.get_by_role("button", name="Save and use in a campaign").click()
    expect(answer(browser)).to_contain_text("get 4 items each")
    (segment,) = segments.listing(workspace, demo.DEMO)
    plan = answer(browser).inner_text()
    assert "stay as control group" in plan

    browser.get_by_role("button", name="Make the lists").click()
    expect(browser.get_by_role("button", name="Download the list")).to_be_visible(timeout=120_000)
    expect(browser.get_by_text(re.compile("Because you ")).first).to_be_visible()
    with browser.expect_download() as taken:
        browser.get_by_role("button", name="Download the list").click()
    path = tmp_path / taken.value.suggested_filename
    taken.value.save_as(path)

    (record,) = campaigns.listing(workspace)
    people = campaign_lists.prepared(workspace, record.id).customers
    inside = segments.members(workspace, data.load_dataset(workspace, demo.DEMO), segment.id)
    sent, held = (set(people.loc[people["group"] == one, "customer_id"]) for one in ("sent", "control"))
    file = pd.read_csv(path, dtype="str", encoding="utf-8-sig")
    assert path.name.startswith("simulated-campaign-")
    assert set(file["simulated"]) == {"Example data (simulated)"}
    assert len(file) == len(sent) == int(plan.replace(",", "").split()[0])
    assert held
    assert set(file["customer_id"]) == sent
    assert len(people) <= inside.sum()
    assert not any(str(cell).startswith(("=", "+", "-", "@")) for cell in file.to_numpy().ravel())

    browser.get_by_text("7. What it did").click()
    browser.get_by_role("button", name="See what it did").click()
    expect(browser.get_by_text(re.compile("There are no purchases after"))).to_be_visible()
    workspace.close()
