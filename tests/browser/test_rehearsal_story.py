"""Start traffic on the Ads page: simulated customers come, the click rate moves, and it is stopped."""

import re

import pytest
from playwright.sync_api import expect

from reco_lab.services import rehearsal
from reco_lab.services.demo import ensure_demo
from reco_lab.services.rehearsal import Phase
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 120_000


@pytest.fixture
def home(tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    ensure_demo(workspace)
    workspace.close()
    return tmp_path / "home"


def click_rate(page):
    return (
        page.get_by_test_id("stMetric")
        .filter(has_text="Click rate")
        .get_by_test_id("stMetricValue")
        .inner_text()
    )


def test_one_press_brings_customers_and_the_click_rate_moves(serve, visitors, home):
    page, workspace = visitors(), Workspace.open(home)
    page.goto(f"{serve(home)}/ads")
    page.get_by_role("button", name="Start traffic").click()
    expect(page.get_by_text("Simulated customers are visiting")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("in the shop$"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The A/B test", exact=True)).to_be_visible(timeout=PATIENCE)
    first = click_rate(page)
    until(lambda: click_rate(page) != first, PATIENCE / 1000)
    assert re.fullmatch(r"\d+\.\d%", first)

    page.get_by_role("button", name="Stop", exact=True).last.click()
    expect(page.get_by_role("button", name="Start traffic again")).to_be_visible(timeout=PATIENCE)
    assert rehearsal.look(workspace).status.phase is Phase.over
    page.get_by_role("button", name="Look at it in the Monitor").click()
    expect(page.get_by_text("Rehearsal, over")).to_be_visible()
    expect(page.get_by_role("heading", name="Monitor")).to_be_visible()
