"""A job's worker is known to be dead by its lock: nobody asks when it last moved."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Drop the moment in which a worker was last heard of."""
    op.drop_column("jobs", "heartbeat")
