import pytest

from reco_lab.core.experiment import Tuning
from reco_lab.core.recommender import algorithms
from reco_lab.experiments.conduct import versions
from reco_lab.services import data, experiments, forecasts

EXPERIMENT = "pages/lab/experiment.py"


def test_without_data_the_page_says_what_is_missing(empty, visit, says):
    browser = visit(EXPERIMENT)

    assert "no data yet" in says(browser)
    assert [one.label for one in browser.button] == ["Bring your data"]


def test_in_plain_mode_one_button_asks_the_whole_question(shop, visit):
    browser = visit(EXPERIMENT)
    browser.radio(key="goal").set_value("recall").run()
    browser.button(key="run").click().run()

    (job,) = shop.queue.recent()
    assert job.payload["experiment"]["metrics"]["names"][0] == "recall"
    assert job.payload["experiment"]["data"]["dataset"] == "small-shop"


def test_in_plain_mode_everybody_can_be_tuned_with_the_same_budget(shop, visit):
    browser = visit(EXPERIMENT)
    browser.radio(key="thorough").set_value("tuned").run()
    browser.button(key="run").click().run()

    assert shop.queue.recent()[0].payload["experiment"]["tuning"]["trials"] == 15


def test_in_expert_mode_the_budget_is_trials_and_minutes(shop, expert):
    browser = expert()
    browser.toggle(key="plan-tuning").set_value(True).run()
    browser.number_input(key="plan-trials").set_value(7).run()
    browser.number_input(key="plan-minutes").set_value(2.0).run()
    browser.button(key="run").click().run()

    asked = shop.queue.recent()[0].payload["experiment"]
    assert asked["tuning"] == {"trials": 7, "seconds": 120.0}


def test_a_tuning_that_runs_shows_what_it_has_found_so_far(shop, question, visit):
    asked = question("Tuned", seed=5).model_copy(update={"tuning": Tuning(trials=3)})
    experiments.submit(shop, asked)
    claim = shop.queue.claim("worker")
    name, _, study = claim.payload["studies"]["of"][0]
    shop.ledger.add_trial(
        study, {"release": "", "trial": {"parameters": {}, "state": "scored", "value": 0.25}}
    )
    browser = visit(EXPERIMENT)

    table = next(one.value for one in browser.dataframe if "Best so far" in one.value)
    assert table["Recommender"].tolist() == [name]
    assert table["Best"].tolist() == [0.25]


def test_in_expert_mode_the_parameters_chosen_are_those_that_run(shop, expert):
    browser = expert()
    browser.pills(key="plan-recommenders").set_value(["ease", "item_knn"]).run()
    browser.number_input(key="plan-ease-l2").set_value(123.0).run()
    browser.radio(key="plan-split").set_value("random_rows").run()
    browser.button(key="run").click().run()

    asked = shop.queue.recent()[0].payload["experiment"]
    assert {one["algorithm"]: one for one in asked["recommenders"]}["ease"]["l2"] == 123.0
    assert asked["split"]["kind"] == "random_rows"


def test_no_recommender_gets_a_sentence(shop, expert, says):
    browser = expert()
    browser.pills(key="plan-recommenders").set_value([]).run()

    assert "No recommender is chosen" in says(browser)


def test_what_the_data_lacks_is_said(shop, expert, says):
    assert "needs" in says(expert())


@pytest.fixture
def expert(visit):
    """Opens the page with every setting."""
    return lambda: visit(EXPERIMENT).toggle(key="expert").set_value(True).run()


@pytest.fixture
def running(shop, question):
    """An experiment that a worker has begun."""
    experiments.submit(shop, question("Another one", seed=5))
    claim = shop.queue.claim("worker")
    shop.queue.progress(claim, 0.4, "EASE learns")
    return claim


def test_running_work_shows_how_far_it_is_and_can_be_cancelled(shop, running, visit, says):
    browser = visit(EXPERIMENT)
    assert "Running" in says(browser)
    browser.button(key=f"cancel-{running.id}").click().run()

    assert shop.queue.get(running.id).cancelling


def test_interrupted_work_says_that_it_is_taken_up_again(shop, running, visit, says):
    shop.queue.reap()
    shop.queue.claim("another worker")

    assert "was interrupted" in says(visit(EXPERIMENT))


