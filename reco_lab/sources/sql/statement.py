"""The one SELECT that a person may write: taken apart by a parser, and run as it was understood, not as it was typed."""

from collections.abc import Iterable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from reco_lab.core.errors import DataError

LONGEST = 20_000
VALUE = "\0"
DIALECTS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "duckdb": "duckdb"}
FUNCTIONS = frozenset(
    [
        "abs",
        "acos",
        "and",
        "anyvalue",
        "array",
        "arrayagg",
        "arraysize",
        "arraytostring",
        "ascii",
        "asin",
        "atan",
        "atan2",
        "avg",
        "bitwisecount",
        "booland",
        "boolor",
        "case",
        "cast",
        "ceil",
        "chr",
        "coalesce",
        "collate",
        "concat",
        "concatws",
        "contains",
        "convert",
        "corr",
        "cos",
        "count",
        "countif",
        "covarpop",
        "covarsamp",
        "cumedist",
        "currentdate",
        "currentdatetime",
        "currenttime",
        "currenttimestamp",
        "date",
        "dateadd",
        "datebin",
        "datediff",
        "datefromparts",
        "datesub",
        "datetime",
        "datetimetrunc",
        "datetrunc",
        "day",
        "dayname",
        "dayofmonth",
        "dayofweek",
        "dayofweekiso",
        "dayofyear",
        "degrees",
        "denserank",
        "endswith",
        "equalnull",
        "exists",
        "exp",
        "explode",
        "explodinggenerateseries",
        "extract",
        "first",
        "firstvalue",
        "floor",
        "format",
        "generateseries",
        "generatedatearray",
        "greatest",
        "groupconcat",
        "grouping",
        "hex",
        "hour",
        "if",
        "initcap",
        "isinf",
        "isnan",
        "jsonarraycontains",
        "jsonbcontains",
        "jsonbextract",
        "jsonbextractscalar",
        "jsonexists",
        "jsonextract",
        "jsonextractscalar",
        "jsonformat",
        "jsonkeys",
        "jsontype",
        "lag",
        "last",
        "lastday",
        "lastvalue",
        "lead",
        "least",
        "left",
        "length",
        "levenshtein",
        "ln",
        "localtime",
        "localtimestamp",
        "log",
        "logicaland",
        "logicalor",
        "lower",
        "makeinterval",
        "max",
        "md5",
        "md5digest",
        "median",
        "min",
        "minute",
        "mode",
        "month",
        "monthname",
        "monthsbetween",
        "nthvalue",
        "ntile",
        "nullif",
        "numbertostr",
        "or",
        "overlay",
        "pad",
        "parsejson",
        "percentilecont",
        "percentiledisc",
        "percentrank",
        "pi",
        "pow",
        "quantile",
        "quarter",
        "radians",
        "rank",
        "regexpcount",
        "regexpextract",
        "regexpfullmatch",
        "regexpilike",
        "regexplike",
        "regexpreplace",
        "regexpsplit",
        "regexpsubstr",
        "repeat",
        "replace",
        "reverse",
        "right",
        "round",
        "rownumber",
        "second",
        "sha",
        "sha2",
        "sign",
        "sin",
        "split",
        "splitpart",
        "sqrt",
        "startswith",
        "stddev",
        "stddevpop",
        "stddevsamp",
        "strposition",
        "strtodate",
        "strtotime",
        "strtounix",
        "substring",
        "substringindex",
        "sum",
        "tan",
        "time",
        "timeadd",
        "timediff",
        "timefromparts",
        "timestamp",
        "timestampadd",
        "timestampdiff",
        "timestampfromparts",
        "timestampsub",
        "timestamptrunc",
        "timestrtodate",
        "timestrtotime",
        "timesub",
        "timetostr",
        "timetounix",
        "tochar",
        "todays",
        "tonumber",
        "translate",
        "trim",
        "trunc",
        "trycast",
        "tsordsadd",
        "tsordsdiff",
        "tsordstodate",
        "tsordstodatestr",
        "tsordstotime",
        "tsordstotimestamp",
        "typeof",
        "unhex",
        "unicode",
        "unixtostr",
        "unixtotime",
        "unnest",
        "upper",
        "utcdate",
        "utctime",
        "utctimestamp",
        "variance",
        "variancepop",
        "week",
        "weekofyear",
        "weekstart",
        "xor",
        "year",
        "yearofweek",
    ]
)
PLAIN = frozenset(
    [
        "age",
        "btrim",
        "date_part",
        "datepart",
        "div",
        "epoch",
        "epoch_ms",
        "from_base64",
        "from_unixtime",
        "instr",
        "isodow",
        "julianday",
        "justify_days",
        "justify_hours",
        "list_extract",
        "ltrim",
        "make_date",
        "make_timestamp",
        "maketime",
        "mod",
        "octet_length",
        "printf",
        "regexp_matches",
        "regexp_match",
        "round_even",
        "rtrim",
        "strftime",
        "strpos",
        "timezone",
        "to_base64",
        "to_date",
        "to_timestamp",
        "total",
        "width_bucket",
    ]
)
_REFUSED = (
    exp.Command, exp.DDL, exp.DML, exp.Into, exp.Lock, exp.Parameter, exp.Placeholder, exp.Pragma, exp.SessionParameter,
    exp.Set, exp.Use,
)  # fmt: skip


def understood(text: str, kind: str, there: Iterable[tuple[str, str]]) -> exp.Query:
    """The one query that a text is, in the words of a kind of database.

    A query reads tables that are `there` (schema, name) and calls functions that are known to do nothing but compute.
    Raises DataError for anything else: a second statement, one that writes, a function or a table that is not known.
    """
    if len(text) > LONGEST or VALUE in text:
        raise _refused(f"It is longer than {LONGEST:,} characters, or no text.")
    try:
        trees = [one for one in sqlglot.parse(text, dialect=DIALECTS[kind]) if one is not None]
        unwanted = [*_unwanted(trees), *_unknown(trees, there)]
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


def _unknown(trees: list[exp.Expr], there: Iterable[tuple[str, str]]) -> Iterator[str]:
    known = {(schema.lower(), name.lower()) for schema, name in there}
    known |= {("", name) for _, name in known}
    for tree in trees:
        named = {one.alias.lower() for one in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            calls, own = isinstance(table.this, exp.Func), not table.db and table.name.lower() in named
            seen = not table.catalog and (table.db.lower(), table.name.lower()) in known
            if not (calls or own or seen):
                yield f"There is no table {table.sql()[:60]!r} that may be read."


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
