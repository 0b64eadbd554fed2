"""The microscope on a small finished experiment."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services import demo
from reco_lab.services.customers import microscope, strongest
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import comparison, listing, overlap, run
from reco_lab.workspace import Workspace


def tastes():
    rng = np.random.default_rng(0)
    rows = [
        (f"u{user:02}", f"i{item:02}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day, minutes=user))
        for user in range(40)
        for day, item in enumerate(rng.choice(np.arange(user % 2, 24, 2), 8, replace=False))
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    items = pd.DataFrame(
        {"title": [f"Title {n}" for n in range(24)], "price": 9.5}, index=[f"i{n:02}" for n in range(24)]
    )
    customers = pd.DataFrame({"region": ["north", "south"] * 20}, index=[f"u{n:02}" for n in range(40)])
    return Dataset.join(
        "tastes", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")), customers, items
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = Workspace.open(tmp_path_factory.mktemp("home"))
    save_dataset(opened, tastes())
    specs = [{"algorithm": name} for name in ("item_knn", "ease", "ials", "bpr")]
    asked = Experiment(
        name="tastes",
        data=DataSpec(dataset="tastes"),
        split={"kind": "last_n"},
        recommenders=specs,
        metrics=MetricSpec(names=("ndcg",), k=(5,)),
    )
    run(opened, asked, lambda fraction, message: None)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lens(workspace):
    return microscope(workspace, listing(workspace)[0].id)


def test_the_comparison_of_a_finished_experiment_is_kept(workspace):
    kept = comparison(workspace, listing(workspace)[0].id)
    assert {row.algorithm for row in kept.leaderboard} == {
        "item_knn",
        "ease",
        "ials",
        "bpr",
        "random",
        "most_popular",
    }


def test_running_it_again_answers_from_what_was_kept(workspace):
    record = listing(workspace)[0]
    first = comparison(workspace, record.id)
    again = run(workspace, Experiment.model_validate(dict(record.spec)), lambda fraction, message: None)
    assert again.leaderboard == first.leaderboard
    assert len(listing(workspace)) == 1


def test_the_demos_comparison_is_computed_once_and_stays_what_it_was(workspace, monkeypatch):
    record = listing(workspace)[0]
    asked = Experiment.model_validate(dict(record.spec))
    monkeypatch.setattr(demo, "demo_experiment", lambda _workspace: asked)
    kept = comparison(workspace, record.id).model_copy(update={"created": "2020-02-02T02:02:02+00:00"})
    workspace.store.set_comparison(record.id, kept.model_dump(mode="json"))

    assert demo.run_demo(workspace, lambda fraction, message: None) == kept

    workspace.store.set_comparison(record.id, {"kept": "by another version"})
    again = demo.run_demo(workspace, lambda fraction, message: None)
    assert again.leaderboard == kept.leaderboard
    assert again.created > kept.created
    assert comparison(workspace, record.id) == again


def test_each_model_shows_a_list_without_what_the_customer_has(lens):
    look = lens.look("u04", k=5)
    owned = set(look.history["item_id"])
    assert {panel.name for panel in look.panels} == {"Item k-NN", "EASE", "iALS", "BPR", "Most popular"}
    assert all(len(panel.cards) == 5 for panel in look.panels)
    assert all(card.item_id not in owned for panel in look.panels for card in panel.cards)


def test_what_the_customer_really_bought_later_is_marked(lens):
    look = lens.look("u04", k=24)
    marked = {card.title for card in look.panels[0].cards if card.held_out}
    assert marked == set(look.held_out) != set()


def test_reasons_are_items_of_the_history_and_reach_the_score(lens):
    look = lens.look("u04", k=3, models=("EASE",))
    titles = set(look.history["title"])
    assert all(reason.text in titles for card in look.panels[0].cards for reason in card.because)
    assert all(card.because for card in look.panels[0].cards)


def test_a_reason_says_what_was_done_and_when(lens):
    reason = lens.look("u04", k=1, models=("EASE",)).panels[0].cards[0].because[0]
    assert (reason.kind, reason.time[:4], reason.itself) == ("interaction", "2024", False)


def test_a_list_that_is_the_same_for_everybody_says_so(lens):
    panels = {panel.name: panel for panel in lens.look("u04").panels}
    assert panels["Most popular"].alike
    assert not panels["EASE"].alike


def test_what_a_customer_did_afterwards_is_counted(lens):
    look = lens.look("u04")
    assert sum(look.afterwards.kinds.values()) == look.afterwards.asked == len(look.held_out) == 1
    assert (look.afterwards.again, look.afterwards.unknown, look.wanted) == (0, 0, ("interaction",))


@pytest.mark.parametrize(("kinds", "told"), [({"view", "purchase"}, "purchase"), ({"view", "cart"}, "cart")])
def test_a_purchase_says_more_than_a_look(kinds, told):
    assert strongest(kinds) == told


def test_striking_an_item_ranks_all_lists_again(lens):
    before = lens.look("u04", k=6, models=("Item k-NN",))
    after = lens.look("u04", k=6, models=("Item k-NN",), struck=tuple(before.history["item_id"][:3]))
    assert [card.score for card in before.panels[0].cards] != [card.score for card in after.panels[0].cards]
    assert len(after.history) == len(before.history)


def test_a_struck_history_is_a_new_customers_history(lens):
    everything = tuple(lens.look("u04").history["item_id"])
    look = lens.look("u04", struck=everything, models=("EASE",))
    assert look.panels[0].fallback
    assert [card.item_id for card in look.panels[0].cards]


def test_adding_an_item_of_the_other_taste_brings_in_the_other_taste(lens):
    odd = tuple(f"i{n:02}" for n in range(1, 24, 2))[:8]
    struck = tuple(lens.look("u04").history["item_id"])
    look = lens.look("u04", k=3, struck=struck, added=odd, models=("EASE",))
    assert all(int(card.item_id[1:]) % 2 == 1 for card in look.panels[0].cards)


def test_a_model_that_does_not_fold_in_says_why_it_stays_as_it_was(lens):
    known = {panel.name: panel for panel in lens.look("u04").panels}
    changed = {panel.name: panel for panel in lens.look("u04", struck=("i00",)).panels}
    stuck = [name for name, panel in changed.items() if not panel.folds_in]
    assert all(changed[name].why_not and changed[name].cards == known[name].cards for name in stuck)
    assert all(not changed[name].why_not for name in changed if name not in stuck)


def test_customers_are_found_by_a_part_of_their_id(lens):
    assert lens.customers("u1", limit=100)
    assert all("u1" in name for name in lens.customers("u1"))
    assert len(lens.customers("", limit=7)) == 7


def test_items_are_found_by_title(lens):
    assert ("i03", "Title 3") in lens.items("title 3")


def test_an_unknown_customer_or_item_is_answered_with_a_sentence(lens):
    with pytest.raises(NotFoundError, match="no customer 'nobody'"):
        lens.look("nobody")
    with pytest.raises(NotFoundError, match="no item 'nothing'"):
        lens.look("u04", struck=("nothing",))


def test_attributes_and_prices_are_shown(lens):
    look = lens.look("u05")
    assert look.attributes == {"region": "south"}
    assert look.panels[0].cards[0].price == 9.5


def test_overlap_of_a_list_with_itself_is_everything(workspace):
    names, shares = overlap(workspace, listing(workspace)[0].id, k=5)
    assert len(names) == len(shares) == 6
    assert np.allclose(np.diag(shares), 1)
    assert ((shares >= 0) & (shares <= 1)).all()


def test_an_experiment_whose_version_was_dropped_says_so_and_does_not_answer_about_another(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    data = tastes()
    save_dataset(opened, data)
    asked = Experiment(
        data=DataSpec(dataset="tastes"), split={"kind": "last_n"}, recommenders=[{"algorithm": "ease"}]
    )
    run(opened, asked, lambda fraction, message: None)
    id_ = listing(opened)[0].id
    save_dataset(opened, data.take(np.arange(len(data.interactions) - 5)))
    assert microscope(opened, id_).data.fingerprint == data.fingerprint
    opened.store.drop_dataset("tastes", 1)
    with pytest.raises(NotFoundError, match="was dropped"):
        microscope(opened, id_)
    opened.close()


def test_another_metric_trains_nothing_again(workspace):
    record = listing(workspace)[0]
    before = Experiment.model_validate(dict(record.spec))
    more = before.model_copy(update={"metrics": MetricSpec(names=("ndcg", "recall"), k=(5,))})
    assert all(before.run_key(spec, "cut", 0) == more.run_key(spec, "cut", 0) for spec in before.recommenders)
    kept = comparison(workspace, record.id)
    assert all(workspace.store.run(key) for row in kept.leaderboard for key in row.run_keys)
