from dataclasses import replace

import pandas as pd
import pytest

from reco_lab.core.conditions import Attribute
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import ablation, bookings, data, demo, experiments, learning, publishing, segments
from reco_lab.services.handlers import HANDLERS
from reco_lab.services.shelf import WorkspaceShelf
from reco_lab.workspace import Workspace

COMPARE = "pages/lab/compare.py"


def test_from_the_verdict_it_goes_on_to_a_customer_to_publishing_and_to_the_report(shop, visit):
    experiment = experiments.listing(shop, "small-shop")[0].id
    titles = {}
    for key in ("onwards", "onwards-report", "onwards-publish"):
        browser = visit(COMPARE).button(key=key).click().run()
        titles[key] = [one.value for one in browser.title]
        assert not browser.exception

    assert titles == {"onwards": ["Customer"], "onwards-report": ["Report"], "onwards-publish": ["Ads"]}
    (job,) = [one for one in shop.queue.recent(9) if one.kind == publishing.JOB]
    assert job.payload["experiment"] == experiment


def test_what_serves_already_is_not_trained_again_until_newer_data_come(shop, other_shop, visit):
    (record,) = experiments.listing(shop, "small-shop")
    assert visit(COMPARE).button(key="onwards-publish").label.startswith("Publish ")
    publishing.publish(shop, record.id)
    browser = visit(COMPARE)
    assert browser.button(key="onwards-publish").label.endswith(" serves already")
    assert [one.value for one in browser.button(key="onwards-publish").click().run().title] == ["Ads"]
    assert not [one for one in shop.queue.recent(9) if one.kind == publishing.JOB]

    version = shop.store.dataset("small-shop")
    data.save_dataset(shop, replace(other_shop, name="small-shop", items=None), after=version)
    assert visit(COMPARE).button(key="onwards-publish").label.startswith("Publish ")


def test_the_page_says_once_that_the_champion_was_picked_before_the_test(shop, visit, says):
    assert says(visit(COMPARE)).count("picked in advance") == 1


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

    found = experiments.comparison(shop, record.id)

    assert browser.header[0].value.replace("\\", "") == found.plain
    browser.toggle(key="expert").set_value(True).run()
    assert browser.header[0].value.replace("\\", "") == found.sentence
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


def leaderboard(browser):
    return next(one.value for one in browser.dataframe if "Recommender" in one.value)


def test_the_plain_leaderboard_says_the_verdict_and_leaves_out_what_specialists_need(shop, visit):
    table = leaderboard(visit(COMPARE))

    assert list(table)[:2] == ["Recommender", "Verdict"]
    assert not {"Scored", "Training", "All customers"} & set(table)
    assert "champion" in set(table["Verdict"])
    assert table["Against the champion"].dropna().str.fullmatch(r"[+−]\d\.\d{3}").all()


def test_an_expert_s_leaderboard_shows_warm_and_all_customers(shop, visit):
    table = leaderboard(visit(COMPARE).toggle(key="expert").set_value(True).run())

    assert {"nDCG@5", "95% interval", "All customers", "Against the champion", "Verdict"} <= set(table)
    assert table["Scored"].str.fullmatch(r"\d+ of \d+").all()


def test_an_expert_sees_what_was_spent_and_everyone_how_often_the_test_was_opened(shop, visit, says):
    browser = visit(COMPARE)
    assert "This test part has been looked at once, by 5 recommenders. All ran with the settings" in says(
        browser
    )
    assert "would be missed" not in browser.caption[0].value

    browser.toggle(key="expert").set_value(True).run()
    assert {"Tuned", "Training", "Over seeds"} <= set(leaderboard(browser))
    assert set(leaderboard(browser)["Tuned"].dropna()) == {"untuned"}
    assert "With 60 customers a true difference to" in says(browser)
    tests = next(one.value for one in browser.dataframe if "p (Wilcoxon)" in one.value)
    assert (tests["Better for"] + tests["Worse for"] + tests["Equal for"]).tolist() == pytest.approx(
        [1] * len(tests)
    )


