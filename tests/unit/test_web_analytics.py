"""Web analytics: what each tool writes becomes the same table, with every row accounted for."""

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.steps.declared_robots import DeclaredRobots
from reco_lab.cleaning.steps.reloads import Reloads
from reco_lab.core.errors import DataError, SpecError
from reco_lab.core.experiment import Columns
from reco_lab.core.interactions import Kind
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.core.step import StepContext
from reco_lab.services import experiments, recipes
from reco_lab.services.analytics import reading_of
from reco_lab.services.data import import_file, load_dataset
from reco_lab.services.samples import SAMPLES, make_sample
from reco_lab.simulation.spec import Shop
from reco_lab.sources import sniff
from reco_lab.sources._pages import guess_pattern, items_of
from reco_lab.sources._visits import joined, visits
from reco_lab.sources.snowplow import NAMES
from reco_lab.workspace import Workspace

SMALL = Shop(customers=50, items=56, ads=1, days=40, test_days=0)
MICRO = 1_767_225_600_000_000


def ga4(name="view_item", items=(), **said):
    return {
        "event_timestamp": str(MICRO),
        "event_name": name,
        "event_params": [{"key": "ga_session_id", "value": {"string_value": None, "int_value": "77"}}],
        "user_id": None,
        "user_pseudo_id": "1.2",
        "items": [{"item_id": one} for one in items],
    } | said


@pytest.fixture
def write(tmp_path):
    def written(content, name="events.json"):
        path = tmp_path / name
        if not isinstance(content, str):
            content = "\n".join(json.dumps(one) for one in content)
        path.write_text(content, encoding="utf-8")
        return path

    return written


def read(path, **options):
    source = sniff(path)
    return source.name, source.read(path, **options)


def test_an_event_with_three_items_becomes_three_rows_and_says_so(write):
    name, table = read(write([ga4("purchase", ["a", "b", "c"]), ga4("page_view")]))

    assert name == "ga4"
    assert table.frame["item"].tolist()[:3] == ["a", "b", "c"]
    assert table.rows_in_file == 4
    assert (table.dialect["events"]["count"], table.dialect["events"]["several"]) == (2, 1)
    assert table.frame["session"].tolist() == ["77"] * 4


def test_the_same_events_are_the_same_as_lines_as_an_array_and_flattened_to_a_csv(write):
    events = [ga4(items=[f"i{n}"], user_id=f"u{n % 3}") for n in range(5)]
    flat = (
        "event_timestamp,event_name,user_id,user_pseudo_id,event_params.ga_session_id,items_item_id\n"
        + "".join(f"{MICRO},view_item,u{n % 3},1.2,77,i{n}\n" for n in range(5))
    )
    tables = [read(write(events)), read(write(json.dumps(events))), read(write(flat, "events.csv"))]

    assert [name for name, _ in tables] == ["ga4"] * 3
    for _, table in tables:
        assert table.frame["item"].tolist() == [f"i{n}" for n in range(5)]
        assert table.frame["customer"].tolist() == ["u0", "u1", "u2", "u0", "u1"]


def test_a_line_that_is_no_event_is_refused_by_its_number(write):
    lines = [json.dumps(ga4(items=["a"])) for _ in range(300)]
    lines[6] = lines[6][:50]
    _, table = read(write("\n".join(lines)))

    assert [one.line for one in table.refused] == [7]
    assert table.rows_in_file == 300


def test_a_file_of_which_most_is_no_event_is_refused(write):
    with pytest.raises(DataError, match="cannot be read"):
        read(write("\n".join([json.dumps(ga4()), *["{"] * 9])))


def test_a_visit_of_matomo_becomes_its_views_carts_and_orders(write):
    visit = {
        "idVisit": 5,
        "visitorId": "abc",
        "userId": "mia",
        "actionDetails": [
            {
                "type": "action",
                "url": "https://x.example/p/1",
                "timestamp": 1767225600,
                "productViewSku": "1",
            },
            {"type": "search", "timestamp": 1767225610},
            {
                "type": "ecommerceOrder",
                "orderId": "T1",
                "timestamp": 1767225700,
                "itemDetails": [
                    {"itemSKU": "1", "quantity": 2, "price": 3.5},
                    {"itemSKU": "2", "quantity": 1},
                ],
            },
        ],
    }
    name, table = read(write(json.dumps([visit])))

    assert name == "matomo"
    assert table.frame["event"].tolist() == ["productView", "search", "ecommerceOrder", "ecommerceOrder"]
    assert table.frame["quantity"].tolist() == ["1", "1", "2", "1"]
    assert set(table.frame["customer"]) == {"mia"}


