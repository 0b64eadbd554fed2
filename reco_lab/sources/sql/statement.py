"""The one SELECT that a person may write: taken apart by a parser, and run as it was understood, not as it was typed."""

from collections.abc import Iterable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from reco_lab.core.errors import DataError
from reco_lab.sources.sql.functions import FUNCTIONS, PLAIN

LONGEST = 20_000
VALUE = "\0"
DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "duckdb": "duckdb"}
_REFUSED = (
    exp.Command, exp.DDL, exp.DML, exp.Into, exp.Lock, exp.Parameter, exp.Placeholder, exp.Pragma, exp.SessionParameter,
    exp.Set, exp.Use,
)  # fmt: skip
_SOURCES = (exp.From, exp.Join, exp.Subquery)


def understood(text: str, kind: str, there: Iterable[tuple[str, str]]) -> exp.Query:
    """The one query that a text is, in the words of a kind of database.

    A query reads tables that are `there` (schema, name) and calls functions that are known to do nothing but compute.
    Raises DataError for anything else: a second statement, one that writes, a function or a table that is not known.
    """
    if len(text) > LONGEST or VALUE in text:
        raise _refused(f"It is longer than {LONGEST:,} characters, or no text.")
    try:
        trees = [one for one in sqlglot.parse(text, dialect=DIALECTS[kind]) if one is not None]
        unwanted = [*_unwanted(trees), *_unknown(trees, there, kind)]
        if kind == "postgresql":
            unwanted += [what for tree in trees for what in _fields(tree)]
    except (SqlglotError, RecursionError, ValueError) as error:
        raise _refused(f"It cannot be understood{_place(error)}.") from None
    if unwanted:
        raise _refused(unwanted[0])
    query: exp.Query = trees[0]  # type: ignore[assignment] # what is no query is unwanted
    return query


def written(query: exp.Query, kind: str) -> str:
    """A query as the database gets it, without comments; VALUE stands where a value is to be bound."""
    return query.sql(dialect=DIALECTS[kind], comments=False)


def everything(schema: str, table: str) -> exp.Query:
    """The query for all rows of a table."""
    named = exp.Table(this=_name(table), db=_name(schema) if schema else None)
    return exp.select("*").from_(named)


def since(query: exp.Query, column: str, *, known: bool) -> exp.Query:
    """The rows of a query in the order of a column; where a value is `known`, those from that one on (a parameter)."""
    mark = exp.column(_name(column), table="part")
    rows = exp.select("*").from_(query.subquery("part")).where(mark.copy().is_(exp.null()).not_())
    if known:
        rows = rows.where(exp.GTE(this=mark.copy(), expression=exp.Var(this=VALUE)))
    return rows.order_by(mark.copy())


def before(query: exp.Query, column: str) -> exp.Query:
    """How many rows of a query have less in a column than a value (a parameter)."""
    mark = exp.column(_name(column), table="part")
    less = exp.LT(this=mark, expression=exp.Var(this=VALUE))
    return exp.select(exp.Count(this=exp.Star())).from_(query.subquery("part")).where(less)


def counted(query: exp.Query) -> exp.Query:
    """How many rows a query has."""
    return exp.select(exp.Count(this=exp.Star())).from_(query.subquery("part"))


def _unwanted(trees: list[exp.Expr]) -> Iterator[str]:
    if len(trees) != 1:
        yield "It is not one SELECT." if trees else "It is empty."
        return
    if not isinstance(trees[0], exp.Select | exp.SetOperation):
        yield "It is no SELECT."
    for node in trees[0].walk():
        if isinstance(node, _REFUSED):
            yield f"It does more than read: {type(node).__name__.upper()}."
        if isinstance(node, exp.Func) and node.key not in FUNCTIONS and not _plain(node):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            yield f"The function {name.lower()[:60]!r} is not on the list of those that only compute."


def _unknown(trees: list[exp.Expr], there: Iterable[tuple[str, str]], kind: str) -> Iterator[str]:
    known = {(schema.lower(), name.lower()) for schema, name in there}
    known |= {("", name) for _, name in known}
    for tree in trees:
        for table in tree.find_all(exp.Table):
            calls, own = isinstance(table.this, exp.Func), not table.db and _is_named_above(table, kind)
            seen = not table.catalog and (table.db.lower(), table.name.lower()) in known
            if not (calls or own or seen):
                yield f"There is no table {table.sql()[:60]!r} that may be read."


def _is_named_above(table: exp.Table, kind: str) -> bool:
    """Whether WITH made what is read: a query before this one, or this one where it goes on from its own rows."""
    path: list[exp.Expr] = [table]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    named: list[exp.Expr] = []
    for at, node in enumerate(path):
        with_ = node.args.get("with_")
        if isinstance(node, exp.With):
            this = path[at - 1]
            goes_on = isinstance(this.this, exp.SetOperation) and path[at - 3] is this.this.expression
            named += node.expressions[: node.expressions.index(this) + bool(node.recursive and goes_on)]
        elif with_ is not None and path[at - 1] is not with_:
            named += with_.expressions
    return any(_folded(one.args["alias"].this, kind) == _folded(table.this, kind) for one in named)


def _fields(tree: exp.Expr) -> Iterator[str]:
    """What PostgreSQL would take for the call of a function: (x).f is f(x), and so is x.f where x is what a function gave."""
    yield from (
        f"The field {one.name[:60]!r} of a value could be a function." for one in tree.find_all(exp.Dot)
    )
    columns: dict[str, set[str]] = {}
    for node in tree.find_all(exp.Table, exp.Lateral, exp.Unnest):
        called = node if isinstance(node, exp.Unnest) else node.this
        alias = node.args.get("alias")
        chosen = called is node and alias is None and not isinstance(node.parent, _SOURCES)
        if chosen or not isinstance(called, exp.Func):
            continue
        names = [] if alias is None else alias.columns or [alias.this]
        known = {_folded(one, "postgresql") for one in names}
        here = "" if alias is None else alias.name.lower()
        columns[here] = columns.get(here, known) & known
    for column in tree.find_all(exp.Column):
        here = "" if "" in columns else column.table.lower()
        if column.table and here in columns and _folded(column.this, "postgresql") not in columns[here]:
            yield f"{column.sql()[:60]!r} could be a function: name what stands after FROM, and its columns: AS x(y)."


def _folded(name: exp.Expr, kind: str) -> str:
    """A name as the database tells it from others, with too many told apart rather than too few."""
    return name.name if name.args.get("quoted") or kind == "mysql" else name.name.lower()


def _plain(node: exp.Func) -> bool:
    named = isinstance(node, exp.Anonymous) and not isinstance(node.parent, exp.Dot)
    return named and node.name.lower() in PLAIN


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)


def _place(error: Exception) -> str:
    told = getattr(error, "errors", None)
    return f" from line {told[0]['line']}, character {told[0]['col']}" if told and told[0].get("line") else ""


def _refused(what: str) -> DataError:
    return DataError(
        what,
        where="The query",
        fix="Write one SELECT with no more than plain functions; for more than that, have a view made in the database.",
    )
