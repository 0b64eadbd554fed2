import pandas as pd
import pytest

from reco_lab.analysis.attribute_columns import guess_attributes, meanings, personal_columns
from reco_lab.analysis.columns import guess_columns, guess_table_kind, kind_of_value
from reco_lab.sources import sniff


def table(**columns):
    return pd.DataFrame(columns, dtype="str")


def guessed(frame):
    return {role: one.column for role, one in guess_columns(frame) if one.column is not None}


HEADERS = [
    ("user_id,item_id,rating,timestamp", "1,2,3,881250949"),
    ("userId,movieId,rating,timestamp", "1,2,3.5,881250949"),
    ("visitorid,itemid,event,timestamp", "1,2,view,1433221332117"),
    ("kunde,artikelnummer,menge,datum", "K1,A1,3,2024-01-31"),
    ("client_id,sku,qty,date", "C1,S1,2,2024-01-31 10:00:00"),
    ("customerID,asset_id,action,event_time", "C1,S1,click,2024-01-31T10:00:00Z"),
    ("reviewerID,asin,overall,unixReviewTime", "A1,B1,5,1393545600"),
    ("utilisateur,produit,note,heure", "U1,P1,4,2024-01-31"),
    ("User-ID,ISBN,Book-Rating,Date", "276725,034545104X,5,2004-03-02"),
]


@pytest.mark.parametrize(("header", "row"), HEADERS)
def test_speaking_names_in_several_languages_are_understood(header, row):
    names = header.split(",")
    frame = pd.DataFrame([row.split(",")] * 3, columns=names, dtype="str")
    third = "kind" if names[2] in {"event", "action"} else "value"
    assert guessed(frame) == {"user": names[0], "item": names[1], third: names[2], "time": names[3]}


def test_every_guess_has_a_reason_and_a_confidence():
    for _, one in guess_columns(table(user_id=["1", "2"], item_id=["3", "4"], other=["x", "y"])):
        assert one.reason
        assert 0 <= one.confidence <= 1


def test_the_order_of_named_columns_does_not_matter():
    frame = table(ts=["881250949"] * 3, item=["a", "b", "c"], stars=["5", "4", "5"], customer=["x", "y", "x"])
    assert guessed(frame) == {"user": "customer", "item": "item", "value": "stars", "time": "ts"}


def test_a_column_called_time_that_holds_no_times_is_no_time():
    assert "time" not in guessed(table(user=["a", "b"], item=["c", "d"], time=["fast", "slow"]))


def test_the_name_of_a_product_is_not_its_id():
    frame = table(product_name=["Red shoe", "Coat"], product_id=["1", "2"], customer=["x", "x"])
    assert guessed(frame)["item"] == "product_id"


def test_a_guess_by_place_is_less_sure_than_one_by_name():
    by_name = guess_columns(table(user=["a", "b"], item=["c", "d"]))
    by_place = guess_columns(table(one=["a", "b"], two=["c", "d"]))
    assert (by_place.user.column, by_place.item.column) == ("one", "two")
    assert by_place.user.confidence < by_name.user.confidence
    assert "check it" in by_place.user.reason


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (table(user=["a", "a", "b"], item=["x", "y", "x"]), "interactions"),
        (table(customer_id=["a", "b", "c"], age=["20", "30", "30"]), "customers"),
        (table(sku=["a", "b", "c"], price=["1", "2", "2"]), "items"),
        (table(one=["1", "2", "3"], two=["Toy Story", "Golden Eye", "Four Rooms"]), "items"),
        (table(one=["1", "2", "3"], two=["M", "F", "M"]), "customers"),
        (table(row_id=["1", "2", "3"], user=["a", "a", "b"], item=["x", "y", "x"]), "interactions"),
    ],
)
def test_tables_of_attributes_are_told_from_interactions(frame, kind):
    assert guess_table_kind(frame) == kind


def test_a_value_says_what_the_rows_are():
    assert kind_of_value(pd.Series(["1", "5", "3"], name="column 3"))[0] == "rating"
    assert kind_of_value(pd.Series(["1", "5", "3"], name="Quantity"))[0] == "purchase"
    assert kind_of_value(pd.Series(["1", "2", "3"], name="Stk"))[0] == "purchase"
    assert kind_of_value(pd.Series(["1", "2", "3"], name="Stück"))[0] == "purchase"
    assert kind_of_value(pd.Series(["1", "2", "3"], name="pcs."))[0] == "purchase"
    assert kind_of_value(pd.Series(["0.13", "99"], name="weight"))[0] == "interaction"


