"""The place of each quote: which text, whose, and where in it. Matches stored before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence_criteria", sa.Column("quote_places", sa.Text(), nullable=False, server_default="[]"))
