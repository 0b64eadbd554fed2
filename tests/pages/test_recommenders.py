from reco_lab.core.recommender import algorithms
from reco_lab.services.experiments import offers
from reco_lab.ui.gallery import FAMILIES, traits, wanted

PAGE = "pages/lab/recommenders.py"
EXPERIMENT = "pages/lab/experiment.py"


def found(visit, words):
    return visit(PAGE).text_input(key="find").set_value(words).run()


def test_every_recommender_has_a_card_with_its_paragraph_and_its_paper(empty, visit, says):
    said = says(visit(PAGE))

    for kind in algorithms().values():
        assert kind.info.label in said
        assert kind.info.summary in said
        assert kind.info.paper in said


def test_without_data_nothing_can_be_tried(empty, visit):
    assert not visit(PAGE).get("page_link")


def test_a_search_leaves_only_the_cards_with_all_its_words(shop, visit, says):
    said = says(found(visit, "shallow autoencoders"))

    assert "EASE" in said
    assert "Slope One" not in said


def test_a_link_to_a_kind_leaves_only_its_cards_and_another_kind_is_one_click(shop, visit, says):
    browser = visit(PAGE, kind="Walks")

    assert [one.value for one in browser.header][1:] == ["Walks"]
    browser.pills(key="kind").set_value("linear").run()
    assert [one.value for one in browser.header][1:] == ["Item to item\\, learnt"]
    browser.text_input(key="find").set_value("zeppelin").run()
    assert "No recommender of this kind has all these words" in says(browser)


def test_a_word_that_no_card_has_gets_a_sentence(shop, visit, says):
    assert "No recommender has all these words" in says(found(visit, "zeppelin"))


def test_a_recommender_that_the_data_cannot_feed_says_what_is_lacking(shop, visit, says):
    browser = found(visit, "matrix factorization techniques")

    assert "To learn here it needs ratings" in says(browser)
    assert not browser.get("page_link")


def test_try_it_leads_to_the_experiment_with_it_chosen_beside_the_usual_ones(shop, visit):
    link = next(one for one in visit(PAGE).get("page_link") if "try=p3alpha" in one.proto.query_string)
    browser = visit(EXPERIMENT, **{"try": "p3alpha"})

    assert link.proto.label == "Try it"
    assert {"p3alpha", "ease"} <= set(browser.pills(key="plan-recommenders").value)
    assert "try" not in browser.query_params


def test_a_link_to_a_recommender_that_is_not_there_changes_nothing(shop, visit):
    browser = visit(EXPERIMENT).toggle(key="expert").set_value(True).run()
    before = browser.pills(key="plan-recommenders").value
    browser.query_params["try"] = "zeppelin"
    browser.run()

    assert browser.pills(key="plan-recommenders").value == before


def test_every_family_has_a_name_that_a_person_understands():
    assert {kind.info.family for kind in algorithms().values()} <= set(FAMILIES)


def test_a_card_says_whether_new_customers_are_served_and_whether_chance_has_a_say():
    assert "Only customers it learnt from" in traits(algorithms()["svd"].info)
    assert "Always the same result" in traits(algorithms()["ease"].info)
    assert any("seed" in trait for trait in traits(algorithms()["bpr"].info))


def test_a_search_reads_settings_too():
    assert "ease" in {offer.algorithm for offer in wanted(offers(None), "l2")}


def test_a_recommender_whose_extra_is_not_installed_says_how_to_get_it(shop, visit, says, monkeypatch):
    monkeypatch.setattr("reco_lab.core.recommender.find_spec", lambda name: None)
    sentence = 'needs the extra deep: pip install -e ".[deep]"'
    browser = found(visit, "self-attentive")

    assert sentence in says(browser)
    assert not browser.get("page_link")
    assert f"SASRec** {sentence}" in says(visit(EXPERIMENT).toggle(key="expert").set_value(True).run())
