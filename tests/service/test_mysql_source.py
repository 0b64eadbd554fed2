"""A real MariaDB as a source, where one is installed."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pymysql
import pytest

from reco_lab.core.errors import CancelledError, InputError
from reco_lab.core.recipe import Origin
from reco_lab.services import databases, refreshing
from reco_lab.sources.sql.reading import opened
from reco_lab.sources.sql.session import Account
from reco_lab.testing.postgres import _free_port
from reco_lab.workspace import Workspace

pytestmark = pytest.mark.slow

ENDLESS = "SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e, orders f"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("there is no MariaDB on this machine")
    folder, port = tmp_path_factory.mktemp("mariadb"), _free_port()
    own = ["--no-defaults", f"--datadir={folder}", f"--user={os.environ.get('USER', 'root')}"]
    subprocess.run(
        ["mariadb-install-db", *own, "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )
    line = f"{folder}/s"
    server = subprocess.Popen(
        [
            "mariadbd",
            *own,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={line}",
            f"--pid-file={folder}/p",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        _fill(line)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _fill(line):
    for _ in range(240):
        if Path(line).exists():
            break
        time.sleep(0.25)
    owner = pymysql.connect(unix_socket=line, user="root", autocommit=True)
    with owner, owner.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'reader'")
        cursor.execute("GRANT ALL ON shop.* TO reader@'127.0.0.1'")
        cursor.execute("USE shop")
        cursor.execute(
            "CREATE TABLE shop.orders (customer varchar(20), item bigint, n bigint, price decimal(9, 2), "
            "made datetime(6), raw varbinary(9), `odd``%s` double)"
        )
        cursor.execute(
            "INSERT INTO shop.orders SELECT concat('c', seq % 9), seq % 7, 9007199254740992 + seq, 1.10, "
            "'2024-01-05 10:20:30.123456', x'00ff', 0.1 FROM seq_1_to_300"
        )


@pytest.fixture
def workspace(port, tmp_path, monkeypatch):
    monkeypatch.setenv(databases.HOSTS, f"127.0.0.1:{port}")
    monkeypatch.setenv("RECO_LAB_DB_MARIA_PASSWORD", "reader")
    opened = Workspace.open(tmp_path / "home")
    databases.connect(opened, "maria", where(port))
    yield opened
    opened.close()


def where(port):
    return databases.place(kind="mysql", host="127.0.0.1", port=port, database="shop", user="reader")


def fetched(workspace, origin, **more):
    return databases.fetch(workspace, origin, workspace.staging.folder(), **more)


def test_tables_and_values_are_as_they_were_stored(workspace):
    seen = databases.look(workspace, Origin(database="maria", table=("shop", "orders")))

    assert seen.count == 300
    assert seen.rows.iloc[0].tolist() == [
        "c1", "1", "9007199254740993", "1.10", "2024-01-05 10:20:30.123456", "00ff", "0.1",
    ]  # fmt: skip


def test_what_grows_is_read_from_a_large_whole_number_on(workspace, port):
    origin = Origin(database="maria", table=("shop", "orders"), grows_by="n")
    refreshing.bring_in(workspace, fetched(workspace, origin).path, "orders", origin)
    with (
        pymysql.connect(
            host="127.0.0.1", port=port, user="reader", password="reader", autocommit=True
        ) as owner,
        owner.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO shop.orders (customer, item, n, price, made) VALUES "
            "('c1', 1, 9007199254741292, 1, now()), ('c1', 1, 9007199254741293, 1, now())"
        )

    assert refreshing.refresh(workspace, "orders").report.rows_in_file == 2
    assert refreshing.refresh(workspace, "orders").report is None


def test_a_query_that_never_ends_is_ended_and_one_that_is_cancelled_too(workspace):
    endless = Origin(database="maria", query=ENDLESS)

    def report(_fraction, _message):
        raise CancelledError

    begun = time.monotonic()
    with pytest.raises(InputError, match="did not answer within 1 seconds"):
        fetched(workspace, endless, seconds=1.0)
    with pytest.raises(CancelledError):
        fetched(workspace, endless, report=report)
    assert time.monotonic() - begun < 4.0


@pytest.mark.parametrize(
    "probe",
    [
        "INSERT INTO orders (n) VALUES (1)",
        "DELETE FROM orders",
        "SELECT 1; DELETE FROM orders",
        "SELECT 1 INTO OUTFILE '/tmp/reco-lab-written'",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE orders",
        "SELECT * FROM mysql.user",
    ],
)
def test_past_the_parser_the_connection_still_only_reads(workspace, port, probe):
    with (
        pytest.raises(InputError),
        opened(Account(where(port), "127.0.0.1", 5.0, "VARIABLE", "reader")) as session,
    ):
        session.first(probe, 5)


def test_a_wrong_password_has_its_sentence(workspace, monkeypatch):
    monkeypatch.setenv("RECO_LAB_DB_MARIA_PASSWORD", "wrong")
    with pytest.raises(InputError, match=r"did not let 'reader' in.*RECO_LAB_DB_MARIA_PASSWORD"):
        databases.tables(workspace, "maria")
