"""Several sources in one data set."""

import json

import pytest

from reco_lab.core.errors import MappingError
from reco_lab.services import recipes
from reco_lab.services.data import import_file, load_dataset
from reco_lab.services.merging import Part, parts
from reco_lab.workspace import Workspace

ORDERS = "customer,item,day\nmia@shop,1,2024-01-01\nK2,1,2024-01-02\nK2,2,2024-01-03\n"
CLICKS = "user,item,day\nw-1,1,2024-02-01\nw-2,2,2024-02-02\nw-9,3,2024-02-03\n"


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path):
    def write(content, name):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_another_systems_ids_become_those_of_the_data_set(workspace, file):
    import_file(workspace, file(ORDERS.replace("mia@shop", "K1"), "orders.csv"), "shop")
    pairs = file("crm,web,since\nK1,w-1,2020\nK2,w-2,2021\nK3,w-5,2022\n", "pairs.csv")
    report = import_file(workspace, file(CLICKS, "clicks.csv"), "shop", append=True, ids=pairs)

    assert set(load_dataset(workspace, "shop").interactions.user_ids) == {"K1", "K2", "w-9"}
    assert any(
        "2 of 3 customers go by the ids of pairs.csv (web → crm); 1 are" in one for one in report.warnings
    )


def test_ids_that_are_spelled_in_two_ways_are_one_in_a_table_of_ids_too(workspace, file):
    import_file(workspace, file(ORDERS.replace("mia@shop", "José"), "orders.csv"), "shop")
    pairs = file("crm,web\nJose\u0301,ze\u0301\n", "pairs.csv")
    report = import_file(
        workspace, file(CLICKS.replace("w-1", "zé "), "clicks.csv"), "shop", append=True, ids=pairs
    )

    assert "José" in load_dataset(workspace, "shop").interactions.user_ids
    assert "1 of 3 customers go by the ids of pairs.csv" in " ".join(report.warnings)
    assert len(load_dataset(workspace, "shop").interactions.user_ids) == 4


def test_the_table_of_customers_beside_it_is_translated_too(workspace, file):
    import_file(workspace, file(ORDERS.replace("mia@shop", "K1"), "orders.csv"), "shop")
    pairs = file("crm,web\nK1,w-1\nK2,w-2\n", "pairs.csv")
    people = file("id,tier\nw-1,Ghent\nw-2,Bonn\n", "people.csv")
    import_file(workspace, file(CLICKS, "clicks.csv"), "shop", append=True, ids=pairs, customers=people)

    assert load_dataset(workspace, "shop").customers["tier"].dropna().to_dict() == {
        "K1": "Ghent",
        "K2": "Bonn",
    }


def test_items_are_translated_where_the_table_is_about_items(workspace, file):
    pairs = file("sku,number\nlamp,1\ntable,2\n", "pairs.csv")
    import_file(workspace, file(CLICKS, "clicks.csv"), "clicks", ids=pairs)

    assert set(load_dataset(workspace, "clicks").interactions.item_ids) == {"lamp", "table", "3"}


@pytest.mark.parametrize(
    ("content", "sentence"), [("web\nw-1\n", "two columns"), ("a,b\nx,y\n", "No column of the table of ids")]
)
def test_a_table_of_ids_that_does_not_fit_is_refused(workspace, file, content, sentence):
    with pytest.raises(MappingError, match=sentence):
        import_file(workspace, file(CLICKS, "clicks.csv"), "clicks", ids=file(content, "pairs.csv"))


@pytest.mark.parametrize(("wins", "tier"), [("later", "Bonn"), ("earlier", "Ghent")])
def test_contradictions_are_counted_and_one_source_wins(workspace, file, wins, tier):
    log = file(ORDERS.replace("mia@shop", "K1"), "orders.csv")
    import_file(workspace, log, "shop", customers=file("id,tier,age\nK1,Ghent,30\nK2,Ulm,40\n", "one.csv"))
    more = file("customer,item,day\nK1,7,2024-03-01\n", "more.csv")
    two = file("id,tier,age\nK1,Bonn,30\nK3,Kiel,9\n", "two.csv")
    report = import_file(workspace, more, "shop", append=True, customers=two, wins=wins)

    assert [one for one in report.warnings if "another" in one] == [
        f"1 customer has another tier in this file: what {'this file says' if wins == 'later' else 'was there before'} holds."
    ]
    assert load_dataset(workspace, "shop").customers.loc["K1", "tier"] == tier
    assert load_dataset(workspace, "shop").customers.loc["K3", "tier"] == "Kiel"


def test_a_version_knows_the_files_it_was_made_of(workspace, file):
    import_file(workspace, file(ORDERS.replace("mia@shop", "K1"), "orders.csv"), "shop")
    more = import_file(workspace, file(CLICKS, "clicks.csv"), "shop", append=True)
    again = import_file(workspace, file(CLICKS, "clicks.csv"), "shop", append=True)

    assert parts(workspace, more.dataset) == (
        Part("orders.csv", "delimited", 3),
        Part("clicks.csv", "delimited", 3),
    )
    assert parts(workspace, again.dataset) == parts(workspace, more.dataset)


PROFILES = [
    {
        "id": "K1",
        "address": {"city": "Ghent", "floor": "3rd"},
        "interests": ["chess", "rowing"],
        "orders": [{"n": 1}, {"n": 2}],
    },
    {"id": "K2", "address": {"city": "Bonn"}, "interests": [], "orders": []},
]


def test_nested_profiles_are_flattened_by_their_paths(workspace, file):
    log = file(ORDERS.replace("mia@shop", "K1"), "orders.csv")
    import_file(workspace, log, "shop", customers=file(PROFILES, "profiles.json"))
    people = load_dataset(workspace, "shop").customers

    assert people.loc["K1", "address.floor"] == "3rd"
    assert people.loc["K1", "interests"] == "chess; rowing"
    assert people["orders"].tolist() == [2.0, 0.0]


def test_a_path_that_is_missing_the_next_time_is_named(workspace, file):
    log = file(ORDERS.replace("mia@shop", "K1"), "orders.csv")
    first = import_file(workspace, log, "shop", customers=file(PROFILES, "profiles.json"))
    assert first.recipe.customers is not None
    recipe = first.recipe.model_copy(
        update={
            "customers": first.recipe.customers.model_copy(update={"columns": {"region": "address.city"}})
        }
    )
    other = [{"id": one["id"], "town": "Ulm"} for one in PROFILES]
    again = import_file(
        workspace,
        log,
        "again",
        recipe=recipes.parse(recipes.dump(recipe)),
        customers=file(other, "other.json"),
    )

    assert "other.json has no 'address.city', which was the region last time." in again.warnings
