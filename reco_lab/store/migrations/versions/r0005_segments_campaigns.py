"""Segments of customers are saved, and campaigns with whom they went to and what came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables of segments and of campaigns."""
    json = sa.Text if op.get_bind().dialect.name == "postgresql" else sa.JSON
    op.create_table(
        "segments",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("dataset", sa.String(64), nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("definition", json(), nullable=False),
        sa.Column("kept", json()),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("changed", sa.DateTime, nullable=False),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("dataset", sa.String(64), nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("spec", json(), nullable=False),
        sa.Column("artefact", sa.String(64)),
        sa.Column("result", json()),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("changed", sa.DateTime, nullable=False),
    )
