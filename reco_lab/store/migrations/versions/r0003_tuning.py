"""The trials of a tuning are kept, and every opening of a test part is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables of trials and of openings."""
    json = sa.Text if op.get_bind().dialect.name == "postgresql" else sa.JSON
    op.create_table(
        "trials",
        sa.Column("study", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("result", json(), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
    )
    op.create_table(
        "openings",
        sa.Column("cut", sa.String(64), primary_key=True),
        sa.Column("experiment", sa.String(64), primary_key=True),
        sa.Column("recommenders", sa.Integer, nullable=False),
        sa.Column("opened", sa.DateTime, nullable=False),
    )