def test_work_that_failed_says_why(shop, running, visit, says):
    shop.queue.fail(running, "The machine ran out of memory.", "A1B2C3")
    text = says(visit(EXPERIMENT))

    assert "ran out of memory" in text
    assert "A1B2C3" in text


def test_while_work_runs_nothing_else_is_asked(shop, running, visit):
    assert visit(EXPERIMENT).button(key="run").disabled


def test_the_same_question_is_answered_from_what_was_found(shop, visit, says):
    asked = experiments.starter(data.load_dataset(shop, "small-shop"))
    experiments.run(shop, asked, report=lambda _fraction, _message: None)
    browser = visit(EXPERIMENT)
    browser.button(key="run").click().run()

    assert "the result is the same" in says(browser)
    assert shop.queue.recent() == []


def test_one_algorithm_can_take_part_in_several_settings(shop, expert):
    browser = expert()
    browser.pills(key="plan-recommenders").set_value(["ease"]).run()
    browser.button(key="plan-copies-ease-add").click().run()
    browser.number_input(key="plan-ease-2-l2").set_value(123.0).run()
    browser.button(key="run").click().run()

    asked = shop.queue.recent()[0].payload["experiment"]["recommenders"]
    assert [one["algorithm"] for one in asked] == ["ease", "ease"]
    assert 123.0 in [one["l2"] for one in asked]


def test_the_cut_is_told_in_words(shop, visit, says):
    assert "is the exam" in says(visit(EXPERIMENT))


def test_work_that_is_done_says_what_it_found(shop, running, visit, says):
    shop.queue.finish(running, {"id": running.payload["id"], "sentence": "EASE beats everything."})

    assert "EASE beats everything." in says(visit(EXPERIMENT))


def measured(shop, seconds):
    shape = {
        "rows": 400,
        "pairs": 400,
        "customers": 60,
        "items": 20,
        "item_pairs": 3e3,
        "customer_pairs": 9e3,
        "asked": 60,
    }
    point = {"shape": shape, "fit": seconds, "rank": 0.0, "megabytes": 50.0}
    kept = {
        "machine": forecasts.machine(),
        "versions": versions(),
        "base": 250.0,
        "comparing": 0.001,
        "points": {name: [point] for name in algorithms()},
    }
    shop.store.set_setting("machine", kept)


def test_before_this_machine_is_measured_the_page_says_so_and_offers_to(shop, visit, says):
    browser = visit(EXPERIMENT)
    assert "not known yet on this machine" in says(browser)
    browser.button(key="measure").click().run()

    assert [job.kind for job in shop.queue.recent()] == [forecasts.JOB]


def test_beside_the_button_stands_what_it_will_take(shop, visit, says):
    measured(shop, 2.0)
    said = says(visit(EXPERIMENT))

    assert "About 1 min" in said or "About 2 min" in said or " s and " in said
    assert "GB of memory on this machine" in said


def test_an_expert_sees_the_forecast_of_each(shop, expert):
    measured(shop, 2.0)
    table = next(one.value for one in expert().dataframe if "Memory at most" in one.value)

    assert "EASE" in set(table["Recommender"])
    assert table["Time"].str.contains("s|min").all()


def test_the_split_that_is_proposed_stands_first(shop, visit):
    browser = visit(EXPERIMENT).toggle(key="expert").set_value(True).run()
    split = browser.radio(key="plan-split")

    assert split.value == "global_time"
    assert split.options[0] == "Global time"


def test_a_quick_look_and_a_tuned_comparison_of_the_same_day_have_names_of_their_own(shop, visit):
    browser = visit(EXPERIMENT)
    browser.button(key="run").click().run()
    first = shop.queue.recent(1)[0]
    shop.queue.cancel(first.id)
    browser = visit(EXPERIMENT)
    browser.radio(key="thorough").set_value("tuned").run()
    browser.button(key="run").click().run()
    names = [job.payload["experiment"]["name"] for job in shop.queue.recent(2)]

    assert names[1].endswith(", quick look")
    assert names[0].endswith(", tuned by 15 trials each")
