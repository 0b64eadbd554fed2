import os
import sqlite3
import time
from contextlib import closing

import duckdb
import pytest

from reco_lab.core.errors import CancelledError, InputError
from reco_lab.core.recipe import Origin
from reco_lab.services import databases, recipes, refreshing
from reco_lab.services.data import load_dataset, preview
from reco_lab.services.feedback_data import save_feedback
from reco_lab.sources.sql.reading import opened as a_session
from reco_lab.sources.sql.session import MOST_HELD, Account
from reco_lab.sources.sql.sink import Most
from reco_lab.store.events.log import EventLog
from reco_lab.testing.events import visit
from reco_lab.workspace import Workspace

IDS = ["00123", "1e5", "NA", "null", "9007199254740993", "é", "1.0", "-0"]
ENDLESS = {
    "lite": "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
    "duck": "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b",
}
ROWS = [(f"c{n % 9}", n % 7, f"2024-01-{1 + n // 12:02d}", n) for n in range(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("databases")
    with closing(sqlite3.connect(made / "shop.sqlite")) as lite:
        lite.execute("CREATE TABLE orders (customer TEXT, item INTEGER, day TEXT, n INTEGER)")
        lite.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ROWS)
        lite.execute('CREATE TABLE "odd "" name" (id TEXT, big INTEGER, share REAL, raw BLOB)')
        lite.executemany(
            'INSERT INTO "odd "" name" VALUES (?, ?, ?, ?)',
            [(one, 2**53 + 1, 0.1, b"\x00\xff") for one in IDS],
        )
        lite.commit()
    with duckdb.connect(str(made / "shop.duckdb")) as duck:
        duck.execute("CREATE TABLE orders (customer VARCHAR, item BIGINT, day DATE, n INTEGER)")
        duck.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", ROWS)
        duck.execute(
            "CREATE TABLE exact AS SELECT 1.10::DECIMAL(9, 2) AS price, 170141183460469231731687303715884105727 AS huge, "
            "'6f9619ff-8b86-d011-b42d-00cf4fc964ff'::UUID AS name, TIMESTAMP '2024-01-05 10:20:30.123456' AS moment, "
            "'\\xAA'::BLOB AS raw, true AS yes, NULL AS nothing"
        )
    return made


@pytest.fixture
def workspace(folder, tmp_path, monkeypatch):
    monkeypatch.setenv(databases.FOLDERS, str(folder))
    opened = Workspace.open(tmp_path / "home")
    databases.connect(opened, "lite", databases.place(kind="sqlite", file="shop.sqlite"))
    databases.connect(opened, "duck", databases.place(kind="duckdb", file="shop.duckdb"))
    yield opened
    opened.close()


BOTH = pytest.mark.parametrize(("name", "schema"), [("lite", ""), ("duck", "main")])


def fetched(workspace, origin, **more):
    return databases.fetch(workspace, origin, workspace.staging.folder(), **more)


@BOTH
def test_tables_are_listed_with_their_sizes_and_looked_into(workspace, name, schema):
    found = databases.tables(workspace, name)
    seen = databases.look(workspace, Origin(database=name, table=(schema, "orders")))

    assert next(one.rows for one in found.relations if one.name == "orders") == 300
    assert list(seen.rows.columns) == ["customer", "item", "day", "n"]
    assert (len(seen.rows), seen.count) == (50, 300)
    assert all(kind for _, kind in seen.columns)


@BOTH
def test_a_table_becomes_a_data_set_and_its_recipe_names_the_connection(workspace, name, schema):
    origin = Origin(database=name, table=(schema, "orders"))
    file = fetched(workspace, origin).path

    report = refreshing.bring_in(workspace, file, "orders", origin)

    assert report.loaded == 300
    text = recipes.dump(report.recipe)
    assert "[origin]" in text
    assert recipes.parse(text).origin == origin
    assert refreshing.origin_of(workspace, report.dataset) == origin


def test_ids_and_numbers_are_as_they_were_stored(workspace):
    odd = fetched(workspace, Origin(database="lite", table=("", 'odd " name'))).path
    exact = fetched(workspace, Origin(database="duck", table=("main", "exact"))).path

    assert preview(odd).sample["id"].tolist() == IDS
    assert preview(odd).sample.iloc[0, 1:].tolist() == ["9007199254740993", "0.1", "00ff"]
    assert preview(exact).sample.iloc[0].tolist()[:-1] == [
        "1.10", "170141183460469231731687303715884105727", "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "2024-01-05 10:20:30.123456", "aa", "true",
    ]  # fmt: skip


@BOTH
def test_a_query_is_read_as_it_was_understood(workspace, name, schema):
    query = (
        "SELECT item, count(*) AS n /* ; DROP TABLE orders */ FROM orders WHERE customer <> '5%s' GROUP BY 1"
    )

    seen = databases.look(workspace, Origin(database=name, query=query))

    assert seen.count == 7
    assert list(seen.rows.columns) == ["item", "n"]


@pytest.mark.parametrize("name", ENDLESS)
def test_a_query_that_never_ends_is_ended_within_its_time_and_a_second(workspace, name):
    begun = time.monotonic()
    with pytest.raises(InputError, match="did not answer within 1 seconds, so the query was ended"):
        fetched(workspace, Origin(database=name, query=ENDLESS[name]), seconds=1.0)
    assert time.monotonic() - begun < 2.0


@pytest.mark.parametrize("name", ENDLESS)
def test_a_query_that_nobody_wants_any_more_is_ended(workspace, name):
    asked = []

    def report(_fraction, message):
        asked.append(message)
        if len(asked) > 1:
            raise CancelledError

    begun = time.monotonic()
    with pytest.raises(CancelledError):
        fetched(workspace, Origin(database=name, query=ENDLESS[name]), report=report)
    assert time.monotonic() - begun < 2.0
    assert asked == ["0 rows read"] * len(asked)


def test_a_query_is_ended_in_time_even_if_nobody_can_be_told_how_far_it_is(workspace, tmp_path):
    def busy(_fraction, _message):
        raise RuntimeError("the store is busy")

    started = time.monotonic()
    with pytest.raises(InputError, match="did not answer"):
        databases.fetch(
            workspace, Origin(database="lite", query=ENDLESS["lite"]), tmp_path, busy, seconds=1.0
        )
    assert time.monotonic() - started < 3


def test_a_file_that_somebody_writes_to_is_not_waited_for_long(tmp_path):
    path = str(tmp_path / "busy.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE orders (a)")
        writer.execute("BEGIN EXCLUSIVE")
        account = Account(databases.place(kind="sqlite", file="x"), path, databases.WHOLE_SECONDS)
        started = time.monotonic()
        with pytest.raises(InputError, match="Somebody else is writing"), a_session(account) as session:
            session.first("SELECT a FROM orders", 1)
    assert time.monotonic() - started < 6


def test_long_rows_are_held_a_few_at_a_time_and_none_is_lost(folder):
    account = Account(databases.place(kind="sqlite", file="x"), str(folder / "shop.sqlite"), 30.0)
    long = "SELECT n, printf('%.4000000c', 'x') AS text FROM orders WHERE n < 40 ORDER BY n"
    with a_session(account) as session:
        blocks = [[(n, len(text)) for n, text in rows] for _, rows in session.blocks(long)]
        shown = session.first(long, 20)[1]
        short = [len(rows) for _, rows in session.blocks("SELECT a.n FROM orders a, orders b")]

    assert [row for block in blocks for row in block] == [(n, 4_000_000) for n in range(40)]
    assert max(map(len, blocks)) * 4_000_000 <= 2 * MOST_HELD
    assert len(shown) * 4_000_000 <= 2 * MOST_HELD
    assert (sum(short), max(short)) == (300 * 300, 5_000)


@pytest.mark.parametrize(("most", "said"), [(Most(rows=100), "more than 100 rows"), (Most(bytes=999), "GB")])
def test_more_than_is_taken_is_refused_and_no_file_is_left(workspace, most, said):
    folder = workspace.staging.folder()
    with pytest.raises(InputError, match=said):
        databases.fetch(workspace, Origin(database="lite", table=("", "orders")), folder, most=most)
    assert list(folder.iterdir()) == []


def test_a_table_that_was_dropped_is_said_and_the_earlier_version_stays(workspace, folder):
    with closing(sqlite3.connect(folder / "shop.sqlite")) as lite:
        lite.execute("CREATE TABLE brief AS SELECT * FROM orders")
        lite.commit()
    origin = Origin(database="lite", table=("", "brief"))
    report = refreshing.bring_in(workspace, fetched(workspace, origin).path, "brief", origin)
    with closing(sqlite3.connect(folder / "shop.sqlite")) as lite:
        lite.execute("DROP TABLE brief")

    with pytest.raises(InputError, match=r"no table 'brief'.*renamed or dropped"):
        refreshing.refresh(workspace, "brief")
    assert workspace.store.dataset("brief").version == report.version == 1
    with pytest.raises(InputError, match="no table 'brief'"):
        databases.look(workspace, Origin(database="lite", query="SELECT * FROM brief"))


class Growing:
    """A table that grows, in a file of its own."""

    def __init__(self, path, kind):
        self.connect = duckdb.connect if kind == "duckdb" else sqlite3.connect
        self.path, self.rows = path, 0
        self.run("CREATE TABLE log (customer VARCHAR, item VARCHAR, made DATE)")

    def run(self, statement):
        with closing(self.connect(str(self.path))) as connection:
            connection.execute(statement)
            connection.commit()

    def add(self, day, many=1):
        rows = [f"('c{n % 5}', 'i{n % 3}', '2024-01-{day:02d}')" for n in range(self.rows, self.rows + many)]
        self.rows += many
        self.run(f"INSERT INTO log VALUES {', '.join(rows)}")


@pytest.fixture
def grow(folder, workspace):
    """A growing table of 40 rows of one day and 3 of the next, brought in."""

    def make(kind):
        path = folder / f"{os.urandom(4).hex()}.{kind}"
        table = Growing(path, kind)
        table.add(day=1, many=40)
        table.add(day=2, many=3)
        databases.connect(workspace, "grows", databases.place(kind=kind, file=path.name))
        origin = Origin(database="grows", table=("" if kind == "sqlite" else "main", "log"), grows_by="made")
        refreshing.bring_in(workspace, fetched(workspace, origin).path, "log", origin)
        return table

    return make


def rows_of(workspace):
    return len(load_dataset(workspace, "log").interactions)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("duckdb", marks=pytest.mark.slow)])
