"""A real PostgreSQL as a source: what is read is exact, what is not allowed does not happen, nobody sees the password."""

import csv
import json
import threading
import time
from dataclasses import asdict

import psycopg
import pytest

from reco_lab.core.errors import CancelledError, InputError
from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Origin
from reco_lab.services import databases, recipes, refreshing
from reco_lab.services.data import import_file, load_dataset, preview
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

CANARY = "canary-8f2c-pass'word"
IDS = ["00123", "1e5", "NA", "null", "nan", "9007199254740993", "é", "1", "1.0", "01", "-0", "true"]


@pytest.fixture(scope="module")
def server(postgresql):
    with psycopg.connect(postgresql.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE reader LOGIN PASSWORD " + "'" + CANARY.replace("'", "''") + "'")
        owner.execute("CREATE SCHEMA shop")
        owner.execute("GRANT USAGE ON SCHEMA shop TO reader")
        owner.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO reader")
        owner.execute(
            "CREATE TABLE shop.orders AS SELECT 'c' || n % 9 customer, n % 7 item, "
            "timestamptz '2024-01-01 00:00:00.123456+02' + n * interval '1 hour' bought FROM generate_series(0, 299) n"
        )
        owner.execute(
            "CREATE TABLE shop.ids (id text, big bigint, exact numeric, raw bytea, name uuid, day date)"
        )
        for one in IDS:
            owner.execute(
                "INSERT INTO shop.ids VALUES (%s, 9007199254740993, 1.10, '\\x00ff', "
                "'6f9619ff-8b86-d011-b42d-00cf4fc964ff', 'infinity')",
                (one,),
            )
        owner.execute('CREATE TABLE shop."odd "" %s name" AS SELECT 1 AS "a%b"')
        owner.execute("ANALYZE")
    return postgresql


@pytest.fixture
def owner(server):
    with psycopg.connect(server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def where(server):
    port = psycopg.conninfo.conninfo_to_dict(server.url)["port"]
    return databases.place(
        kind="postgresql", host="127.0.0.1", port=int(port), database="postgres", user="reader"
    )


@pytest.fixture
def workspace(where, tmp_path, monkeypatch):
    monkeypatch.setenv(databases.HOSTS, f"127.0.0.1:{where.port}")
    monkeypatch.setenv("RECO_LAB_DB_SHOP_PASSWORD", CANARY)
    opened = Workspace.open(tmp_path / "home")
    databases.connect(opened, "shop", where)
    yield opened
    opened.close()


def fetched(workspace, origin, **more):
    return databases.fetch(workspace, origin, workspace.staging.folder(), **more)


def query(text):
    return Origin(database="shop", query=text)


def busy(owner, what="reader"):
    return owner.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (what,)).fetchone()[0]


def test_tables_are_seen_with_their_sizes_and_every_value_is_exact(workspace):
    found = databases.tables(workspace, "shop")
    ids = Origin(database="shop", table=("shop", "ids"))
    seen = databases.look(workspace, ids)

    assert [(one.title, one.rows) for one in found.relations][:2] == [
        ("shop.ids", 12),
        ('shop.odd " %s name', 1),
    ]
    assert found.advice == ""
    assert dict(seen.columns)["exact"] == "numeric"
    assert seen.rows["id"].tolist() == IDS
    assert seen.rows.iloc[0, 1:].tolist() == [
        "9007199254740993", "1.10", "\\x00ff", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "infinity",
    ]  # fmt: skip
    assert preview(fetched(workspace, ids).path).sample["id"].tolist() == IDS
    odd = Origin(database="shop", table=("shop", 'odd " %s name'))
    assert databases.look(workspace, odd).rows.to_dict("list") == {"a%b": ["1"]}


def test_a_table_with_times_becomes_a_data_set_in_utc(workspace):
    origin = Origin(database="shop", table=("shop", "orders"))
    refreshing.bring_in(workspace, fetched(workspace, origin).path, "orders", origin)

    log = load_dataset(workspace, "orders").interactions
    assert len(log) == 300
    assert str(log.times.min()) == "2023-12-31T22:00:00.123456"


def test_a_query_that_sleeps_is_ended_in_time_here_and_on_the_server(workspace, owner):
    sleeping = query("SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b")

    begun = time.monotonic()
    with pytest.raises(InputError, match="did not answer within 1 seconds"):
        fetched(workspace, sleeping, seconds=1.0)
    assert time.monotonic() - begun < 30.0
    until(lambda: busy(owner) == 0)


def test_a_query_that_is_cancelled_ends_on_the_server_too(workspace, owner):
    def report(_fraction, _message):
        raise CancelledError

    begun = time.monotonic()
    with pytest.raises(CancelledError):
        fetched(workspace, query("SELECT count(*) FROM generate_series(1, 1000000000000) a"), report=report)
    assert time.monotonic() - begun < 30.0
    until(lambda: busy(owner) == 0)


def test_a_server_that_ends_the_connection_while_reading_is_said_and_the_data_stay(workspace, owner):
    origin = query("SELECT n AS customer, n % 7 AS item FROM generate_series(1, 3000000) n")
    folder = workspace.staging.folder()

    def end():
        while not (folder / "shop-query.parquet").exists():
            time.sleep(0.01)
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(InputError, match=r"terminating connection|cannot be reached"):
        databases.fetch(workspace, origin, folder)
    ending.join()
    assert list(folder.iterdir()) == []


def test_a_dropped_table_a_wrong_password_and_a_silent_server_each_have_their_sentence(
    workspace, where, monkeypatch
):
    with pytest.raises(InputError, match=r"no table 'shop.gone'"):
        fetched(workspace, query("SELECT * FROM shop.gone"))
    with pytest.raises(InputError, match=r"no table 'shop.gone'"):
        fetched(workspace, Origin(database="shop", table=("shop", "gone")))
    monkeypatch.setenv("RECO_LAB_DB_SHOP_PASSWORD", "wrong")
    with pytest.raises(InputError, match=r"did not let 'reader' in.*RECO_LAB_DB_SHOP_PASSWORD"):
        databases.tables(workspace, "shop")
    monkeypatch.delenv("RECO_LAB_DB_SHOP_PASSWORD")
    with pytest.raises(InputError, match=r"password is not known.*RECO_LAB_DB_SHOP_PASSWORD"):
        databases.tables(workspace, "shop")
    monkeypatch.setenv("RECO_LAB_DB_OFF_PASSWORD", "")
    monkeypatch.setenv(databases.HOSTS, "127.0.0.1:9")
    with pytest.raises(InputError, match=r"cannot be reached.*host and port"):
        databases.connect(workspace, "off", where.model_copy(update={"port": 9}))
    assert list(databases.connections(workspace)) == ["shop"]


def test_a_user_who_may_do_more_than_read_is_advised_against(workspace, where, server, monkeypatch):
    from reco_lab.testing.postgres import PASSWORD

    monkeypatch.setenv("RECO_LAB_DB_OWNER_PASSWORD", PASSWORD)

    found = databases.connect(workspace, "owner", where.model_copy(update={"user": "lab"}))

    assert "may only SELECT" in found.advice


def test_what_grows_is_read_from_where_the_last_reading_ended(workspace, owner):
    owner.execute("CREATE TABLE shop.log (customer text, item text, id bigint)")
    owner.execute("INSERT INTO shop.log SELECT 'c' || n % 5, 'i' || n % 3, n FROM generate_series(1, 12) n")
    origin = Origin(database="shop", table=("shop", "log"), grows_by="id")
    refreshing.bring_in(workspace, fetched(workspace, origin).path, "log", origin)

    owner.execute("INSERT INTO shop.log VALUES ('c1', 'i1', 12), ('c1', 'i1', 13), ('c9', 'i9', 3)")
    done = refreshing.refresh(workspace, "log")

    assert done.report.loaded == 2
    assert done.notes[0].startswith("1 row with an earlier 'id' came late")
    assert len(load_dataset(workspace, "log").interactions) == 14


def test_the_password_is_nowhere(workspace, where, monkeypatch, caplog, tmp_path):
    origin = Origin(database="shop", table=("shop", "orders"))
    found = fetched(workspace, origin)
    report = refreshing.bring_in(workspace, found.path, "orders", origin)
    said = [
        recipes.dump(report.recipe),
        repr(where),
        repr(asdict(found)),
        json.dumps(dict(report.summary), default=str),
    ]
    monkeypatch.setenv("RECO_LAB_DB_SHOP_PASSWORD", CANARY + "x")
    for wrong in (origin, query("SELECT nothing"), query("SELECT 'x")):
        with pytest.raises(InputError) as caught:
            fetched(workspace, wrong)
        said += [str(caught.value), repr(caught.value), workspace.log.reference(caught.value)]

    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    assert not any(CANARY in one for one in (*said, caplog.text))


@pytest.mark.data
@pytest.mark.slow
def test_online_retail_comes_from_the_database_as_it_comes_from_its_file(
    workspace, owner, real_data, tmp_path
):
    file = real_data("online-retail/OnlineRetail.csv")
    names = ("invoice", "sku", "description", "quantity", "bought", "price", "customer", "country")
    owner.execute(f"CREATE TABLE shop.retail ({', '.join(f'{name} text' for name in names)})")
    with file.open(encoding="cp1252", newline="") as stream, owner.cursor() as cursor:
        lines = csv.reader(stream)
        next(lines)
        with cursor.copy("COPY shop.retail FROM STDIN") as copy:
            for line in lines:
                copy.write_row([value or None for value in line])
    columns = {"user": "customer", "item": "sku", "time": "bought", "value": "quantity"}
    origin = Origin(database="shop", table=("shop", "retail"))

    found = fetched(workspace, origin)
    told = refreshing.bring_in(workspace, found.path, "retail", origin, columns=Columns(**columns))
    of_file = {"user": "CustomerID", "item": "StockCode", "time": "InvoiceDate", "value": "Quantity"}
    twin = import_file(workspace, file, "twin", columns=Columns(**of_file))

    assert found.rows == told.rows_in_file == twin.rows_in_file == 541_909
    assert told.loaded == twin.loaded
    assert told.summary == twin.summary
