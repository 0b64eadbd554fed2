"""The story of a comparison: on the page, before an audience, and as a file."""

import re
from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.conditions import Listed
from reco_lab.experiments.results import Outcome
from reco_lab.services import data, evidence, experiments, privacy, segments, story
from reco_lab.ui import cache, page, report_money, report_sections
from reco_lab.ui.report_told import Told

REPORT = "pages/market/report.py"
LABELS = ("What was found", "One customer", "The money", "How sure we are", "For whom", "What to do next")


@pytest.fixture
def told(shop):
    (record,) = experiments.listing(shop)
    version = shop.store.dataset("small-shop")
    cache.forget_people()
    return Told.of(page.Lab(shop, version, expert=False), record.id)


def button(browser, label):
    return next(one for one in browser.button if one.label == label)


def test_without_a_comparison_the_page_offers_the_demo(empty, visit, says, beside):
    browser = visit(REPORT)

    assert "There is no story to tell yet" in says(browser)
    assert beside(browser, "Bring your data", "Load the demo shop")


def test_the_page_tells_the_story_in_six_parts(shop, visit, says):
    words = says(visit(REPORT))

    assert [label for label in LABELS if f":primary[**{label}**]" in words] == list(LABELS)
    assert "beat the bestseller list in “Small shop”" in words


def test_the_customer_of_a_link_is_shown_and_another_can_be_picked(shop, visit, says):
    browser = visit(REPORT, persona="loyal")

    assert "A loyal customer, c" in says(browser)
    browser.pills(key="persona").set_value("newcomer").run()
    assert "A newcomer, c" in says(browser)
    assert browser.query_params["persona"] == "newcomer"


def test_an_assumption_that_is_changed_changes_the_money_and_the_address(shop, visit, says):
    browser = visit(REPORT, order="100")
    finding = next(one.value for one in browser.header if "more revenue" in one.value)
    reach = next(one for one in browser.number_input if one.label == "Customers a month")
    reach.set_value(reach.value * 10).run()

    assert finding not in [one.value for one in browser.header]
    assert browser.query_params["order"] == "100.00"
    assert browser.query_params["reach"]


def test_a_saved_segment_is_a_way_to_part_the_customers(shop, visit, says):
    version, known = shop.store.dataset("small-shop"), data.load_dataset(shop, "small-shop")
    one = segments.save(shop, version, known, "First half", Listed(ids=tuple(f"c{n:02d}" for n in range(30))))
    browser = visit(REPORT, by=one.id)

    assert browser.selectbox(key="by").value == one.id
    assert "First half" in says(browser)


@pytest.mark.parametrize("nonsense", ["-5", "many"])
def test_an_assumption_that_cannot_be_is_as_if_there_were_none(shop, visit, nonsense):
    browser = visit(REPORT, seen=nonsense)

    assert next(one for one in browser.number_input if one.key.startswith("seen-")).value == 50


def test_before_an_audience_there_is_one_section_and_no_menu(shop, visit, says):
    browser = visit(REPORT, present="1", slide="1")
    assert not browser.sidebar.toggle
    assert [label for label in LABELS if f"[**{label}**]" in says(browser)] == ["What was found"]

    button(browser, "Next").click().run()
    assert [label for label in LABELS if f"[**{label}**]" in says(browser)] == ["One customer"]
    button(browser, "Leave").click().run()
    assert "present" not in browser.query_params


@pytest.mark.parametrize("slide", ["99", "x"])
def test_a_slide_that_is_not_there_is_the_nearest_one(shop, visit, says, slide):
    words = says(visit(REPORT, present="1", slide=slide))

    assert [label for label in LABELS if f"[**{label}**]" in words] == [
        LABELS[-1] if slide == "99" else LABELS[0]
    ]


def test_the_file_loads_nothing_and_holds_every_part(told):
    made = told.file().make()

    assert "Example data" in made
    assert all(label in made for label in LABELS[1:])
    assert made.count("<svg") == sum(one.figure is not None for one in told.unasked()) >= 2
    assert not re.search(r"\s(src|href|srcset|action)\s*=|url\(|@import|<script", made)
    assert "<b>hi</b>" not in made
    assert len(made) < 500_000


def test_every_figure_has_its_table_beside_it(told):
    drawn = list(told.unasked())

    assert all(one.table is not None for one in drawn if one.figure)
    assert sum(one.figure is not None for one in drawn) >= 2
    assert all(len(one.lines) for one in drawn)


def test_a_customer_who_objects_is_in_no_story(shop, told):
    first = {one.customer_id for one in told.people}
    privacy.suppress(shop, first)
    again = Told.of(told.lab, told.experiment)

    assert first
    assert first.isdisjoint(one.customer_id for one in again.people)
    assert all(told.person(one) is None for one in told.people)
    assert not [who for who in first if who in again.file().make()]


def test_where_everybody_objects_the_rest_of_the_story_stands(shop, visit, says):
    privacy.suppress(shop, [f"c{number:02d}" for number in range(60)])
    words = says(visit(REPORT))

    assert "[**One customer**]" not in words
    assert "How sure we are" in words


def test_the_same_customer_never_stands_for_two_personas(told):
    names = [one.customer_id for one in told.people]

    assert len(names) == len(set(names)) >= 3


def test_the_share_who_find_something_is_the_hit_rate(shop, told):
    known = evidence.evidence(shop, told.experiment)
    exam = known.exams[0]
    finds = told.story.finds
    ((run,),) = known.runs[told.story.shown][:1]
    wanted = exam.relevant[: exam.n_warm].toarray() > 0
    hits = [wanted[row, items[items >= 0]].any() for row, items in enumerate(run.lists.items[:, : finds.k])]

    assert finds.own == pytest.approx(np.mean(hits))
    assert finds.low <= finds.difference <= finds.high
    assert finds.difference == pytest.approx(finds.own - finds.today)


@pytest.mark.parametrize("outcome", [Outcome.tie, Outcome.unsure])
def test_money_cannot_be_known_where_nothing_is_decided(told, outcome):
    section = report_money.money(replace(told.story, decided=outcome), told.story.assumed)

    assert section.finding == "What it is worth cannot be known from these data"
    assert section.table["Expected"].notna().sum() == 1
    assert section.sums == ()


def test_no_revenue_is_promised_where_the_bestsellers_did_better(told):
    section = report_money.money(replace(told.story, decided=Outcome.worse), told.story.assumed)

    assert section.finding.startswith("No more revenue is to be expected")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_verdict_and_advice(told, outcome):
    one = replace(told.story, decided=outcome)

    assert report_sections.sure(one).finding


def test_a_story_without_anything_personal_is_not_told(shop, question, visit, says):
    asked = question(name="Only popular", recommenders=[{"algorithm": "most_popular"}])
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    id_ = next(one.id for one in experiments.listing(shop) if one.name == "Only popular")

    assert story.pair(experiments.comparison(shop, id_)) is None
    assert "nothing personal to tell of" in says(visit(REPORT, experiment=id_))


def test_data_without_times_or_items_still_has_a_story(shop, other_shop, question):
    bare = replace(other_shop, interactions=replace(other_shop.interactions, times=None), items=None)
    data.save_dataset(shop, bare, "Bare")
    asked = question(data={"dataset": "another-shop"}, split={"kind": "random_rows"})
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    (record,) = experiments.listing(shop, "another-shop")
    one = Told.of(page.Lab(shop, shop.store.dataset("another-shop"), expert=False), record.id)

    assert one.story.assumed.value_from == "a guess"
    assert "Example data" not in one.file().make()