def test_rows_of_matomos_tables_are_read_by_their_names(write):
    text = "idvisit,idvisitor,user_id,server_time,url,product_sku\n5,abc,,2026-01-01 10:00:00,/p/1,1\n"
    name, table = read(write(text, "log.csv"))

    assert (name, table.frame["customer"].tolist(), table.frame["item"].tolist()) == (
        "matomo",
        ["abc"],
        ["1"],
    )


def test_the_enriched_stream_of_snowplow_is_read_without_a_header(write):
    def line(**said):
        return "\t".join(str(said.get(name, "")) for name in NAMES)

    product = {"schema": "iglu:x/product/jsonschema/1-0-0", "data": {"id": "sku-1", "price": 9.5}}
    contexts = json.dumps({"schema": "iglu:x/contexts/1", "data": [product]})
    action = json.dumps({"schema": "iglu:x", "data": {"schema": "iglu:y", "data": {"type": "add_to_cart"}}})
    rows = [
        line(collector_tstamp="2026-01-01 10:00:00.000", event="page_view", domain_userid="d1"),
        line(
            collector_tstamp="2026-01-01 10:00:01.000", event="unstruct", domain_userid="d1", contexts=contexts,
            unstruct_event=action, event_name="snowplow_ecommerce_action",
        ),
        line(
            collector_tstamp="2026-01-01 10:00:02.000", event="struct", domain_userid="d1", se_action="view",
            se_property="sku-2", user_id="mia",
        ),
    ]  # fmt: skip
    name, table = read(write("\n".join(rows) + "\n", "events.tsv"))

    assert name == "snowplow"
    assert table.frame["event"].tolist() == ["page_view", "add_to_cart", "view"]
    assert table.frame["item"].fillna("").tolist() == ["", "sku-1", "sku-2"]
    assert set(table.frame["customer"]) == {"mia"}


def test_events_of_a_customer_data_platform_are_a_clickstream(write):
    told = {
        "anonymousId": "a1",
        "event": "Order Completed",
        "timestamp": "2026-01-01T10:00:00Z",
        "context": {"page": {"url": "https://x.example/thanks"}},
        "properties": {"products": [{"product_id": "p1", "price": 3}, {"product_id": "p2"}]},
    }
    name, table = read(write([told] * 3))

    assert name == "clickstream"
    assert table.frame["item"].tolist() == ["p1", "p2"] * 3


def test_a_log_with_items_and_no_pages_is_no_clickstream(write):
    text = "timestamp,visitorid,event,itemid\n" + "1433221332117,257597,view,355908\n" * 3
    assert read(write(text, "events.csv"))[0] == "delimited"


def test_what_a_cookie_did_before_the_log_in_belongs_to_who_logs_in_next():
    user = pd.Series([None, "mia", None, "leo", None, None], dtype="str")
    cookie = pd.Series(["a", "a", "a", "a", "a", "b"], dtype="str")
    found = joined(user, cookie, np.arange(6)[::1])

    assert found.fillna("").tolist() == ["mia", "mia", "leo", "leo", "leo", ""]
    shuffled = np.array([4, 2, 0, 5, 1, 3])
    again = joined(user.iloc[shuffled], cookie.iloc[shuffled], shuffled)
    assert again.sort_index().fillna("").tolist() == found.fillna("").tolist()


def test_a_visit_ends_after_half_an_hour_without_an_event():
    minutes = np.array([0, 29, 60, 0, 31])
    found = visits(pd.Series(["a", "a", "a", "b", "b"]), minutes * 60_000_000)

    assert found.tolist() == ["1", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("pattern", "page", "item"),
    [
        ("/product/{item}", "https://x.example/product/A%201?ref=2", "A 1"),
        ("/product/{item}", "https://x.example/products/A", None),
        ("/shop/*/{item}", "/shop/shoes/7/", "7"),
        ("?sku={item}", "/view?lang=de&sku=9#top", "9"),
        ("/{item}.html", "/lamp-3.html", "lamp-3"),
        (r"regex:-i(?P<item>\d+)\.htm", "/lamp-i77.htm", "77"),
    ],
)
def test_a_pattern_finds_the_item_of_a_page(pattern, page, item):
    found = items_of(pd.Series([page], dtype="str"), pattern).iloc[0]
    assert (None if pd.isna(found) else found) == item


@pytest.mark.parametrize(
    "pattern", ["/product/", "{item}{item}", "regex:(", r"regex:(?P<item>a)(?=b)", "x" * 201]
)
def test_a_pattern_that_cannot_be_used_gets_a_sentence(pattern):
    with pytest.raises(SpecError):
        items_of(pd.Series(["/a"], dtype="str"), pattern)


def test_an_expression_cannot_be_made_to_search_for_ever():
    pages = pd.Series(["/" + "a" * 50_000 + "!"] * 3, dtype="str")
    assert items_of(pages, r"regex:(?P<item>(?:a+)+)$").isna().all()


