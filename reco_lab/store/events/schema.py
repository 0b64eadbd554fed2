"""The tables of the log. Moments are whole microseconds since 1970 in UTC: exact, small and quick to compare."""

import sqlalchemy as sa

VERSION = 3

metadata = sa.MetaData()
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER counts up by itself on SQLite

version = sa.Table(
    "log_version", metadata, sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)
)

decisions = sa.Table(
    "log_decisions",
    metadata,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("candidates", sa.Text, nullable=False),
    sa.Column("n_candidates", sa.BigInteger, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("rules", sa.Text, nullable=False),
    sa.Column("latency_us", sa.BigInteger, nullable=False),
    sa.Index("log_decisions_at", "at", "request_id"),
    sa.Index("log_decisions_customer", "customer", "at"),
    sqlite_with_rowid=False,
)

# `seen` and `clicked` are the earliest impression and click known: the same whatever order they arrive in
placed = sa.Table(
    "log_placed",
    metadata,
    sa.Column("decision_id", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Text, nullable=False, index=True),
    sa.Column("ad_id", sa.Text, nullable=False, index=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("propensity", sa.Float(53), nullable=False),
    sa.Column("score", sa.Float(53), nullable=False),
    sa.Column("cost", sa.Float(53), nullable=False),
    sa.Column("click_cost", sa.Float(53), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger),
    sa.Column("clicked", sa.BigInteger),
    sqlite_with_rowid=False,
)

# what a decision was chosen from, so that another policy can be judged by it: the scores of the candidates (the ids of
# `log_sets` in their order) and the numbers known of the customer, both as little-endian float32
weighed = sa.Table(
    "log_weighed",
    metadata,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("scores", sa.LargeBinary, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

sets = sa.Table(
    "log_sets",
    metadata,
    sa.Column("candidates", sa.Text, primary_key=True),
    sa.Column("ids", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# what a learning policy knows, and up to which event: the rest is read from the log
learnt = sa.Table(
    "log_learnt",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("upto", sa.Text, nullable=False),
    sa.Column("arrays", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

feedback = sa.Table(
    "log_feedback",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("decision_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Float(53)),
)

visits = sa.Table(
    "log_visits",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("customer", sa.Text, nullable=False, index=True),
    sa.Column("item_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False, index=True),
    sa.Column("value", sa.Float(53), nullable=False),
)

described = sa.Table(
    "log_described",
    metadata,
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

# `subject` is the decision or the customer it speaks of, `shape` what the payload is: feedback, visit or raw text
refused = sa.Table(
    "log_refused",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

# one row a batch that repeated something: several writers never wait for each other over one count
repeats = sa.Table(
    "log_repeats",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("times", sa.BigInteger, nullable=False),
)

# what decisions were billed that are erased
settled = sa.Table(
    "log_settled",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("ad_id", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("amount", sa.Float(53), nullable=False),
)

# whom several workers on a server were told of last: a customer once, with a new number whenever something is told of her
told = sa.Table(
    "log_told",
    metadata,
    sa.Column("number", _NUMBER, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
)

# what several workers share on a server: how often a customer got an ad in a day, and what an ad was billed
caps = sa.Table(
    "log_caps",
    metadata,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("ad_id", sa.Text, primary_key=True),
    sa.Column("times", sa.BigInteger, nullable=False),
)

bills = sa.Table(
    "log_bills",
    metadata,
    sa.Column("ad_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("amount", sa.Float(53), nullable=False),
)