def test_only_what_came_since_is_read_and_ties_are_neither_lost_nor_doubled(workspace, grow, kind):
    growing = grow(kind)
    assert rows_of(workspace) == 43
    growing.add(day=2, many=4)
    growing.add(day=3, many=2)

    first = refreshing.refresh(workspace, "log")
    again = refreshing.refresh(workspace, "log")

    assert first.report.rows_in_file == 6
    assert first.report.loaded == 6
    assert rows_of(workspace) == 49
    assert again.report is None
    assert again.sentence == "Nothing new has come to log."
    assert again.notes == ()


def test_what_the_ads_taught_stays_when_more_rows_are_read(workspace, grow):
    growing = grow("sqlite")
    with closing(EventLog.open(workspace.home, workspace.clock, writer=True)) as log:
        log.visit([visit(workspace.clock, "v1", item_id="i1")]).result(10)
    save_feedback(workspace, "log", onto="log")
    growing.add(day=3, many=2)
    done = refreshing.refresh(workspace, "log")
    assert (done.report.loaded, done.notes) == (2, ())
    assert rows_of(workspace) == 43 + 1 + 2
    anew = refreshing.refresh(workspace, "log", anew=True)
    assert rows_of(workspace) == 43 + 2
    assert "the log of the ads gave is not in" in anew.notes[0]