def test_yardsticks_stand_below_the_candidates(shop, visit):
    assert leaderboard(visit(COMPARE))["Recommender"].iloc[-1] == "Random"


def test_a_metric_without_intervals_has_no_empty_column(shop, visit, says):
    browser = visit(COMPARE)
    browser.selectbox(key="metric").select("coverage@5").run()

    assert "95% interval" not in leaderboard(browser)
    assert "The verdict stays with nDCG@5" in says(browser)
    assert "how sure we are" not in says(browser)
    assert any("of the catalogue" in one.value for one in browser.header)


TABS = ["Differences", "Hybrids", "Segments", "Trade-offs", "Split", "Overlap", "Definitions"]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(shop, visit, tab):
    browser = visit(COMPARE, section=tab)

    assert not browser.error
    assert not browser.exception


@pytest.fixture
def known_customers(shop, other_shop, question):
    """The id of a comparison on a shop that knows its customers' taste."""
    ids = other_shop.interactions.user_ids
    tastes = pd.DataFrame({"taste": ["sweet" if int(one[1:]) % 2 else "salty" for one in ids]}, index=ids)
    data.save_dataset(shop, replace(other_shop, customers=tastes), "Another shop")
    asked = question(data={"dataset": "another-shop"}, recommenders=[{"algorithm": "item_knn"}])
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    return experiments.listing(shop, "another-shop")[0].id


def test_segments_say_who_gets_worse_first(known_customers, visit, says):
    browser = visit(COMPARE, experiment=known_customers, section="Segments", segment_by="taste")

    assert browser.selectbox(key="instead_of").value == "Most popular"
    assert "instead of Most popular" in says(browser)
    changes = next(one.value for one in browser.dataframe if "Change" in one.value)
    assert dict(zip(changes["Segment"], changes["Customers"], strict=True)) == {"salty": 30, "sweet": 30}


def test_a_saved_segment_is_a_way_to_part_the_customers(known_customers, shop, visit, says):
    version = shop.store.dataset("another-shop")
    rule = Attribute(column="taste", values=("sweet",))
    saved = segments.save(shop, version, data.load_dataset(shop, "another-shop"), "Sweet tooth", rule)
    browser = visit(
        COMPARE, experiment=known_customers, section="Segments", segment_by=f"saved: {saved.title}"
    )

    changes = next(one.value for one in browser.dataframe if "Change" in one.value)
    assert dict(zip(changes["Segment"], changes["Customers"], strict=True)) == {
        "Sweet tooth": 30,
        "all others": 30,
    }


def test_segments_of_too_few_customers_are_counted_and_nothing_else_is_said(
    known_customers, visit, says, monkeypatch
):
    monkeypatch.setattr("reco_lab.ui.by_segment.SMALLEST", 31)
    browser = visit(COMPARE, experiment=known_customers, section="Segments", segment_by="taste")

    assert "No segment has the 31 customers that it takes to say anything." in says(browser)
    assert "salty (30) and sweet (30)" in says(browser)
    assert "Who gets worse" not in says(browser)


@pytest.mark.parametrize("tab", ["Segments", "Overlap"])
def test_where_the_lists_are_gone_that_is_said(tab, known_customers, visit, says, monkeypatch):
    monkeypatch.setattr("reco_lab.services.shelf.WorkspaceShelf.run", lambda _shelf, _key: None)

    assert "are not kept any more" in says(visit(COMPARE, experiment=known_customers, section=tab))


