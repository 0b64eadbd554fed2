import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from reco_lab.analysis.item_side import guess_roles
from reco_lab.cli import main
from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import MappingError, SpecError
from reco_lab.core.experiment import Columns, DataSpec
from reco_lab.services import recipes
from reco_lab.services.data import import_file, load_dataset, preview, read_split_files

NOW = datetime(2025, 6, 1, tzinfo=UTC)
LINES = (
    "customer,sku,product_name,department,unit_price,ordered,qty\n"
    "c1,A,Red lamp,Home,4.50,2025-01-01,1\n"
    "c2,A,Red lamp,Home,4.95,2025-01-02,1\n"
    "c1,B,,Garden,1.00,2025-01-03,1\n"
    "c2,B,Rake,Garden,1.00,2025-01-04,1\n"
    "c3,C, ,,,2025-01-05,1\n"
    "c3,1984,1984,Books,7.00,2025-01-06,1\n"
)


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(LINES)
    return path


def items_of(workspace, name):
    return load_dataset(workspace, name).items


def test_a_joined_export_names_its_items_without_a_second_file(workspace, orders):
    report = import_file(workspace, orders, "orders")
    items = items_of(workspace, "orders")

    assert report.loaded == 6
    assert items["title"].fillna("-").to_dict() == {"1984": "1984", "A": "Red lamp", "B": "Rake", "C": "-"}
    assert items.loc[["A", "B"], "category"].tolist() == ["Home", "Garden"]
    assert items["price"].dropna().to_dict() == {"1984": 7.0, "A": 4.5, "B": 1.0}
    assert load_dataset(workspace, "orders").title(3) == "C"


def test_where_the_rows_of_an_item_disagree_what_most_say_holds_and_it_is_said(workspace, orders):
    report = import_file(workspace, orders, "orders")
    orders.write_text(LINES + "c4,A,Red lamp,Home,4.95,2025-01-07,1\nc4,B,rake,Home,1.00,2025-01-08,1\n")
    columns = Columns(user="customer", item="sku", title="product_name", price="unit_price")
    import_file(workspace, orders, "more", columns=columns)

    assert items_of(workspace, "orders").loc["A", "price"] == 4.5  # as many rows say 4.95: the earlier
    assert items_of(workspace, "more").loc["A", "price"] == 4.95
    assert items_of(workspace, "more").loc["B", "title"] == "Rake"

    assert report.notes["title"] == "from 'product_name', for 3 items"
    assert report.notes["price"] == (
        "from 'unit_price', for 3 items; 1 has more than one, the most frequent holds"
    )


def test_where_a_table_of_items_knows_better_the_note_does_not_say_that_the_rows_hold(
    workspace, orders, tmp_path
):
    table = tmp_path / "catalogue.csv"
    table.write_text("item,price,weight\nA,9.5,1\nB,,2\n")
    report = import_file(workspace, orders, "orders", items=table)

    assert items_of(workspace, "orders")["price"].astype(float).to_dict()["A"] == 9.5
    assert report.notes["price"] == (
        "from 'unit_price', for 3 items; 1 has more than one, the most frequent holds; "
        "for 1 of them the table of items holds instead"
    )
    assert report.notes["title"] == "from 'product_name', for 3 items"


@pytest.mark.parametrize("nothing", ["0.00", "0", "€0.00"])
def test_a_price_of_nothing_holds_only_where_no_other_is_known(workspace, orders, nothing):
    free = f"c9,A,Red lamp,Home,{nothing},2025-01-01,1\nc9,Z,Sample,Home,{nothing},2025-01-01,1\n"
    head, rows = LINES.split("\n", 1)
    orders.write_text("\n".join([head, free + rows]))
    import_file(workspace, orders, "gifts")

    assert items_of(workspace, "gifts")["price"].astype(float).to_dict()["A"] == 4.5
    assert float(items_of(workspace, "gifts")["price"]["Z"]) == 0


def test_a_table_of_items_that_gives_an_item_away_does_not_take_its_price(workspace, orders, tmp_path):
    table = tmp_path / "items.csv"
    table.write_text("sku,unit_price\nA,0.00\nB,2.00\nC,0.00\n1984,7.00\n")
    import_file(workspace, orders, "priced", items=table)

    assert items_of(workspace, "priced")["price"].to_dict() == {"A": 4.5, "B": 2, "C": 0, "1984": 7}