def test_equal_rows_at_the_newest_value_are_counted_and_not_merged(workspace, grow):
    grow("sqlite").run("INSERT INTO log SELECT * FROM log WHERE made = '2024-01-02'")

    assert refreshing.refresh(workspace, "log").report.loaded == 3
    assert refreshing.refresh(workspace, "log").report is None


def test_rows_that_came_late_are_said_and_come_when_all_is_read_anew(workspace, grow):
    growing = grow("sqlite")
    growing.add(day=1, many=5)

    late = refreshing.refresh(workspace, "log")
    anew = refreshing.refresh(workspace, "log", anew=True)

    assert late.report is None
    assert late.notes == (
        "5 rows with an earlier 'made' came late or changed, and are not here. Read everything anew to have them.",
    )
    assert anew.report.rows_in_file == 48
    assert refreshing.refresh(workspace, "log").notes == ()


@pytest.mark.slow
def test_an_import_that_was_undone_is_read_again(workspace, grow):
    growing = grow("sqlite")
    growing.add(day=4, many=2)
    refreshing.refresh(workspace, "log")
    workspace.store.drop_dataset("log", 2)

    assert refreshing.refresh(workspace, "log").report.loaded == 2


def test_a_job_reads_and_refreshes_as_it_was_asked(workspace, grow):
    grow("sqlite")
    origin = Origin(database="lite", table=("", "orders"))
    databases.submit(workspace, origin, folder := workspace.staging.folder())
    job = workspace.queue.claim("here")
    assert databases.compute(workspace, job.payload, lambda *_: None) == {
        "path": str(folder / "orders.parquet"),
        "rows": 300,
    }
    refreshing.submit(workspace, "log")
    job = workspace.queue.claim("here")
    done = refreshing.compute(workspace, job.payload, lambda *_: None)
    assert done == {"sentence": "Nothing new has come to log.", "notes": []}