def test_recommenders_whose_lists_are_gone_are_named(known_customers, visit, says, monkeypatch):
    run = WorkspaceShelf.run
    (first, *_) = experiments.rows_run(
        experiments.experiment_of(Workspace.open().store.experiment(known_customers)),
        experiments.comparison(Workspace.open(), known_customers),
    )
    monkeypatch.setattr(
        WorkspaceShelf, "run", lambda shelf, key: None if key in first.run_keys else run(shelf, key)
    )
    browser = visit(COMPARE, experiment=known_customers, section="Segments", segment_by="taste")

    assert f"Not here, as their lists are not kept any more: {first.name}." in says(browser)


def test_a_metric_of_all_lists_together_has_no_segments_and_says_so(known_customers, visit, says):
    browser = visit(COMPARE, experiment=known_customers, section="Segments")
    browser.selectbox(key="metric").select("coverage@5").run()

    assert "is a property of all lists together" in says(browser)


def test_customers_of_whom_nothing_is_known_have_no_segments(shop, visit, says, monkeypatch):
    monkeypatch.setattr("reco_lab.services.evidence.segmentations", lambda _exam: [])
    assert "Nothing is known of the customers" in says(visit(COMPARE, section="Segments"))


def test_a_list_can_be_dragged_along_a_trade_off_and_the_price_is_said(shop, visit, says):
    browser = visit(COMPARE, section="Trade-offs")

    assert "The customer's own mix is not offered: it needs categories" in says(browser)
    assert "At strength 0.5" in says(browser)
    browser.slider(key="strength").set_value(0.0).run()
    assert "as it is: nDCG@5" in says(browser)
    browser.selectbox(key="upwards").select("recall@5").run()
    assert "recall@5" not in browser.selectbox(key="against").options


def test_the_split_tab_says_what_to_do_and_asks_the_same_under_other_splits(shop, visit, says):
    (record,) = experiments.listing(shop)
    browser = visit(COMPARE, section="Split")
    assert "60 of 60 customers in the test are warm" in says(browser)

    browser.button(key="run-splits").click().run()
    queued = [job for job in shop.queue.recent(10) if job.live]
    assert {job.payload["experiment"]["split"]["kind"] for job in queued} >= {"random_rows", "last_share"}
    assert browser.button(key="run-splits").disabled

    for job in queued:
        asked = experiments.experiment_of(shop.store.experiment(job.payload["id"]))
        if asked.split.kind() == "last_share":
            experiments.run(shop, asked, report=lambda _fraction, _message: None)
    browser = visit(COMPARE, experiment=record.id, section="Split")
    places = next(one.value for one in browser.dataframe if "Last share per customer" in one.value)
    assert "Last share per customer, all customers" in places
    assert places["Last share per customer"].str.startswith("1. (").sum() >= 1
    assert "leads under" in says(browser)


def test_definitions_show_the_same_lists_as_others_score_them(shop, visit, says):
    browser = visit(COMPARE, section="Definitions")

    table = next(one.value for one in browser.dataframe if "Used by" in one.value)
    champion = browser.selectbox(key="elsewhere").value
    own = leaderboard(browser).set_index("Recommender").loc[champion, "nDCG@5"]
    assert table[table["Used by"].str.contains("LensKit")].set_index("Metric").loc["nDCG@5", "Value"] == (
        pytest.approx(own, abs=1e-4)
    )
    assert "depending on who defines it" in says(browser)


def test_learning_curves_by_history_are_there_at_once_and_by_data_size_after_a_job(shop, visit, says):
    (record,) = experiments.listing(shop)
    browser = visit(COMPARE, section="Learning")
    assert "Knowing only the last entry" in says(browser)

    browser.button(key="run-learning").click().run()
    job = learning.job_of(shop, record.id)
    assert job.live
    assert "Learning curves, Which one?" in says(browser)

    claim = shop.queue.claim("worker")
    shop.queue.finish(claim, HANDLERS[claim.kind](shop, claim.payload, lambda _fraction, _message: None))
    browser = visit(COMPARE, experiment=record.id, section="Learning")
    assert any(one.value.startswith("From half of the data to all of it") for one in browser.header)
    assert {one.name for one in learning.by_size(learning.job_of(shop, record.id))} >= {"EASE", "Item k-NN"}


