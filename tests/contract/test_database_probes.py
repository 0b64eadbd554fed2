"""What somebody might write to a database to reach further than its tables: none of it reads a file or another machine.

Each probe is put to the parser, and past it straight to the connection, so that either alone would hold.
"""

import socket
import sqlite3
from contextlib import closing
from itertools import product

import duckdb
import psycopg
import pytest

from reco_lab.core.errors import InputError
from reco_lab.core.recipe import Origin
from reco_lab.services import databases
from reco_lab.sources.sql import allowed
from reco_lab.sources.sql.place import place
from reco_lab.sources.sql.reading import opened
from reco_lab.sources.sql.session import Account
from reco_lab.sources.sql.statement import understood
from reco_lab.workspace import Workspace

SECRET = "nobody-may-read-this"
WRITES = (
    "INSERT INTO orders VALUES ('x', 'y')",
    "DELETE FROM orders",
    "UPDATE orders SET item = 'x'",
    "DROP TABLE orders",
    "CREATE TABLE more AS SELECT 1 AS one",
    "SELECT 1; DELETE FROM orders",
    "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
)
DUCK = (
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{file}'",
    "FROM '{file}'",
    "SELECT * FROM read_csv('http://127.0.0.1:{port}/x.csv')",
    "COPY orders TO '{folder}/written.csv'",
    "COPY orders FROM '{file}'",
    "ATTACH '{folder}/written.duckdb' AS other",
    "EXPORT DATABASE '{folder}/written'",
    "IMPORT DATABASE '{folder}'",
    "INSTALL httpfs FROM 'http://127.0.0.1:{port}'",
    "LOAD '{file}'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "CREATE SECRET one (TYPE http, BEARER_TOKEN 'x')",
    "SELECT * FROM query('FROM read_text(''{file}'')')",
    "SELECT getenv('HOME')",
    "PRAGMA enable_logging",
    'WITH "{file}" AS (SELECT * FROM "{file}") SELECT * FROM "{file}"',
    *WRITES,
)
LITE = (
    "ATTACH '{file}' AS other",
    "ATTACH '{folder}/written.db' AS other",
    "VACUUM INTO '{folder}/written.db'",
    "SELECT load_extension('{file}')",
    "SELECT readfile('{file}')",
    "SELECT writefile('{folder}/written.txt', 'x')",
    "SELECT edit('x', 'touch {folder}/written.txt')",
    "SELECT * FROM fsdir('{folder}')",
    "SELECT fts3_tokenizer('x', x'00')",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA temp_store_directory = '{folder}'",
    "CREATE TEMP TABLE more AS SELECT 1",
    "CREATE VIRTUAL TABLE more USING fts4(x)",
    "ROLLBACK",
    "WITH pragma_database_list AS (SELECT * FROM pragma_database_list) SELECT * FROM pragma_database_list",
    *WRITES,
)
POSTGRES = (
    "SELECT pg_read_file('{file}')",
    "SELECT pg_read_binary_file('{file}')",
    "SELECT pg_ls_dir('{folder}')",
    "SELECT pg_stat_file('{file}')",
    "SELECT lo_import('{file}')",
    "SELECT lo_export(1, '{folder}/written.txt')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT dblink('host=127.0.0.1 port={port} user=x password=x', 'SELECT 1')",
    "SELECT * FROM dblink_connect('host=127.0.0.1 port={port} user=x password=x')",
    "SELECT query_to_xml('COPY orders TO ''{folder}/written.txt''', true, true, '')",
    "SELECT query_to_xml('DELETE FROM orders', true, true, '')",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT pg_reload_conf()",
    "SELECT nextval('counter')",
    "SELECT * INTO more FROM orders",
    "COPY orders TO '{folder}/written.txt'",
    "COPY orders TO PROGRAM 'touch {folder}/written.txt'",
    "COPY orders FROM '{file}'",
    "CREATE EXTENSION dblink",
    "CREATE TEMP TABLE more AS SELECT 1",
    "LOAD '{file}'",
    "SET TRANSACTION READ WRITE",
    "DO $$ BEGIN PERFORM 1; END $$",
    "COMMIT; DELETE FROM orders",
    "SELECT ('{file}'::text).pg_read_file",
    "SELECT (customer).pg_read_file FROM orders",
    "SELECT ((array_agg(customer))[1]).pg_ls_dir FROM orders",
    "SELECT (lower('{file}')).lo_import",
    "SELECT (8).pg_sleep",
    "SELECT x.pg_read_file FROM lower('{file}') AS x",
    "SELECT x.pg_read_file FROM lower('{file}') AS x(y)",
    "SELECT x.pg_read_file FROM lower('{file}') AS x(\"PG_READ_FILE\")",
    "SELECT X.pg_read_file FROM cast('{file}' AS text) AS x",
    "SELECT x.pg_read_file FROM (unnest(ARRAY['{file}']) AS x CROSS JOIN orders)",
    "SELECT x.pg_read_file FROM orders JOIN LATERAL lower(customer) AS x ON true",
    "SELECT lower.pg_read_file FROM lower('{file}') WHERE EXISTS (SELECT 1 FROM orders AS lower)",
    "SELECT x.pg_read_file FROM lower('{file}') x WHERE EXISTS (SELECT 1 FROM lower('a') x(pg_read_file))",
    "WITH pg_authid AS (SELECT rolname, rolpassword FROM pg_authid) SELECT * FROM pg_authid",
    "WITH RECURSIVE pg_user AS (SELECT * FROM pg_user) SELECT * FROM pg_user",
    "WITH RECURSIVE pg_user AS (SELECT * FROM pg_user UNION ALL SELECT * FROM orders) SELECT * FROM pg_user",
    "WITH a AS (SELECT * FROM pg_hba_file_rules), pg_hba_file_rules AS (SELECT 1) SELECT * FROM a",
    "SELECT * FROM pg_user, (WITH pg_user AS (SELECT 1) SELECT * FROM pg_user) AS x",
    'WITH "PG_USER" AS (SELECT 1) SELECT * FROM pg_user',
    *WRITES,
)
MYSQL = (
    "SELECT load_file('{file}')",
    "SELECT 1 INTO OUTFILE '{folder}/written.txt'",
    "SELECT 1 INTO DUMPFILE '{folder}/written.txt'",
    "SELECT sys_exec('x')",
    "SELECT sleep(3600)",
    "SELECT benchmark(1000000000, md5('x'))",
    "SELECT @@version",
    "SELECT get_lock('x', 100)",
    "LOAD DATA LOCAL INFILE '{file}' INTO TABLE orders",
    "HANDLER orders OPEN",
    *WRITES,
)
PROBES = {"duckdb": DUCK, "sqlite": LITE, "postgresql": POSTGRES, "mysql": MYSQL}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A folder with a file nobody may read, a database of each kind of file, and somebody who listens."""
    folder = tmp_path_factory.mktemp("ground")
    (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n")
    for connect, name in ((sqlite3.connect, "sqlite"), (duckdb.connect, "duckdb")):
        with closing(connect(str(folder / name))) as made:
            made.execute("CREATE TABLE orders (customer VARCHAR, item VARCHAR)")
            made.execute("INSERT INTO orders VALUES ('c1', 'i1')")
            made.commit()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield folder, listener


@pytest.fixture(scope="module")
def server(postgresql):
    with psycopg.connect(postgresql.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        owner.execute("CREATE TABLE orders AS SELECT 'c1' customer, 'i1' item")
        owner.execute("CREATE SEQUENCE counter")
        owner.execute("GRANT ALL ON orders, counter TO reader")
    return postgresql


@pytest.fixture
def account(ground):
    def of(kind):
        folder, _ = ground
        return Account(place(kind=kind, file=kind), str(folder / kind), 5.0)

    return of


@pytest.fixture
def reader(server):
    port = int(psycopg.conninfo.conninfo_to_dict(server.url)["port"])
    where = place(kind="postgresql", host="127.0.0.1", port=port, database="postgres", user="reader")
    return Account(where, "127.0.0.1", 5.0, "VARIABLE", "reader")


def spelled(probe, ground):
    folder, listener = ground
    return probe.format(file=folder / "secret.csv", folder=folder, port=listener.getsockname()[1])


def untouched(ground):
    """Nothing was written, and nobody called."""
    folder, listener = ground
    with pytest.raises(BlockingIOError):
        listener.accept()
    return {path.name for path in folder.iterdir()} <= {"secret.csv", "sqlite", "duckdb", "sqlite-journal"}


def put(account, text):
    """What the connection itself answers, the parser left out."""
    try:
        with opened(account) as session:
            return repr(session.first(text, 10))
    except InputError:
        return ""


@pytest.mark.parametrize(("kind", "probe"), [(kind, probe) for kind in PROBES for probe in PROBES[kind]])
def test_the_parser_lets_none_of_them_through(kind, probe, ground):
    with pytest.raises(InputError):
        understood(spelled(probe, ground), kind, {("", "orders")})


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_connection_to_a_file_answers_none_of_them(kind, ground, account):
    for probe in PROBES[kind]:
        answer = put(account(kind), spelled(probe, ground))
        assert SECRET not in answer, probe
        assert "secret.csv" not in answer, probe
        assert untouched(ground), probe
    assert "c1" in put(account(kind), "SELECT * FROM orders")


def test_a_connection_to_a_server_answers_none_of_them(ground, reader):
    for probe in POSTGRES:
        answer = put(reader, spelled(probe, ground))
        assert SECRET not in answer, probe
        assert untouched(ground), probe
    assert put(reader, "SELECT * FROM orders").count("c1") == 1


@pytest.mark.parametrize("kind", PROBES)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT customer, count(*) AS n, max(price * 2) FROM orders WHERE bought >= '2024-01-01' GROUP BY 1 HAVING count(*) > 1",
        "WITH big AS (SELECT * FROM orders WHERE price > 10) SELECT b.*, c.name FROM big AS b JOIN c ON c.id = b.customer",
        "SELECT coalesce(a, b), CASE WHEN a = 1 THEN 'x' ELSE lower(b) END, cast(c AS INT) FROM t UNION ALL SELECT 1, 2, 3",
        "SELECT customer, row_number() OVER (PARTITION BY customer ORDER BY bought) AS n FROM shop.orders LIMIT 10",
    ],
)
def test_what_people_write_is_let_through(kind, text):
    assert understood(text, kind, {("shop", name) for name in ("Orders", "c", "t")})


@pytest.mark.parametrize(
    "text",
    [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT n.i + 1 FROM n WHERE n.i < 9) SELECT n.i FROM n",
        "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM A) SELECT b.item FROM B JOIN orders ON orders.item = b.item",
        "SELECT g.g, t.a, j.v FROM generate_series(1, 3) AS g, unnest(ARRAY['x']) AS t(a), LATERAL (SELECT g AS v) AS j",
        "SELECT generate_series FROM generate_series(1, 3)",
    ],
)
def test_what_only_looks_like_reaching_further_is_let_through(text):
    assert understood(text, "postgresql", {("public", "orders")})


PIECES = (
    "orders",
    "'",
    '"',
    "`",
    "--",
    ";",
    " OR 1=1",
    "' UNION SELECT 1",
    '"; DROP TABLE orders; --',
    "/*",
    "\\",
    "%s",
    "\u2019",
)


def test_a_name_is_a_name_whatever_it_says(ground, tmp_path, monkeypatch):
    folder, _ = ground
    monkeypatch.setenv(databases.FOLDERS, str(folder))
    workspace = Workspace.open(tmp_path)
    for kind in ("sqlite", "duckdb"):
        databases.connect(workspace, kind, place(kind=kind, file=kind))
    names = ["".join(parts) for parts in product(PIECES, repeat=2)] + [
        "".join(parts) for parts in product(PIECES[:2], repeat=3)
    ]

    for name in dict.fromkeys(one for one in names if one != "orders"):
        origin = Origin(database="sqlite", table=("", name))
        with pytest.raises(InputError, match="no table"):
            databases.look(workspace, origin)
    for name in names[:20]:
        grows = Origin(database="duckdb", table=("main", "orders"), grows_by=name)
        with pytest.raises(InputError):
            databases.fetch(workspace, grows, tmp_path)
    for kind, schema in (("sqlite", ""), ("duckdb", "main")):
        assert databases.look(workspace, Origin(database=kind, table=(schema, "orders"))).count == 1
    workspace.close()


HOSTS = (
    "localhost", "127.0.0.1", "127.1", "127.0.0.1.", "2130706433", "0x7f000001", "017700000001", "0", "0.0.0.0", "::1",
    "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "169.254.169.254", "0xa9fea9fe", "2852039166", "fe80::1", "fd00:ec2::254",
    "100.100.100.200", "192.0.0.192", "metadata.google.internal", "169.254.169.254.nip.example", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "10.0.0.1", "192.168.0.1", "db.example.", "DB.EXAMPLE.evil", "db.example@127.0.0.1", "db.example#x",
    "db.example:5432", "db.example/..", "[::1]", "127.0.0.1:5432", "db%2eexample", "db.example\n", "\u24db\u24de\u24d2al",
    "db\u3002example", "2002:7f00:1::", " ",
)  # fmt: skip


@pytest.fixture
def nobody_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(allowed.socket, "getaddrinfo", lambda *given, **_: asked.append(given) or [])
    yield
    assert asked == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_machine_that_is_not_on_the_list_is_not_even_looked_up(host, monkeypatch, nobody_is_asked):
    monkeypatch.setenv(allowed.HOSTS, "db.example:5432")
    with pytest.raises(InputError):
        allowed.address(place(kind="postgresql", host=host, database="shop", user="reader").host, 5432)


def test_nothing_is_reached_where_no_administrator_said_so(monkeypatch, nobody_is_asked, tmp_path):
    monkeypatch.delenv(allowed.HOSTS, raising=False)
    monkeypatch.delenv(allowed.FOLDERS, raising=False)
    with pytest.raises(InputError, match=f"servers is off.*{allowed.HOSTS} to db.example:5432"):
        allowed.address("db.example", 5432)
    with pytest.raises(InputError, match=f"files is off.*{allowed.FOLDERS}"):
        allowed.database_file("shop.sqlite", tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        "127.0.0.1",
        "169.254.169.254",
        "::1",
        "fe80::1%eth0",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "fd00:ec2::254",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_leads_elsewhere_than_a_database_is_refused(answer, monkeypatch):
    monkeypatch.setenv(allowed.HOSTS, "db.example:5432")
    monkeypatch.setattr(
        allowed.socket,
        "getaddrinfo",
        lambda *_, **__: [(0, 0, 0, "", ("10.0.0.7", 5432)), (0, 0, 0, "", (answer, 5432))],
    )
    with pytest.raises(InputError, match="never asked"):
        allowed.address("db.example", 5432)


def test_a_name_is_looked_up_once_and_that_address_is_used(monkeypatch):
    monkeypatch.setenv(allowed.HOSTS, "other:1, DB.example:5432")
    answers = iter([[(0, 0, 0, "", ("10.0.0.7", 5432))]])
    monkeypatch.setattr(allowed.socket, "getaddrinfo", lambda *_, **__: next(answers))

    assert allowed.address("db.example", 5432) == "10.0.0.7"