def test_the_usual_pattern_is_found_in_the_pages():
    assert guess_pattern(pd.Series([f"/de/p/{n}" for n in range(20)] + ["/"], dtype="str")) == "/p/{item}"
    assert guess_pattern(pd.Series(["/about", "/"], dtype="str")) == ""


def test_events_count_as_much_as_a_person_says(write, tmp_path):
    path = write([ga4("view_item", [f"i{n % 3}"], user_id=f"u{n % 4}") for n in range(12)])
    workspace = Workspace.open(tmp_path / "home")
    reading = Reading(kinds={"view_item": "click"}, weights={"view_item": 4})
    made = import_file(workspace, path, "web", reading=reading)
    log = load_dataset(workspace, "web").interactions

    assert set(log.kinds) == {Kind.click}
    assert set(log.values) == {4.0}
    assert made.recipe.reading == reading


def test_a_purchase_counts_as_one_whatever_is_said_so_that_its_value_stays_pieces():
    events = pd.DataFrame(
        {
            "event": ["paid", "bonus", "seen"],
            "becomes": ["purchase", "purchase", "view"],
            "weight": [5.0, 1.0, 0.5],
        }
    )
    assert reading_of(events).weights == {"paid": 1.0, "bonus": 1.0, "seen": 0.1}


def test_a_recipe_keeps_events_weights_and_pages_whatever_they_are_called():
    words = {"Order Completed": "purchase", 'say "hi" = [x]': "", "größe.änderung": "view"}
    recipe = Recipe(
        columns=Columns(user="customer", item="item"),
        options={"pages": "/p/{item}", "join_ids": False},
        reading=Reading(kinds=words, weights={"Order Completed": 2.5}),
    )
    assert recipes.parse(recipes.dump(recipe)) == recipe


def test_a_cookie_that_is_called_like_a_person_is_not_that_person(write):
    _, table = read(
        write([ga4(items=["a"], user_id="7", user_pseudo_id="1.1"), ga4(items=["b"], user_pseudo_id="7")])
    )

    assert table.frame["customer"].tolist() == ["7", "visitor 7"]


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("web"))
    for one in SAMPLES:
        path = make_sample(workspace, one.name, shop=SMALL)
        import_file(workspace, path, one.name, synthetic=True)
    return workspace


def test_the_four_tools_tell_of_the_same_shop(samples):
    logs = {one.name: load_dataset(samples, one.name).interactions for one in SAMPLES}
    bought = {name: int((log.kinds == Kind.purchase).sum()) for name, log in logs.items()}

    assert len(set(bought.values())) == 1
    assert len({log.n_items for log in logs.values()}) == 1
    assert all(load_dataset(samples, name).synthetic for name in logs)


@pytest.mark.parametrize("name", [one.name for one in SAMPLES])
def test_each_sample_trains(samples, name):
    asked = experiments.Experiment.model_validate(
        {
            "name": name,
            "data": {"dataset": name},
            "split": {"kind": "last_n"},
            "recommenders": [{"algorithm": "most_popular"}, {"algorithm": "item_knn"}],
            "metrics": {"names": ["ndcg"], "k": [5]},
        }
    )
    comparison = experiments.run(samples, asked, report=lambda _fraction, _message: None)

    trained = {row.algorithm for row in comparison.leaderboard if row.error is None}
    assert trained >= {"most_popular", "item_knn"}


def test_a_look_counts_once_a_visit_and_a_purchase_every_time():
    rows = [
        ("u", "a", "view", "v1", "2026-01-01T10:05"),
        ("u", "a", "view", "v1", "2026-01-01T10:00"),
        ("u", "a", "purchase", "v1", "2026-01-01T10:06"),
        ("u", "a", "purchase", "v1", "2026-01-01T10:07"),
        ("u", "a", "view", "v2", "2026-01-02T10:00"),
        ("u", "b", "view", "v1", "2026-01-01T10:08"),
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "kind", "session", "time"])
    frame["time"] = pd.to_datetime(frame["time"])
    mended = Reloads().apply(frame, StepContext(datetime(2026, 2, 1, tzinfo=UTC)))

    assert mended.dropped.index.tolist() == [0]


def test_a_robot_is_known_by_its_user_agent_and_a_person_is_not():
    agents = [
        "Mozilla/5.0 (compatible; ExampleBot/2.1; +x)",
        "Mozilla/5.0 (X11) Firefox/140.0",
        "curl/8.1",
        None,
    ]
    frame = pd.DataFrame({"user": list("abcd"), "item": "i", "user_agent": pd.Series(agents, dtype="str")})
    mended = DeclaredRobots().apply(frame, StepContext(datetime(2026, 2, 1, tzinfo=UTC)))

    assert mended.dropped["user"].tolist() == ["a", "c"]
