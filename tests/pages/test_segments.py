import json
import re
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.conditions import Attribute, Behaviour, Listed, Rfm
from reco_lab.core.segment import All, dump
from reco_lab.services import data, segments, upkeep
from reco_lab.services.demo import FOLDER
from reco_lab.services.shop import load_shop
from reco_lab.workspace import Workspace

SEGMENTS = "pages/data/segments.py"


@pytest.fixture(scope="session")
def sample():
    """A third of the demo shop's customers."""
    whole = load_shop(FOLDER)
    others = np.arange(whole.interactions.n_users) % 3 > 0
    return replace(whole.without(others), name="sample", truth=None)


@pytest.fixture(scope="module")
def sampled(sample, tmp_path_factory):
    home = tmp_path_factory.mktemp("sampled") / "home"
    with closing(Workspace.open(home)) as workspace:
        data.save_dataset(workspace, sample, "Sample")
        upkeep.tidy_if_due(workspace)
    return home


@pytest.fixture
def opened(sampled, copied):
    workspace = copied(sampled)
    return workspace, workspace.store.dataset("sample")


def test_without_data_it_says_what_will_be_here(empty, visit, says):
    browser = visit(SEGMENTS)

    assert "nobody to see" in says(browser)
    assert browser.button(key="mend")


def test_it_opens_with_who_the_customers_are_and_the_champions(opened, visit, says):
    browser = visit(SEGMENTS)

    assert "champions and bring" in says(browser)
    assert "Champions: bought very lately" in says(browser)
    assert "What sets them apart" in says(browser)


def test_a_share_says_of_whom_it_is(opened, visit, says):
    told = says(visit(SEGMENTS))

    assert "of those who bought, " in told
    assert "% of all customers" in told
    assert re.search(r"of the revenue, with \d+% of those who bought", told)


def test_a_link_leads_to_a_class_and_its_cutoffs(opened, visit, says):
    workspace, version = opened
    cuts = {"cuts": "5,10,20,30;1,2,3,4;10,20,30,40", "class": "at risk"}

    browser = visit(SEGMENTS, **cuts)

    assert "At risk: bought often" in says(browser)
    assert [one.value for one in browser.number_input][:4] == [5, 10, 20, 30]
    browser.number_input(key="cut-recency-3-30").set_value(60)
    next(one for one in browser.button if one.label == "Use these").click().run()
    assert "5,10,20,60" in "".join(browser.query_params["cuts"])
    assert not visit(SEGMENTS, cuts="a;b;c").exception
    assert workspace.segments.listing(version.name) == []


def test_a_class_is_saved_and_stands_among_the_saved_ones(opened, visit, says):
    browser = visit(SEGMENTS)
    browser.text_input(key="save-champions").set_value("Best")
    browser.button(key="save-champions-go").click().run()

    assert "“Best” is saved" in says(browser)
    kept = segments.listing(*_at(opened))
    assert [(one.title, one.definition) for one in kept] == [("Best", Rfm(classes=("champions",)))]
    browser.button(key="save-champions-go").click().run()
    assert "called 'Best' already" in says(browser)


def test_from_a_class_to_a_campaign_with_it_as_the_audience(opened, visit):
    browser = visit(SEGMENTS)
    browser.button(key="save-champions-use").click().run()

    assert [one.value for one in browser.title] == ["Campaigns"]
    assert not browser.exception
    assert [one.title for one in segments.listing(*_at(opened))] == ["Champions"]


def test_a_rule_grows_by_conditions_with_a_live_count_and_stands_in_the_address(opened, visit, says):
    browser = visit(SEGMENTS, section="Build your own")

    assert "leaves" in says(browser)
    browser.button(key="rule-add").click().run()
    one = _rule(browser)
    assert one["of"][0]["measure"] == "count"
    browser.selectbox(key="rule-about").set_value("Their region").run()
    browser.multiselect(key="rule-values-region").set_value(["Coast"]).run()
    browser.button(key="rule-add").click().run()
    assert "and region Coast" in says(browser)
    browser.button(key="rule-swap").click().run()
    assert "or region Coast" in says(browser)
    browser.button(key="rule-remove-0").click().run()
    assert _rule(browser)["of"][0]["column"] == "region"


