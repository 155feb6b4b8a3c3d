"""What a later version might do: rebuild a table that others refer to, fill a new column for every row, move data elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each step alone would leave the database between two versions."""
    op.add_column("evidence_entries", sa.Column("words", sa.Integer()))
    op.execute("UPDATE evidence_entries SET words = length(description)")
    with op.batch_alter_table("jobs", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="fine"))
    op.create_table("moved_reports", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("title", sa.Text()))
    op.execute("INSERT INTO moved_reports SELECT id, title FROM reports")
    op.execute("DELETE FROM reports")