def test_small_numbers_beside_a_price_are_pieces_and_no_ratings():
    rows = pd.DataFrame({"n": ["1", "2", "3", "1"], "unit_price": ["2.5", "3", "2", "9"]})
    assert kind_of_value(rows["n"])[0] == "rating"
    assert kind_of_value(rows["n"], rows.columns)[0] == "purchase"
    stars = rows.rename(columns={"n": "stars"})
    assert kind_of_value(stars["stars"], stars.columns)[0] == "rating"


@pytest.mark.parametrize(
    ("paid", "price", "value"), [("sales_value", "disc", "sales_value"), ("total", "price", "quantity")]
)
def test_what_was_paid_is_taken_rather_than_pieces_unless_a_price_is_there(paid, price, value):
    rows = pd.DataFrame(
        {
            "customer": ["a", "b"],
            "item": ["x", "y"],
            "quantity": ["1", "3"],
            paid: ["2.5", "9"],
            price: ["1", "3"],
        }
    )
    found = guess_columns(rows).value
    assert found.column == value
    assert value == "quantity" or "says what was paid, 'quantity' only how many" in found.reason


@pytest.mark.data
@pytest.mark.parametrize("name", ["ml-100k/u.data", "ml-1m/ratings.dat"])
def test_ratings_without_a_header_are_guessed_by_content(real_data, name):
    path = real_data(name)
    frame = sniff(path).read(path, rows=5000).frame
    expected = {"user": "column 1", "item": "column 2", "value": "column 3", "time": "column 4"}
    assert guessed(frame) == expected
    assert guess_table_kind(frame) == "interactions"


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ml-100k/u.user", "customers"),
        ("ml-100k/u.item", "items"),
        ("ml-1m/users.dat", "customers"),
        ("ml-1m/movies.dat", "items"),
        ("complete-journey/demographics.csv", "customers"),
        ("complete-journey/products.csv", "items"),
        ("complete-journey/transactions_sample.csv", "interactions"),
    ],
)
def test_real_tables_are_told_apart(real_data, name, kind):
    path = real_data(name)
    assert guess_table_kind(sniff(path).read(path, rows=5000).frame) == kind


def attributes(frame, kind):
    return {meaning: one.column for meaning, one in guess_attributes(frame, kind).items()}


def test_columns_of_items_are_known_by_their_names():
    frame = table(
        sku=["a", "b"], product_name=["Red shoe", "Coat"], Kategorie=["x", "y"], unitPrice=["1.5", "$ 2"],
        image_link=["http://x/a.jpg", "http://x/b.jpg"], in_stock=["yes", "no"], profit_margin=["20%", "30%"],
        colour=["red", "blue"],
    )  # fmt: skip
    assert attributes(frame, "items") == {
        "title": "product_name", "category": "Kategorie", "price": "unitPrice", "image": "image_link",
        "stock": "in_stock", "margin": "profit_margin",
    }  # fmt: skip


def test_columns_of_customers_are_known_by_their_names_or_what_they_hold():
    frame = table(
        id=["1", "2"], Age=["30", "45-54"], c2=["M", "F"], Bundesland=["x", "y"], marketing_opt_in=["yes", "no"],
        created_at=["2020-01-01", "2021-01-01"], email=["a@b.de", "c@d.de"], note=["x", "y"],
    )  # fmt: skip
    assert attributes(frame, "customers") == {
        "age": "Age", "gender": "c2", "region": "Bundesland", "consent": "marketing_opt_in", "signup": "created_at",
        "email": "email",
    }  # fmt: skip
    assert personal_columns(frame) == {"email": "email"}


def test_a_column_called_price_that_holds_words_is_no_price():
    assert "price" not in attributes(table(id=["a", "b"], price=["cheap", "dear"]), "items")


def test_columns_of_a_log_without_a_role_are_known_by_their_names():
    frame = table(
        InvoiceNo=["1"], OrderStatus=["paid"], UnitPrice=["1"], client=["a"], Country=["UK"], mail=["a@b.de"]
    )
    assert meanings(frame, ("client",)) == {
        "InvoiceNo": "order",
        "OrderStatus": "status",
        "UnitPrice": "price",
    }
    assert meanings(frame, ("mail",))["mail"] == "email"


@pytest.mark.data
def test_the_columns_of_real_tables_are_understood(real_data):
    def read(name):
        path = real_data(name)
        return sniff(path).read(path, rows=5000).frame

    assert attributes(read("complete-journey/products.csv"), "items") == {
        "title": "product_type", "category": "product_category", "brand": "brand",
    }  # fmt: skip
    assert attributes(read("complete-journey/demographics.csv"), "customers")["age"] == "age"
    assert attributes(read("ml-100k/u.user"), "customers") == {"gender": "column 3", "age": "column 2"}