def test_a_rule_in_a_link_that_is_broken_starts_anew(opened, visit, says):
    assert "cannot be read" in says(
        visit(SEGMENTS, section="Build your own", rule='{"kind": "all", "of": 3}')
    )


def test_a_segment_of_few_is_told_without_its_traits(opened, visit, says):
    ids = tuple(data.load_dataset(opened[0], "sample").interactions.user_ids[:5])
    rule = json.dumps(dump(All(of=(Listed(ids=ids),))))

    browser = visit(SEGMENTS, section="Build your own", rule=rule)

    assert "could be recognised" in says(browser)
    assert "What sets them apart" not in says(browser)


def test_saved_segments_are_renamed_kept_and_deleted(opened, visit, says):
    workspace, version = opened
    sample = data.load_dataset(workspace, "sample")
    for title, days in (("Lately", 10), ("This month", 30)):
        rule = Behaviour(measure="recency", high=days)
        segments.save(workspace, version, sample, title, rule)
    browser = visit(SEGMENTS, section="Saved")

    assert "overlap most" in says(browser)
    assert "0 joined, 0 left" in says(browser)
    first = segments.listing(workspace, "sample")[0]
    browser.text_input(key=f"rename-{first.id}").set_value("Very lately").run()
    browser.button(key=f"rename-go-{first.id}").click().run()
    browser.button(key=f"keep-{first.id}").click().run()
    assert "now remembers" in says(browser)
    browser.button(key=f"delete-{first.id}").click().run()
    assert [one.title for one in segments.listing(workspace, "sample")] == ["This month"]


def test_a_segment_that_newer_data_cannot_answer_says_so_and_the_others_stay(opened, sample, visit, says):
    workspace, version = opened
    rules = {
        "Coast": Attribute(column="region", values=("Coast",)),
        "Lately": Behaviour(measure="recency", high=9),
    }
    for title, rule in rules.items():
        segments.save(workspace, version, sample, title, rule)
    data.save_dataset(workspace, replace(sample, customers=sample.customers.drop(columns="region")))
    browser = visit(SEGMENTS, section="Saved")

    assert "no column 'region'" in says(browser)
    assert browser.dataframe[0].value["Customers"].tolist()[1] > 0


def test_without_times_it_says_why_there_are_no_classes(empty, sample, visit, says):
    workspace = Workspace.open(empty)
    timeless = replace(sample, name="timeless", interactions=replace(sample.interactions, times=None))
    data.save_dataset(workspace, timeless)

    browser = visit(SEGMENTS)
    assert "no times" in says(browser)
    assert "leaves" in says(visit(SEGMENTS, section="Build your own"))


def _rule(browser):
    return json.loads("".join(browser.query_params["rule"]))


def _at(opened):
    return opened[0], opened[1].name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"section": "Lifetime value", "horizon": "the next quarter"}, "in the next quarter"),
        ({"section": "Groups", "groups": "3"}, "3 groups"),
        ({"section": "What comes next"}, "may stay away"),
        ({"section": "What comes next", "question": "Who will buy soon"}, "Expected to buy within 14 days"),
        ({"section": "What comes next", "question": "What they buy next"}, "Most likely to buy from"),
        ({"section": "What comes next", "question": "What they are keen on"}, "times the usual"),
        ({"section": "Look-alikes", "alike-number": "50"}, "50 customers like the champions"),
    ],
    ids=lambda one: next(iter(one.values()), "") if isinstance(one, dict) else "",
)
def test_what_the_models_say_becomes_a_segment_that_can_be_saved_and_taken_away(
    opened, visit, says, asked, said
):
    browser = visit(SEGMENTS, **asked)

    assert said in says(browser)
    assert "Can it be trusted?" in says(browser) or "Groups" in asked.values() or "question" in asked
    assert not browser.error
    assert [one for one in browser.text_input if one.key.startswith("save-")]


def test_look_alikes_of_a_pasted_list_say_how_many_are_known(opened, visit, says):
    browser = visit(SEGMENTS, section="Look-alikes", alike="a list of ids")
    ids = data.load_dataset(opened[0], "sample").interactions.user_ids[:30]
    browser.text_area(key="alike-ids").set_value("\n".join([*ids, "nobody"])).run()

    assert "30 of 31 ids are customers" in says(browser)
    assert "customers like a list of ids" in says(browser)
