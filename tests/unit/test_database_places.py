"""Where a database is: fields that hold what they are for, and files below the administrator's folders."""

import pytest

from reco_lab.core.errors import InputError
from reco_lab.sources.sql import allowed
from reco_lab.sources.sql.place import place

TRICKS = (
    "sqlite+pysqlite:///etc/passwd", "postgresql://u:p@h/d", "shop?sslkey=/etc/passwd", "shop service=x", "host=evil",
    "shop\x00", "shop\n", "../../etc/passwd", "/var/run/postgresql", "file:/etc/passwd?mode=rwc", "shop;local_infile=1",
    "shop&options=-csearch_path", "'shop'", '"shop"', "",
)  # fmt: skip


@pytest.mark.parametrize("field", ["host", "database", "user", "kind"])
@pytest.mark.parametrize("trick", TRICKS)
def test_a_field_holds_what_it_is_for_and_nothing_else(field, trick):
    fields = {"kind": "postgresql", "host": "db.example", "database": "shop", "user": "reader"} | {
        field: trick
    }
    with pytest.raises(InputError):
        place(**fields)


@pytest.mark.parametrize(
    "more", [{"sslkey": "x"}, {"options": "x"}, {"password": "x"}, {"encryption": "disable"}, {"port": 99999}]
)
def test_no_other_parameter_is_taken(more):
    with pytest.raises(InputError):
        place(kind="postgresql", host="db.example", database="shop", user="reader", **more)


@pytest.mark.parametrize(
    "name",
    ["../secret.csv", "/etc/passwd", "link", "home/state.db", "file:shop?mode=rwc", ":memory:", "x\x00y"],
)
def test_only_files_below_the_folders_of_the_administrator_are_opened(name, tmp_path, monkeypatch):
    folder = tmp_path / "databases"
    (folder / "home").mkdir(parents=True)
    (folder / "home" / "state.db").touch()
    (tmp_path / "secret.csv").touch()
    (folder / "link").symlink_to(tmp_path / "secret.csv")
    (folder / "shop").touch()
    monkeypatch.setenv(allowed.FOLDERS, str(folder))

    assert allowed.database_file("shop", folder / "home") == folder / "shop"
    with pytest.raises(InputError):
        allowed.database_file(name, folder / "home")
