from datetime import UTC, datetime

import pytest

from reco_lab.core.segment import All, Attribute, Behaviour
from reco_lab.services import campaigns, data, segments

CAMPAIGNS = "pages/market/campaigns.py"
KEY = "campaign-new"


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


def at(visit, name, **query):
    """The page at a step."""
    browser = visit(CAMPAIGNS, **query)
    browser.radio(key="step").set_value(name).run()
    assert not browser.exception
    return browser


@pytest.fixture
def segment(shop):
    version = shop.store.dataset("small-shop")
    rule = All(of=(Behaviour(low=1, item="i00"),))
    return segments.save(shop, version, data.load_dataset(shop, "small-shop"), "Friends of the first", rule)


def test_without_data_the_page_says_what_it_would_do(empty, visit, says):
    assert "There is nobody to write to: no data yet" in says(visit(CAMPAIGNS))


def test_without_a_trained_recommender_it_offers_to_train(shop, other_shop, visit, says):
    data.save_dataset(shop, other_shop, "Another shop")
    browser = visit(CAMPAIGNS, dataset="another-shop")
    assert "No recommender is trained on these data yet" in says(browser)

    press(browser, "Train recommenders")

    assert [job.payload["experiment"]["data"]["dataset"] for job in shop.queue.recent(5)] == ["another-shop"]


def test_a_new_campaign_begins_with_a_whole_plan_in_a_sentence(shop, visit, says):
    told = says(visit(CAMPAIGNS))

    assert "54 of 60 customers get 4 items each, chosen by" in told
    assert "6 stay as control group" in told
    assert "A 5% lift would be seen with" in told


def test_a_segment_from_another_page_is_the_audience(shop, segment, visit, says):
    browser = visit(CAMPAIGNS, audience=segment.id)

    assert browser.multiselect(key=f"{KEY}-inside").value == [segment.id]
    assert browser.text_input(key=f"{KEY}-title").value == "Campaign for Friends of the first"
    assert f"{segment.kept.size} customers in the audience" in says(browser)


def test_a_link_to_a_segment_that_is_gone_says_so(shop, visit, says):
    assert "There is no segment “gone” here" in says(visit(CAMPAIGNS, audience="gone"))


def test_who_leaves_is_counted_with_the_reason(shop, segment, visit):
    browser = visit(CAMPAIGNS)
    browser.multiselect(key=f"{KEY}-outside").set_value([segment.id]).run()

    rows = dict(browser.dataframe[0].value.itertuples(index=False))
    assert rows["− not in the segments chosen"] == segment.kept.size
    assert rows["All customers"] == 60 == rows["In the audience"] + segment.kept.size


def test_what_was_said_at_one_step_is_kept_at_the_next(shop, visit, says):
    browser = at(visit, "what")
    browser.number_input(key=f"{KEY}-items").set_value(2).run()
    browser.radio(key="step").set_value("audience").run()

    assert "get 2 items each" in says(browser)
    browser.radio(key="step").set_value("what").run()
    assert browser.number_input(key=f"{KEY}-items").value == 2


def test_a_rule_stands_with_its_price_tag(shop, visit, says):
    browser = at(visit, "rules")
    assert "No rule yet" in says(browser)
    browser.selectbox(key=f"{KEY}-rule-kind").set_value("exclude").run()
    browser.selectbox(key=f"{KEY}-rule-by").set_value("price").run()
    browser.number_input(key=f"{KEY}-rule-low-price").set_value(5.0).run()
    press(browser, "Add it")

    assert "Nothing whose price is from 5" in says(browser)
    assert [one.label for one in browser.metric][-1] == "Lists changed"
    assert "All rules together change" in says(browser)

    press(browser, "Take away")
    assert "No rule yet" in says(browser)


def test_a_rule_that_no_item_meets_is_said_before_anything_runs(shop, visit, says):
    browser = at(visit, "rules")
    browser.selectbox(key=f"{KEY}-rule-kind").set_value("exclude").run()
    browser.selectbox(key=f"{KEY}-rule-by").set_value("price").run()
    browser.number_input(key=f"{KEY}-rule-low-price").set_value(500.0).run()
    press(browser, "Add it")

    assert "No item has 'price from 500'" in says(browser)
    assert not [one for one in browser.button if one.label == "Make the lists"]


def test_without_a_control_group_it_says_that_nothing_can_be_known(shop, visit, says):
    browser = at(visit, "control")
    assert "To see a 5% lift with 80% power you need" in says(browser)

    browser.slider(key=f"{KEY}-share").set_value(0).run()

    assert "Nobody is held back, so what this campaign does cannot be known." in says(browser)
