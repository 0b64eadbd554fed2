import pytest

from reco_lab.campaigns.spec import Audience, ControlGroup
from reco_lab.core.conditions import Rfm
from reco_lab.core.segment import All, Behaviour
from reco_lab.services import campaign_lists, campaigns, data, segments

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
    assert "which lift can be seen cannot be told beforehand" in told


def test_the_steps_stand_in_a_row_and_leave_room_for_the_question_on_a_telephone(shop, visit):
    assert visit(CAMPAIGNS).radio(key="step").proto.horizontal


def test_whoever_is_in_this_very_campaign_stays_in_its_audience(shop, visit, says):
    plain = campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Spring")
    id_ = campaigns.save(shop, plain.model_copy(update={"audience": Audience(rest_days=30)}))
    campaign_lists.prepare(shop, id_)
    browser = at(visit, "control", campaign=id_)
    browser.slider(key=f"campaign-{id_}-share").set_value(20).run()

    assert "48 of 60 customers get 4 items each" in says(browser)


def test_a_segment_from_another_page_is_the_audience(shop, segment, visit, says):
    browser = visit(CAMPAIGNS, audience=segment.id)

    assert browser.multiselect(key=f"{KEY}-inside").value == [segment.id]
    assert browser.text_input(key=f"{KEY}-title").value == "Campaign for Friends of the first"
    assert f"{segment.kept.size} customers in the audience" in says(browser)


def test_a_class_is_chosen_as_the_audience_in_one_step_and_is_a_segment_by_the_way(shop, visit, says):
    browser = visit(CAMPAIGNS)
    browser.text_input(key=f"{KEY}-title").set_value("Spring").run()
    browser.selectbox(key=f"{KEY}-class").set_value("need attention").run()

    (kept,) = segments.listing(shop, "small-shop")
    assert (kept.title, kept.definition) == ("Need attention", Rfm(classes=("need attention",)))
    assert browser.multiselect(key=f"{KEY}-inside").value == [kept.id]
    assert browser.text_input(key=f"{KEY}-title").value == "Spring"
    assert f"{kept.kept.size} customers in the audience" in says(browser)
    browser.selectbox(key=f"{KEY}-class").set_value("need attention").run()
    browser.selectbox(key=f"{KEY}-class").set_value("hibernating").run()
    assert "Nobody fulfils this rule" in says(browser)
    assert len(segments.listing(shop, "small-shop")) == 1


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


def test_the_same_items_for_everybody_are_as_many_as_were_chosen(shop, visit, says):
    browser = at(visit, "what")
    browser.segmented_control(key=f"{KEY}-way").set_value("fixed").run()
    browser.multiselect(key=f"{KEY}-fixed").set_value(["i01", "i02"]).run()

    assert "get 2 items each, the same for everybody" in says(browser)


def test_a_rule_stands_with_its_price_tag(shop, visit, says):
    browser = at(visit, "rules")
    assert "No rule yet" in says(browser)
    browser.selectbox(key=f"{KEY}-rule-kind").set_value("exclude").run()
    browser.selectbox(key=f"{KEY}-rule-by").set_value("price").run()
    browser.number_input(key=f"{KEY}-rule-low-price").set_value(5.0).run()
    press(browser, "Add it")

    assert "Nothing whose price" in says(browser)
    assert [one.label for one in browser.metric][-1] == "Lists changed"
    assert "All rules together change" in says(browser)

    browser.session_state[f"{KEY}-change-0"] = True
    browser.run()
    low = next(one for one in browser.number_input if one.label == "from" and one.value == 5.0)
    low.set_value(9.0).run()
    press(browser, "Keep the change")
    assert "Nothing whose price is 9 or more" in says(browser)
    assert "price is 5" not in says(browser)

    press(browser, "Take away")
    assert "No rule yet" in says(browser)


def test_a_rule_that_no_item_meets_is_said_before_anything_runs(shop, visit, says):
    browser = at(visit, "rules")
    browser.selectbox(key=f"{KEY}-rule-kind").set_value("exclude").run()
    browser.selectbox(key=f"{KEY}-rule-by").set_value("price").run()
    browser.number_input(key=f"{KEY}-rule-low-price").set_value(500.0).run()
    press(browser, "Add it")

    assert "No item has 'price is 500 or more'" in says(browser)
    assert not [one for one in browser.button if one.label == "Make the lists"]


def test_without_a_control_group_it_says_that_nothing_can_be_known(shop, visit, says):
    browser = at(visit, "control")
    assert "100% of the customers in it bought: how many are needed cannot be known" in says(browser)

    browser.slider(key=f"{KEY}-share").set_value(0).run()

    assert "Nobody is held back, so what this campaign does cannot be known." in says(browser)


@pytest.fixture
def made(shop):
    """A campaign with its lists."""
    plain = campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Spring")
    id_ = campaigns.save(shop, plain)
    campaign_lists.prepare(shop, id_)
    return id_


def test_making_the_lists_saves_the_campaign_and_queues_the_work(shop, visit, says):
    browser = press(visit(CAMPAIGNS), "Make the lists")

    (record,) = campaigns.listing(shop)
    assert [(job.kind, job.payload["id"]) for job in shop.queue.recent(5)] == [("campaign", record.id)]
    assert browser.query_params["campaign"] == record.id
    assert "Waiting for its turn**: Lists of Campaign of" in says(browser)
    assert next(one for one in browser.button if one.label == "Make the lists").disabled