def test_without_a_hybrid_there_are_no_parts_to_weigh(shop, visit, says):
    browser = visit(COMPARE, section="Hybrids")

    assert "No hybrid in this experiment" in says(browser)
    assert "run-ablation" not in [one.key for one in browser.button]


def test_what_each_part_of_a_hybrid_adds_is_worked_out_in_the_background(shop, question, visit, says):
    parts = [{"algorithm": "item_knn"}, {"algorithm": "random"}]
    asked = question(name="Voting", recommenders=[{"algorithm": "hybrid", "parts": parts}])
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    id_ = next(one.id for one in experiments.listing(shop) if one.name == "Voting")
    visit(COMPARE, experiment=id_, section="Hybrids").button(key="run-ablation").click().run()
    assert ablation.job_of(shop, id_).live

    told = []
    claim = shop.queue.claim("worker")
    result = HANDLERS[claim.kind](shop, claim.payload, lambda fraction, _message: told.append(fraction))
    shop.queue.finish(claim, result)
    browser = visit(COMPARE, experiment=id_, section="Hybrids")
    (found,) = ablation.answers(ablation.job_of(shop, id_)).values()

    assert told == sorted(told)
    assert [part.name for part in found.parts] == ["Item k-NN", "Random"]
    assert found.parts[0].low > 0
    assert "Item k-NN adds most" in says(browser)
    table = next(one.value for one in browser.dataframe if "Adds" in one.value)
    assert table.set_index("Part").loc["Item k-NN", "Without it"] == found.parts[0].without


def test_where_the_validation_part_knows_nobody_the_parts_cannot_be_weighed(shop, question, visit, says):
    known = [(f"a{n}", f"i{n % 5 + item}", f"2026-01-{item + 1:02d}") for n in range(20) for item in range(6)]
    fresh = [(f"b{n}", f"i{item}", f"2026-02-{n % 9 + 1:02d}") for n in range(20) for item in range(2)]
    later = [(f"a{n}", f"i{n % 5 + item}", "2026-03-01") for n in range(20) for item in (6, 7)]
    frame = pd.DataFrame(known + fresh + later, columns=["user", "item", "time"])
    log = Interactions.from_frame(
        frame.astype({"time": "datetime64[us]"}), ColumnMap("user", "item", time="time")
    )
    data.save_dataset(shop, Dataset.join("newcomers", log), "Newcomers")
    asked = question(
        data={"dataset": "newcomers"}, split={"kind": "global_time"}, recommenders=[{"algorithm": "hybrid"}]
    )
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    (record,) = experiments.listing(shop, "newcomers")
    browser = visit(COMPARE, experiment=record.id, section="Hybrids")
    browser.button(key="run-ablation").click().run()

    assert "The parts of a hybrid are weighed on the validation part: Nobody can be scored" in says(browser)
    assert ablation.job_of(shop, record.id) is None


def test_the_run_card_is_for_experts(shop, visit, says):
    browser = visit(COMPARE).toggle(key="expert").set_value(True).run()
    browser.session_state["section"] = "Run card"
    browser.run()

    assert "The file that repeats this experiment" in [one.label for one in browser.expander]
    assert all("{" not in str(one.value) for one in browser.dataframe)


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


def test_before_other_data_are_published_it_is_said_what_stops(shop, visit, says):
    bookings.ensure_demo_ads(shop, demo.FOLDER)
    (record,) = experiments.listing(shop)[:1]
    many = len(bookings.demo_ads_on(shop))
    said = f"When it is published, the demo shop's {many} ads are paused."
    assert said in says(visit(COMPARE))
    publishing.publish(shop, record.id)
    assert bookings.demo_ads_on(shop) == []
    assert "When it is published" not in says(visit(COMPARE))
    assert publishing.ends(shop, "another").endswith("on Small shop stops serving.")
