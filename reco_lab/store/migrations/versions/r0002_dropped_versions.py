"""A version of a data set can be dropped and brought back; on PostgreSQL, JSON is kept as text."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

JSON_COLUMNS = (
    ("datasets", "summary"),
    ("experiments", "spec"),
    ("experiments", "comparison"),
    ("runs", "result"),
    ("settings", "value"),
    ("jobs", "payload"),
    ("jobs", "result"),
)


def upgrade() -> None:
    """Add the moment at which a version was dropped."""
    op.add_column("datasets", sa.Column("dropped", sa.DateTime))
    if op.get_bind().dialect.name == "postgresql":
        for table, column in JSON_COLUMNS:
            op.alter_column(table, column, type_=sa.Text, postgresql_using=f"{column}::text")
