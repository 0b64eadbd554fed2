"""Where a database is and who reads it: fields, each checked by itself, and never an address to take apart."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from reco_lab.core.errors import InputError

Kind = Literal["postgresql", "mysql", "sqlite", "duckdb"]
LABELS: dict[str, str] = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL or MariaDB",
    "sqlite": "SQLite file",
    "duckdb": "DuckDB file",
}
PORTS = {"postgresql": 5432, "mysql": 3306}
_NAME = re.compile(r"[^\W_][\w.@+$ -]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")
_FILE = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_WORDS = {
    "host": (_HOST, "the name or the number of a machine, such as db.example"),
    "database": (_NAME, "the name of a database, such as shop"),
    "user": (_NAME, "the name of a user, such as reader"),
    "file": (_FILE, "the path of a file"),
}


class Place(BaseModel):
    """A database: on a server (host, port, database, user, encryption) or in a file. It never holds a password.

    Encryption: "prefer" takes it where the server offers it, "require" insists, "verify-full" also checks who the
    server is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    host: str = ""
    port: int = 0
    database: str = ""
    user: str = ""
    encryption: Literal["prefer", "require", "verify-full"] = "prefer"
    file: str = ""

    @property
    def served(self) -> bool:
        """Whether a server answers for it; else it is a file."""
        return self.kind in PORTS

    @property
    def words(self) -> str:
        """Where it is, in words."""
        return f"{self.database} at {self.host}:{self.port}" if self.served else self.file

    @model_validator(mode="before")
    @classmethod
    def _default_port(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and not fields.get("port"):
            return fields | {"port": PORTS.get(fields.get("kind", ""), 0)}
        return fields

    @model_validator(mode="after")
    def _plain(self) -> "Place":
        wanted = ("host", "database", "user") if self.served else ("file",)
        for name, (pattern, words) in _WORDS.items():
            value = getattr(self, name)
            if name not in wanted and value:
                raise ValueError(f"a {LABELS[self.kind]} has no {name}.")
            if name in wanted and not pattern.fullmatch(value):
                raise ValueError(f"{name} = {value!r} is not {words}.")
        if self.served and not 0 < self.port < 65536:
            raise ValueError(f"port = {self.port} is not a number from 1 to 65535.")
        return self


def place(**fields: Any) -> Place:
    """The place that these fields describe. Raises InputError with the first field that is wrong."""
    try:
        return Place(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        key = str(first["loc"][0]) if first["loc"] else what.partition(" ")[0]
        raise InputError(
            f"{'' if not first['loc'] else key + ': '}{what}.", where="Database", fix="Fill in each field by itself.",
            key=key,
        ) from None  # fmt: skip
