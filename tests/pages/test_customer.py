from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from reco_lab.core.conditions import Listed
from reco_lab.core.recommender import algorithms
from reco_lab.services import customers, experiments, privacy, segments
from reco_lab.services.data import load_dataset
from reco_lab.ui import customer, told
from reco_lab.ui.told import ABOUT

CUSTOMER = "pages/lab/customer.py"


def titles(browser):
    """The item cards in their order."""
    return [
        one.value
        for one in browser.markdown
        if one.value[:1].replace("*", "").isdigit() or one.value.startswith("**")
    ]


def button(browser, start):
    return next(one for one in browser.button if one.key and one.key.startswith(start))


def test_without_a_model_the_page_says_what_is_missing(empty, visit, says, beside):
    browser = visit(CUSTOMER)

    assert "No customer to show yet" in says(browser)
    assert beside(browser, "Bring your data", "Load the demo shop")


def test_one_customer_is_shown_with_several_lists_and_reasons(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")

    assert browser.selectbox(key="customer").value == "c07"
    assert len(browser.subheader) == 3
    assert "Because of" in says(browser)


def test_striking_an_item_ranks_the_lists_again(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")
    before = titles(browser)
    button(browser, "strike-").click().run()

    assert browser.header[0].value.startswith("Without ")
    assert titles(browser) != before


def test_what_was_struck_comes_back(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")
    before = titles(browser)
    button(browser, "strike-").click().run()
    button(browser, "back-").click().run()

    assert "Without" not in browser.header[0].value
    assert titles(browser) == before


def test_an_item_from_a_list_can_be_added(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")
    button(browser, "add-").click().run()

    assert browser.header[0].value.startswith("With ")


def test_another_customer_begins_with_her_true_history(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")
    button(browser, "strike-").click().run()
    browser.selectbox(key="customer").select("c08").run()

    assert "Without" not in browser.header[0].value


def test_an_unknown_customer_in_a_link_gets_a_sentence(shop, visit):
    browser = visit(CUSTOMER, customer="nobody")

    assert browser.selectbox(key="customer").value != "nobody"


def test_text_from_data_is_never_markup(shop, visit):
    shown = [
        one.value for one in visit(CUSTOMER, customer="c00", models="EASE").markdown if "Bold" in one.value
    ]

    assert all("](" not in text and "<b>" not in text for text in shown)


@pytest.mark.parametrize(("typed", "found"), [("c07", "c07"), ("07", "c07"), ("zzz", None)])
def test_an_id_or_a_part_of_it_can_be_typed(shop, typed, found):
    (record,) = experiments.listing(shop)

    assert customer.nearest(customers.microscope(shop, record.id), typed) == found


def test_a_what_if_is_part_of_the_address(shop, visit, says):
    browser = visit(CUSTOMER, customer="c07")
    button(browser, "strike-").click().run()
    item = browser.query_params["without"]
    again = visit(CUSTOMER, customer="c07", without=item)

    assert again.header[0].value == browser.header[0].value
    assert again.header[0].value.startswith("Without ")


def test_any_item_of_the_history_can_be_left_out(shop, visit, says, monkeypatch):
    monkeypatch.setattr("reco_lab.ui.customer.SHOWN", 2)
    browser = visit(CUSTOMER, customer="c07")
    last = browser.selectbox(key="what-if-out").options[-1]
    browser.selectbox(key="what-if-out").select(last).run()

    assert f"Without {last}" in browser.header[0].value


def test_an_expert_sees_the_size_of_each_reason(shop, visit, says):
    assert "(+" in says(visit(CUSTOMER, customer="c07").toggle(key="expert").set_value(True).run())


def test_the_lists_are_those_of_the_experiment_in_the_address(shop, visit):
    (record,) = experiments.listing(shop)

    assert visit(CUSTOMER, experiment=record.id).selectbox(key="experiment").value == record.id


def test_a_fault_while_lists_are_ranked_again_shows_a_reference(shop, visit, says, monkeypatch):
    browser = visit(CUSTOMER, customer="c07")

    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("reco_lab.ui.customer._headline", broken)
    button(browser, "strike-").click().run()

    assert not browser.exception
    assert "The details are in the log under" in says(browser)


def test_without_a_choice_all_models_are_shown(shop, visit):
    browser = visit(CUSTOMER)
    browser.multiselect(key="models").set_value([]).run()

    assert len(browser.subheader) == len(browser.multiselect(key="models").options)


def test_a_model_that_cannot_follow_a_what_if_is_greyed_with_the_reason(says):
    def script():
        import numpy as np
        import pandas as pd

        from reco_lab.services.customers import Afterwards, Card, Look, Panel
        from reco_lab.ui import cards

        nothing = pd.DataFrame({"item_id": ["i2"]})
        look = Look("c1", {}, nothing, (), ("Tent",), np.zeros((0, 0)), Afterwards({}))
        card = Card("i1", "Tent", "Camping", 9.5, 1.0, held_out=True, because=())
        stuck = Panel("SVD", (card,), folds_in=False, why_not="It only knows its own customers.")
        cards.panel(stuck, stuck, look, key="x", expert=False)

    browser = AppTest.from_function(script).run()

    assert "Not changed by the what-if: It only knows its own customers." in says(browser)
    assert ":gray[1. Tent]" in says(browser)
    assert "chosen afterwards" in says(browser)


def test_who_objected_sees_nothing_recommended_here_or_on_home(shop, visit, says):
    everybody = [f"c{number:02d}" for number in range(60)]
    privacy.suppress(shop, everybody)
    browser = visit(CUSTOMER, customer="c07")

    assert "c07 wants no advertising, so nothing is recommended" in says(browser)
    assert titles(browser) == []
    assert "Lately in the history" not in says(visit("pages/start/home.py"))


@pytest.mark.parametrize("algorithm", algorithms())
def test_every_recommender_says_in_a_line_what_it_does(algorithm):
    words = ABOUT[algorithm]

    assert words[0].isupper()
    assert words.endswith(".")
    assert len(words) <= 90


def test_the_segments_that_she_is_in_are_named(shop, visit, says):
    version = shop.store.dataset("small-shop")
    known = load_dataset(shop, "small-shop")
    for title, ids in (("Ours", ("c07", "c08")), ("Others", ("c01",))):
        segments.save(shop, version, known, title, Listed(ids=ids))
    browser = visit(CUSTOMER, customer="c07")

    told = next(one for one in says(browser).splitlines() if "Segments:" in one)
    assert "“Ours”" in told
    assert "class " in told
    assert "Others" not in told


def test_the_history_stands_in_the_order_of_the_days_it_shows():
    days = pd.to_datetime(["2026-03-04", "2026-03-01", "2026-02-01"], utc=True)
    rows = pd.DataFrame(
        {
            "item_id": ["a", "b", "a"],
            "title": ["A", "B", "A"],
            "kind": ["view", "purchase", "purchase"],
            "time": days,
        }
    )

    assert customer.had(rows)["what"].tolist() == ["bought · 1 Mar", "bought · 1 Feb"]


def test_a_single_later_choice_is_not_counted_as_one_of_one():
    cards = [SimpleNamespace(title="Stove", held_out=True), SimpleNamespace(title="Mat", held_out=False)]
    look = SimpleNamespace(
        customer_id="C1",
        history=pd.DataFrame({"kind": ["purchase"]}),
        held_out=["stove"],
        panels=[SimpleNamespace(name="EASE", cards=cards)],
        as_of=None,
        wanted=("purchase",),
    )

    assert told.headline(look)[0] == "EASE found the one later choice of C1: Stove, place 1"
    look.held_out = ["stove", "rope"]
    assert told.headline(look)[0] == "EASE found 1 of 2 later choices of C1: Stove, place 1"
