"""What serves is put to the test: A/B tests, rounds of the gate, and what is due when."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables of A/B tests, of the gate's rounds and of schedules."""
    json = sa.Text if op.get_bind().dialect.name == "postgresql" else sa.JSON
    op.create_table(
        "ab_tests",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("spec", json(), nullable=False),
        sa.Column("result", json()),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("started", sa.DateTime),
        sa.Column("ended", sa.DateTime),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("spec", json(), nullable=False),
        sa.Column("findings", json()),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("changed", sa.DateTime, nullable=False),
    )
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("spec", json(), nullable=False),
        sa.Column("next_run", sa.DateTime),
        sa.Column("last_run", sa.DateTime),
    )