def test_without_a_campaign_chosen_the_page_lists_them_with_their_state(shop, made, visit, says):
    campaigns.save(shop, campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Summer"))
    browser = visit(CAMPAIGNS)

    assert "2 campaigns, 1 with lists to send" in says(browser)
    states = browser.dataframe[0].value.set_index("Campaign")["State"]
    assert states["Summer"] == "Draft"
    assert states["Spring"].startswith("Lists made on")


def test_lists_that_are_made_are_previewed_customer_by_customer(shop, made, visit, says):
    browser = at(visit, "preview", campaign=made)
    assert "54 customers get 4 items each, 6 are held back." in says(browser)
    assert len(browser.subheader) == 3
    assert "Because you went for" in says(browser)

    people = campaign_lists.prepared(shop, made).customers
    held = people.loc[people["group"] == "control", "customer_id"].iloc[0]
    browser.text_input(key=f"campaign-{made}-sought").set_value(held).run()
    assert "In the control group: gets nothing" in says(browser)

    browser.text_input(key=f"campaign-{made}-sought").set_value("nobody").run()
    assert "Nobody of the audience has “nobody” in the id." in says(browser)


def test_the_export_shows_the_layout_that_is_chosen(shop, made, visit):
    browser = at(visit, "export", campaign=made)
    assert "item_1" in browser.dataframe[0].value
    browser.selectbox(key=f"campaign-{made}-layout").set_value("mailchimp").run()

    shown = browser.dataframe[0].value
    assert "Email Address" in shown
    assert set(shown["SIMULATED"]) == {"Example data (simulated)"}


def test_a_changed_campaign_says_that_its_lists_are_of_before(shop, made, visit, says):
    browser = at(visit, "what", campaign=made)
    browser.number_input(key=f"campaign-{made}-items").set_value(2).run()

    assert "It was changed after its lists were made." in says(browser)
    press(browser, "Keep both")
    assert len(campaigns.listing(shop)) == 2


def test_a_campaign_is_deleted_when_that_is_said_twice(shop, made, visit, says):
    browser = press(visit(CAMPAIGNS, campaign=made), "Yes, delete it")

    assert "Spring is deleted." in says(browser)
    assert campaigns.listing(shop) == []


def test_a_plan_is_kept_as_a_draft_and_deleted_again(shop, visit, says):
    browser = press(visit(CAMPAIGNS), "Keep as a draft")
    assert "is kept as a draft." in says(browser)
    assert [one.artefact for one in campaigns.listing(shop)] == [None]
    assert not [one for one in browser.button if one.label == "Keep as a draft"]

    press(browser, "Yes, delete it")
    assert campaigns.listing(shop) == []


def test_a_campaign_that_is_not_there_says_so(shop, visit, says):
    assert "There is no campaign “gone” here." in says(visit(CAMPAIGNS, campaign="gone"))


def bring_purchases(browser, shop, made):
    """Brings a file with purchases of both groups of a campaign."""
    people = campaign_lists.prepared(shop, made).customers
    sent = people.loc[people["group"] == "sent", "customer_id"]
    held = people.loc[people["group"] == "control", "customer_id"]
    rows = [f"{who},2026-03-0{8 + n},{10 + n}.5" for n in range(2) for who in [*sent[:40], *held[:5]]]
    browser.segmented_control(key=f"campaign-{made}-where").set_value("file").run()
    file = "\n".join(["customer,time,paid", *rows]).encode()
    browser.file_uploader(key="campaign-purchases").upload("purchases.csv", file).run()


def test_purchases_in_a_file_say_what_it_did(shop, made, visit, says):
    browser = at(visit, "results", campaign=made)
    assert "When the campaign is sent, wait 14 days" in says(browser)
    browser.number_input(key=f"campaign-{made}-each").set_value(0.5)
    bring_purchases(browser, shop, made)
    assert browser.selectbox(key=f"campaign-{made}-amount").value == "paid"
    press(browser, "See what it did")

    kept = campaigns.listing(shop)[0].result
    assert kept["lines"][0]["treated"] == 54
    assert kept["sentence"] in says(browser)
    assert "54 who got it against 6 customers held back by chance." in says(browser)
    money = {one.label: one.value for one in browser.metric}
    assert money["Cost"] == "27.00"
    assert "Revenue left after sending" in money
    assert "What the goods cost is not taken off" in says(browser)
    (row,) = visit(CAMPAIGNS).dataframe[0].value.itertuples(index=False)
    assert len(row.State) < 30


def test_a_campaign_whose_sending_cost_nothing_shows_its_money_once(shop, made, visit, says):
    browser = at(visit, "results", campaign=made)
    bring_purchases(browser, shop, made)
    press(browser, "See what it did")

    assert [one.label for one in browser.metric] == ["Brought above what would have been spent anyway"]
    assert "Extra revenue, between" in says(browser)


def test_without_purchases_after_the_send_it_says_what_is_missing(shop, made, visit, says):
    browser = press(at(visit, "results", campaign=made), "See what it did")

    assert "There are no purchases after" in says(browser)


def test_where_nobody_was_held_back_it_is_called_an_observation(shop, visit, says):
    plain = campaigns.draft(shop, data.load_dataset(shop, "small-shop"), "Spring")
    id_ = campaigns.save(shop, plain.model_copy(update={"control": ControlGroup(share=0)}))
    campaign_lists.prepare(shop, id_)

    browser = at(visit, "results", campaign=id_)

    assert "what this campaign did cannot be known" in says(browser)
    assert "an observation, no proof" in says(browser)
