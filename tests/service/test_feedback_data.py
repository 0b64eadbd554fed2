"""What was served and done becomes a data set that trains."""

import asyncio

import numpy as np
import pytest

from reco_lab.core.ads import Ad
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import Kind
from reco_lab.core.recommender import recommender
from reco_lab.services import bookings, privacy
from reco_lab.services.ad_server import AdServer, EventIn, VisitIn
from reco_lab.services.data import load_dataset
from reco_lab.services.feedback_data import save_feedback
from reco_lab.testing.serving import NAME, open_shop, publish_chain
from reco_lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    found = Workspace.open(tmp_path / "home")
    open_shop(found)
    yield found
    found.close()


def serve(workspace):
    """Ask for ads, tell what came of them, and visit; the answers."""
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    answers = [server.ads(user, n=2) for user in ("u04", "new one")]
    events = [
        EventIn(f"{place}-{kind}", answer.decision.placed[0].decision_id, kind, value)
        for place, answer in enumerate(answers)
        for kind, value in (("impression", None), ("click", None), ("conversion", 12.5), ("dismiss", None))
    ]
    visits = [VisitIn("v-1", "u04", "brand new item", "cart"), VisitIn("v-2", "new one", "i01")]

    async def tell():
        await server.track(events)
        await server.visit(visits)
        await server.put_user("u04", {"city": "Ghent"})
        await server.put_item("brand new item", {"title": "A lamp"})

    asyncio.run(tell())
    server.close()
    return answers


def test_the_log_becomes_a_data_set_with_every_kind_of_interaction(workspace):
    answers = serve(workspace)
    made = save_feedback(workspace, "feedback")
    with_item = [answer for answer in answers if answer.ads[0].item is not None]
    assert made.rows == 2 + 2 * len(with_item)
    assert made.without_item == 2 * (2 - len(with_item))
    log = load_dataset(workspace, "feedback").interactions
    assert with_item
    assert set(log.kinds) == {Kind.view, Kind.click, Kind.cart, Kind.purchase}
    assert log.values[log.kinds == Kind.purchase] == pytest.approx(12.5)
    assert all(str(id_).startswith("p_") for id_ in log.user_ids)
    assert str(answers[0].ads[0].item) in set(log.item_ids)


def test_what_was_shown_is_no_interaction(workspace):
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    placed = server.ads("u04", n=1).decision.placed[0]
    asyncio.run(server.track([EventIn("seen", placed.decision_id, "impression")]))
    server.close()
    with pytest.raises(DataError, match="no interactions yet"):
        save_feedback(workspace, "feedback")


def test_a_deed_told_as_feedback_and_as_a_visit_is_one_interaction(workspace):
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    answer = server.ads("u04", n=1)
    decision, item = answer.decision.placed[0].decision_id, str(answer.ads[0].item)

    async def tell():
        await server.track([EventIn("c", decision, "click"), EventIn("b", decision, "conversion", 9.0)])
        await server.visit(
            [VisitIn("v-1", "u04", item, "purchase", 9.0), VisitIn("v-2", "u04", item, "cart")]
        )

    asyncio.run(tell())
    server.close()
    made = save_feedback(workspace, "feedback")
    log = load_dataset(workspace, "feedback").interactions
    assert made.told_twice == 1
    assert sorted(Kind(kind).name for kind in log.kinds) == ["cart", "click", "purchase"]


def test_behind_another_data_set_its_customers_keep_their_ids(workspace):
    serve(workspace)
    before = load_dataset(workspace, NAME).interactions
    made = save_feedback(workspace, "shop-and-log", onto=NAME)
    data = load_dataset(workspace, "shop-and-log")
    assert len(data.interactions) == len(before) + made.rows
    assert set(before.user_ids) < set(data.interactions.user_ids)
    assert sum(str(id_).startswith("p_") for id_ in data.interactions.user_ids) == 1
    assert data.customers.loc["u04", "city"] == "Ghent"
    assert data.items.loc["brand new item", "title"] == "A lamp"


def test_what_the_data_were_made_of_is_not_in_a_history_twice(workspace):
    serve(workspace)
    save_feedback(workspace, NAME, onto=NAME)
    data = load_dataset(workspace, NAME)
    publish_chain(workspace, data, recommender({"algorithm": "item_knn"}), "Item k-NN")
    server = AdServer.open(workspace, rng=np.random.default_rng(0))
    batch = server.weigh("u04").batch
    names = data.interactions.item_ids[batch.items].tolist()
    server.close()
    assert names.count("brand new item") == 1
    with pytest.raises(DataError, match="nothing that the data lack"):
        save_feedback(workspace, NAME, onto=NAME)


def test_nobody_on_the_suppression_list_is_in_what_the_log_gives(workspace):
    serve(workspace)
    everybody = save_feedback(workspace, "feedback").rows
    privacy.suppress(workspace, ["u04"])
    made = save_feedback(workspace, "feedback")
    assert made.left_out
    assert made.rows + made.left_out == everybody
    assert len(load_dataset(workspace, "feedback").interactions.user_ids) == 1


def test_an_ad_without_an_item_gives_no_interaction(workspace):
    for ad in bookings.ads(workspace):
        bookings.book(workspace, ad.model_copy(update={"item": None, "category": None}))
    bookings.book(workspace, Ad(id="plain", title="Plain"))
    serve(workspace)
    made = save_feedback(workspace, "feedback")
    assert (made.rows, made.without_item) == (2, 4)


def test_an_empty_log_is_said(workspace):
    with pytest.raises(DataError, match="no interactions yet"):
        save_feedback(workspace, "feedback")
