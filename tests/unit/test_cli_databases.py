"""Databases from the command line."""

import json
import sqlite3
from contextlib import closing

import pytest

from reco_lab.cli import main
from reco_lab.services import databases


@pytest.fixture
def till(tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(databases.FOLDERS, str(tmp_path))
    with closing(sqlite3.connect(tmp_path / "till.sqlite")) as made:
        made.execute("CREATE TABLE sales (customer TEXT, item TEXT, n INTEGER)")
        made.executemany(
            "INSERT INTO sales VALUES (?, ?, ?)", [(f"c{n % 9}", f"i{n % 5}", n) for n in range(40)]
        )
        made.commit()
    assert main(["data", "connect", "till", "--kind", "sqlite", "--file", "till.sqlite"]) == 0
    return tmp_path / "till.sqlite"


def test_a_table_comes_in_and_is_refreshed(till, capsys):
    assert main(["data", "tables", "till"]) == 0
    assert "sales  40" in capsys.readouterr().out
    table = ["--table", "sales", "--grows-by", "n", "--name", "sales", "--columns", "user=customer,item=item"]
    assert main(["data", "query", "till", *table, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["loaded"] == 40
    assert 'grows_by = "n"' in answer["recipe"]

    with closing(sqlite3.connect(till)) as grown:
        grown.execute("INSERT INTO sales VALUES ('c1', 'i1', 39), ('c1', 'i1', 40)")
        grown.commit()
    assert main(["data", "refresh", "sales"]) == 0
    assert capsys.readouterr().out == "sales is at version 2: 2 rows came in.\n"


def test_a_recipe_says_where_to_read(till, tmp_path, capsys):
    recipe = tmp_path / "sales.toml"
    recipe.write_text(
        'columns = { user = "customer", item = "item" }\n[origin]\ndatabase = "till"\nquery = "SELECT * FROM sales"\n'
    )

    assert main(["data", "query", "--recipe", str(recipe), "--name", "again"]) == 0
    assert "40 of 40 rows loaded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["query", "till", "--name", "x"], "Give either --table or --query"),
        (["query", "--name", "x"], "Nothing says which database"),
        (["query", "nobody", "--table", "x", "--name", "x"], "no connection 'nobody'"),
        (["query", "till", "--query", "DROP TABLE sales", "--name", "x"], "no SELECT"),
        (
            ["connect", "UP", "--kind", "sqlite", "--file", "till.sqlite"],
            "cannot be the name of a connection",
        ),
        (
            ["connect", "pg", "--kind", "postgresql", "--host", "h", "--database", "d", "--user", "u"],
            "servers is off",
        ),
    ],
)
def test_a_mistake_has_its_sentence(till, typed, said, capsys, monkeypatch):
    monkeypatch.delenv(databases.HOSTS, raising=False)

    assert main(["data", *typed]) == 2
    assert said in capsys.readouterr().err