def test_the_recipe_and_the_command_line_do_the_same(workspace, orders, tmp_path, monkeypatch, capsys):
    report = import_file(workspace, orders, "orders")
    again = import_file(workspace, orders, "again", recipe=recipes.parse(recipes.dump(report.recipe)))
    assert again.fingerprint == report.fingerprint

    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "other"))
    columns = "user=customer,item=sku,time=ordered,value=qty,title=2,category=department,price=unit_price"
    assert main(["data", "import", str(orders), "--columns", columns, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fingerprint"] == report.fingerprint


def test_columns_that_are_not_named_for_the_items_stay_out(workspace, orders):
    import_file(workspace, orders, "orders", columns=Columns(user="customer", item="sku", time="ordered"))
    assert items_of(workspace, "orders") is None


def test_a_table_of_items_knows_better_than_the_rows(workspace, orders, tmp_path):
    catalogue = tmp_path / "catalogue.csv"
    catalogue.write_text("sku,title,brand\nA,Crimson lamp,Lux\nD,New thing,Neo\n")
    import_file(workspace, orders, "orders", items=catalogue)
    items = items_of(workspace, "orders")

    assert items.loc[["A", "B", "D"], "title"].tolist() == ["Crimson lamp", "Rake", "New thing"]
    assert items.loc["A", ["price", "brand"]].tolist() == [4.5, "Lux"]


def test_new_rows_bring_the_titles_of_new_items(workspace, orders, tmp_path):
    import_file(workspace, orders, "orders")
    later = tmp_path / "later.csv"
    later.write_text(LINES.splitlines()[0] + "\nc1,E,Blue lamp,Home,5.00,2025-02-01,1\n")
    import_file(workspace, later, "orders", append=True)

    assert items_of(workspace, "orders").loc[["A", "E"], "title"].tolist() == ["Red lamp", "Blue lamp"]


def test_a_column_of_the_items_that_is_not_there_is_said(workspace, orders):
    columns = Columns(user="customer", item="sku", title="name")
    with pytest.raises(MappingError, match="no column 'name' for the title"):
        import_file(workspace, orders, "orders", columns=columns)


def test_what_differs_from_row_to_row_of_an_item_is_not_guessed_to_describe_it():
    frame = pd.DataFrame(
        {
            "customer": ["a", "b", "a", "b"],
            "product": ["x", "x", "y", "y"],
            "name": ["Ann", "Bert", "Ann", "Bert"],
            "type": ["gift", "own", "own", "gift"],
            "price": ["1", "1", "2", "3"],
        }
    )
    guess = guess_roles(frame)
    assert (guess.title.column, guess.category.column, guess.price.column) == (None, None, "price")


def test_the_files_of_a_published_split_are_not_asked_about_their_items(tmp_path):
    spec = DataSpec(train="train.csv", columns=Columns(user=0, item=1, title=2))
    with pytest.raises(SpecError, match="Leave out title, category, price"):
        read_split_files(spec, tmp_path, ManualClock(NOW))


@pytest.mark.data
def test_online_retail_brings_its_titles_and_prices_along(real_data):
    seen = preview(real_data("online-retail/OnlineRetail.csv"))
    assert (seen.columns.title, seen.columns.price, seen.columns.category) == (
        "Description",
        "UnitPrice",
        None,
    )


def test_a_german_export_says_in_compound_words_what_an_item_is_called_and_costs():
    frame = pd.DataFrame(
        {
            "Kundennr.": [f"{n:05d}" for n in range(12)],
            "Artikelnr.": ["A1", "A2", "A3"] * 4,
            "Artikelbezeichnung": ["Grüner Tee, 250 g", "Korkenzieher, Classic", "Olivenöl extra, 500 g"] * 4,
            "Warengruppe": ["Tee", "Wein", "Öle"] * 4,
            "Menge": ["1", "2", "1"] * 4,
            "Einzelpreis": ["8,45", "1.249,00", "17,85"] * 4,
        }
    )
    found = guess_roles(frame)

    assert (found.title.column, found.price.column) == ("Artikelbezeichnung", "Einzelpreis")
    assert (found.category.column, found.value.column) == ("Warengruppe", "Menge")


def test_a_few_prices_that_are_words_do_not_hide_the_price():
    frame = pd.DataFrame(
        {
            "Kundennr": [f"K{n % 40}" for n in range(200)],
            "Artikelnr": [f"A{n % 5}" for n in range(200)],
            "Menge": ["1", "2"] * 100,
            "Einzelpreis": [f"{n % 5 + 1},90 €" for n in range(200)],
        }
    )
    frame.loc[[3, 77], "Einzelpreis"] = "k.A."

    assert guess_roles(frame).price.column == "Einzelpreis"
    frame.loc[:50, "Einzelpreis"] = "k.A."
    assert guess_roles(frame).price.column is None
