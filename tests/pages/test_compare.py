import pytest

from reco_lab.services import data, experiments

COMPARE = "pages/lab/compare.py"


def test_without_data_the_page_says_what_is_missing(empty, visit, says):
    assert "no data yet" in says(visit(COMPARE))


def test_without_a_comparison_the_page_offers_to_make_one(shop, other_shop, visit, says):
    data.save_dataset(shop, other_shop, "Another shop")
    browser = visit(COMPARE, dataset="another-shop")

    assert "Nothing has been compared" in says(browser)
    assert "Compare recommenders" in [one.label for one in browser.button]


def test_the_verdict_is_the_first_thing_said(shop, visit, says):
    (record,) = experiments.listing(shop)
    browser = visit(COMPARE, experiment=record.id)

    assert browser.header[0].value.replace("\\", "") == experiments.comparison(shop, record.id).sentence
    assert "Example data" in says(browser)


def test_a_link_to_an_experiment_brings_its_data_set_with_it(shop, other_shop, visit):
    data.save_dataset(shop, other_shop, "Another shop")
    (record,) = experiments.listing(shop, "small-shop")
    browser = visit(COMPARE, experiment=record.id)

    assert browser.selectbox(key="dataset").value == "small-shop"
    assert browser.selectbox(key="experiment").value == record.id


def test_a_link_to_an_unknown_experiment_says_so(shop, visit, says):
    browser = visit(COMPARE, experiment="nowhere")

    assert browser.selectbox(key="experiment").value != "nowhere"


def test_the_leaderboard_shows_warm_and_all_customers(shop, visit):
    table = next(one.value for one in visit(COMPARE).dataframe if "Scored" in one.value)

    assert {"nDCG@5", "95 % interval", "All customers", "Behind the champion", "Verdict"} <= set(table)
    assert table["Scored"].str.fullmatch(r"\d+ of \d+").all()
    assert set(table["Verdict"]) & {"champion"}


@pytest.mark.parametrize("tab", ["Differences", "Trade-offs", "Split", "Overlap", "Definitions", "Run card"])
def test_every_tab_opens(shop, visit, tab):
    browser = visit(COMPARE, section=tab)

    assert not browser.error
    assert not browser.exception


def test_another_metric_can_judge(shop, visit):
    browser = visit(COMPARE)
    browser.selectbox(key="metric").select("recall@5").run()

    assert any("Recall@5" in one.value for one in browser.dataframe)


def test_a_recommender_that_failed_is_listed_with_its_reason(shop, visit, says):
    (record,) = experiments.listing(shop)
    found = experiments.comparison(shop, record.id)
    broken = found.leaderboard[-1].model_copy(
        update={"name": "Broken", "error": "It ran out of memory.", "metrics": {}}
    )
    changed = found.model_copy(update={"leaderboard": (*found.leaderboard, broken)})
    shop.store.set_comparison(record.id, changed.model_dump(mode="json"))

    assert "It ran out of memory." in says(visit(COMPARE))


def test_a_fault_of_ours_shows_a_reference_and_no_traceback(shop, visit, says, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("reco_lab.ui.results.table", broken)
    text = says(visit(COMPARE))

    assert "The details are in the log under" in text
    assert "secret detail" not in text
