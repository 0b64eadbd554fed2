HOME = "pages/start/home.py"


def test_an_empty_workspace_offers_a_file_or_the_demo_shop(empty, visit, says):
    browser = visit(HOME)

    assert "There is no data here yet" in says(browser)
    assert [one.label for one in browser.button] == ["Bring your data", "Load the demo shop"]


def test_the_last_verdict_comes_first(shop, visit, says):
    browser = visit(HOME)

    assert "nDCG" in browser.header[0].value
    assert "Example data" in says(browser)
    assert "Look at a customer" in [one.label for one in browser.button]
