"""What a person does in a real browser, from a cold server on."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def heading(page, name):
    return page.get_by_role("heading", name=name, exact=True)


def choose(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def test_a_deep_link_opened_first_on_a_cold_server_never_bypasses_the_app(serve, browser):
    url = serve()
    browser.goto(f"{url}/compare")

    expect(heading(browser, "Compare")).to_be_visible()
    expect(browser.get_by_test_id("stSidebarNav").get_by_role("link", name="Customer")).to_be_visible()
    expect(browser.get_by_text("no data yet")).to_be_visible()
    assert browser.title() == "Compare · Reco Lab"


def test_nothing_is_asked_of_any_other_host(serve, browser):
    url = serve()
    for path in ("", "/data", "/experiment", "/compare", "/customer"):
        browser.goto(url + path)
        expect(browser.get_by_role("heading", level=1)).to_be_visible()
        browser.wait_for_timeout(500)

    hosts = {
        found[0] for one in browser.requests if (found := re.findall(r"^(?:https?|wss?)://([^/]+)", one))
    }
    assert hosts == {url.removeprefix("http://")}


@pytest.mark.data
@pytest.mark.slow
def test_a_file_becomes_a_comparison_and_lists_that_follow_a_what_if(serve, browser, real_data, tmp_path):
    file = real_data("ml-100k/u.data")
    url = serve()

    browser.goto(f"{url}/data")
    browser.locator("input[type=file]").first.set_input_files(file)
    expect(heading(browser, "What the columns mean")).to_be_visible()
    browser.get_by_role("button", name="Import").click()
    expect(browser.get_by_text("100,000 of 100,000 rows are in")).to_be_visible()
    browser.get_by_role("button", name="Compare recommenders").click()

    expect(heading(browser, "Experiment")).to_be_visible()
    for split in ("Global time", "Random rows"):
        compare_eight(browser, url, split)

    browser.get_by_role("button", name="See which is better").click()
    expect(heading(browser, "Compare")).to_be_visible()
    expect(browser.get_by_role("heading", level=2).first).to_contain_text("nDCG@10")
    assert "experiment=" in browser.url
    with browser.expect_download() as download:
        browser.get_by_role("button", name="Share or export").click()
        browser.get_by_role("button", name="Leaderboard (CSV)").click()
    download.value.save_as(tmp_path / "leaderboard.csv")
    names = {
        line.split(",")[0] for line in (tmp_path / "leaderboard.csv").read_text("utf-8-sig").splitlines()[1:]
    }
    assert len(names) >= 8

    browser.get_by_test_id("stSidebarNav").get_by_role("link", name="Customer").click()
    expect(heading(browser, "What they would see")).to_be_visible()
    before = lists(browser)
    browser.get_by_role("button", name="Leave out").first.click()
    expect(browser.get_by_role("heading", level=2).first).to_contain_text("Without ")
    assert "without=" in browser.url
    browser.wait_for_timeout(500)
    assert lists(browser) != before


def compare_eight(browser, url, split):
    """Compare eight recommenders under a split, in expert mode, and wait for the verdict."""
    browser.goto(f"{url}/experiment?expert=true")
    expect(heading(browser, "Recommenders")).to_be_visible()
    for name in ("User k-NN", "BPR", "SVD", "k-NN baseline"):
        browser.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).click()
    browser.get_by_test_id("stMain").get_by_text(split, exact=True).click()
    browser.wait_for_timeout(2000)
    browser.get_by_role("button", name=re.compile("^Compare (recommenders|again)$")).click()
    expect(browser.get_by_role("button", name="Cancel").first).to_be_visible()
    expect(browser.get_by_text("The last experiment is done")).to_be_visible(timeout=300_000)


def lists(browser):
    """The recommended cards as text."""
    return browser.get_by_test_id("stMain").get_by_text(re.compile(r"^\d+\. ")).all_inner_texts()
