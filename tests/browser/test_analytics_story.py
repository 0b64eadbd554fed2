"""Web analytics and a shop's tables come in through a real browser, and recommenders learn from them."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import Kind
from reco_lab.services import data, experiments
from reco_lab.services.samples import make_sample
from reco_lab.simulation.spec import Shop
from reco_lab.workspace import Workspace

pytestmark = pytest.mark.browser

JOURNEY = Path(os.environ.get("RECO_LAB_TEST_DATA", "")) / "complete-journey"


def trained(workspace, name):
    """The recommenders that learned from a data set without an error."""
    asked = Experiment.model_validate(
        {
            "name": name,
            "seeds": 1,
            "data": {"dataset": name},
            "split": {"kind": "last_n"},
            "recommenders": [{"algorithm": "most_popular"}, {"algorithm": "recently_popular"}],
            "metrics": {"names": ["ndcg"], "k": [10]},
        }
    )
    found = experiments.run(workspace, asked, report=lambda _fraction, _message: None)
    return {row.algorithm for row in found.leaderboard if row.error is None}


def upload(page, label, path):
    page.locator("[data-testid=stFileUploader]", has_text=label).locator("input[type=file]").set_input_files(
        path
    )


def test_an_export_of_google_analytics_becomes_a_data_set_that_trains(serve, browser, tmp_path):
    home = tmp_path / "home"
    workspace = Workspace.open(home)
    export = make_sample(workspace, "ga4", shop=Shop(customers=80, items=60, ads=1, days=60, test_days=0))
    url = serve(home)
    browser.goto(f"{url}/data")
    browser.locator("input[type=file]").first.set_input_files(export)

    expect(browser.get_by_text("3 types of event matter")).to_be_visible()
    expect(browser.get_by_role("heading", name="What the events mean", exact=True)).to_be_visible()
    browser.get_by_role("button", name="Import").click()
    expect(browser.get_by_text("is ready")).to_be_visible()
    log = data.load_dataset(workspace, "ga4-sample").interactions
    assert set(log.kinds) == {Kind.view, Kind.cart, Kind.purchase}
    assert {"most_popular", "recently_popular"} <= trained(workspace, "ga4-sample")


@pytest.mark.skipif(not JOURNEY.is_dir(), reason="the data set is not at hand")
def test_the_complete_journey_comes_in_with_its_products_and_households(serve, browser, tmp_path):
    home = tmp_path / "home"
    url = serve(home)
    browser.goto(f"{url}/data")
    browser.locator("input[type=file]").first.set_input_files(JOURNEY / "transactions_sample.csv")
    expect(browser.get_by_role("heading", name="What the columns mean", exact=True)).to_be_visible()
    browser.get_by_text("Tables of customers and items (optional)").click()
    for label, file in (("Customers", "demographics.csv"), ("Items", "products.csv")):
        upload(browser, label, JOURNEY / file)
        expect(browser.get_by_text(file, exact=False)).to_be_visible()
    expect(browser.get_by_role("button", name="Leave it out")).to_have_count(2)
    expect(browser.locator("[data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    browser.get_by_role("button", name="Import").click()

    expect(browser.get_by_text("is ready")).to_be_visible(timeout=120_000)
    workspace = Workspace.open(home)
    found = data.load_dataset(workspace, "transactions_sample")
    assert found.customers is not None
    assert {"income", "age"} <= set(found.customers)
    assert found.items is not None
    assert {"brand", "department"} <= set(found.items)
    assert {"most_popular", "recently_popular"} <= trained(workspace, "transactions_sample")
