"""How an export comes in, in a real browser: what is wrong in it is found, mended, and repeated by its recipe."""

import json
import os
import subprocess
import sys

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROWS = [
    f"c{customer}@example.com;P-{(customer * 7 + turn * 3) % 12:03d};0{1 + turn}/0{1 + customer % 9}/2026;1;4.50"
    for customer in range(30)
    for turn in range(5)
]
EXPORT = "\n".join(
    ["customer_email;product;bought on;qty;price", *ROWS, ROWS[0], ROWS[1], ";P-001;01/02/2026;1;2.00"]
)


def heading(page, name):
    return page.get_by_role("heading", name=name, exact=True)


def keep(page, button, path):
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(path)
    return path


def replayed(home, file, recipe, name):
    """What the command line says that it did."""
    command = [
        sys.executable,
        "-c",
        "from reco_lab.cli import main; raise SystemExit(main())",
        "data",
        "import",
        str(file),
        "--name",
        name,
    ]
    done = subprocess.run(
        [*command, "--recipe", str(recipe), "--json"],
        env=os.environ | {"RECO_LAB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_messy_export_is_asked_about_mended_and_repeated_by_its_recipe(serve, browser, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text(EXPORT)
    home = tmp_path / "home"
    url = serve(home)
    browser.goto(f"{url}/data")
    browser.locator("input[type=file]").first.set_input_files(export)

    expect(browser.get_by_text("1 question that only you can answer")).to_be_visible()
    expect(browser.get_by_role("button", name="Import")).to_be_disabled()
    browser.get_by_text("The day", exact=True).click()
    for found in ("Personal data in ids", "Rows without customer", "Duplicates"):
        expect(heading(browser, found)).to_be_visible()
    browser.get_by_role("button", name="Import").click()

    expect(browser.get_by_text("150 of 153 rows are in")).to_be_visible()
    refused = keep(browser, "The 3 rows left out (CSV)", tmp_path / "refused.csv").read_text("utf-8-sig")
    assert len(refused.splitlines()) == 4
    assert ",154," in refused
    recipe = keep(browser, "The recipe (TOML)", tmp_path / "export.recipe.toml")
    again = replayed(home, export, recipe, "again")
    first = replayed(home, export, recipe, "export")
    assert again["loaded"] == 150
    assert again["fingerprint"] == first["fingerprint"]
    assert first["version"] == 1

    browser.get_by_role("button", name="Explore it").click()
    expect(heading(browser, "Explore")).to_be_visible()


@pytest.mark.data
@pytest.mark.slow
def test_a_real_shops_export_is_cleaned_and_compared(serve, browser, real_data, tmp_path):
    file = real_data("online-retail/OnlineRetail.csv")
    home = tmp_path / "home"
    url = serve(home)
    browser.goto(f"{url}/data")
    browser.locator("input[type=file]").first.set_input_files(file)

    expect(browser.get_by_text("Windows-1252").first).to_be_visible()
    expect(heading(browser, "What we found")).to_be_visible(timeout=180_000)
    expect(browser.get_by_text("135,080 rows (24.9%) have no usable customer id")).to_be_visible()
    expect(heading(browser, "Cancelled orders")).to_be_visible()
    browser.get_by_role("button", name="Import").click()
    expect(browser.get_by_text("392,692 of 541,909 rows are in")).to_be_visible(timeout=180_000)
    expect(browser.get_by_text("month before day")).to_be_visible()

    recipe = keep(browser, "The recipe (TOML)", tmp_path / "retail.recipe.toml")
    replay = replayed(home, file, recipe, "onlineretail")
    assert (replay["version"], replay["loaded"]) == (1, 392_692), "the same content makes no second version"

    browser.get_by_role("button", name="Compare recommenders").click()
    expect(heading(browser, "Experiment")).to_be_visible()
    browser.get_by_role("button", name="Compare recommenders").click()
    expect(browser.get_by_text("The last experiment is done")).to_be_visible(timeout=600_000)
