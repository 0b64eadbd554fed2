from reco_lab.services import campaign_lists, campaigns, certificate, data, experiments

HOME = "pages/start/home.py"


def test_an_empty_workspace_offers_a_file_or_the_demo_shop(empty, visit, says):
    browser = visit(HOME)

    assert "There is no data here yet" in says(browser)
    assert [one.label for one in browser.button] == ["Bring your data", "Load the demo shop"]


def test_the_last_verdict_comes_first(shop, visit, says):
    browser = visit(HOME)

    assert "beat the bestseller list in “Small shop”" in browser.header[0].value
    assert "nDCG" not in says(browser)
    assert "Example data" in says(browser)
    assert "Look at a customer" in [one.label for one in browser.button]


def test_a_comparison_leads_on_to_a_campaign_until_its_lists_are_made(shop, visit, says):
    assert "Lists for your mailing tool" in says(visit(HOME))
    plan = campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Spring")
    id_ = campaigns.save(shop, plan)
    assert "“Spring” has no lists yet" in says(visit(HOME))
    campaign_lists.prepare(shop, id_)

    assert "“Spring” has its lists" in says(visit(HOME))


def test_one_real_customer_is_shown(shop, visit, says):
    browser = visit(HOME)

    assert any("would show to c" in one.value for one in browser.header)
    assert "Because of" in says(browser)


def test_an_expert_sees_the_numbers_of_the_verdict(shop, visit, says):
    assert "nDCG@5" in says(visit(HOME).toggle(key="expert").set_value(True).run())


def test_the_page_says_what_the_product_is(empty, visit, says):
    assert "Reco Lab trains recommenders" in says(visit(HOME))


def test_a_calibration_that_runs_is_not_taken_for_a_comparison(shop, other_shop, visit, says):
    data.save_dataset(shop, other_shop, "Another shop")
    certificate.submit(shop)
    browser = visit(HOME, dataset="another-shop")

    assert "Calibration certificate" in says(browser)
    assert "Nothing compared yet" in says(browser)
    assert "Compare recommenders" in [one.label for one in browser.button]


def test_a_comparison_that_waits_or_runs_is_the_step_under_way(shop, other_shop, visit, says, question):
    data.save_dataset(shop, other_shop, "Another shop")
    experiments.submit(shop, question(data={"dataset": "another-shop"}))
    browser = visit(HOME, dataset="another-shop")

    assert "Is running now" in says(browser)
    assert "Compare recommenders" not in [one.label for one in browser.button]
