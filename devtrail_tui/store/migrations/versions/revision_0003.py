"""Figures of a pull request by name, in one column: a new figure needs no column of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIGURES = ("additions", "deletions", "changed_files", "days_open", "hours_to_first_review", "review_rounds")


def upgrade() -> None:
    op.add_column("evidence_entries", sa.Column("figures", sa.Text(), nullable=False, server_default="{}"))
    members = " || ', ' || ".join(f"'\"{name}\": ' || coalesce(CAST({name} AS TEXT), 'null')" for name in _FIGURES)
    op.execute(f"UPDATE evidence_entries SET figures = '{{' || {members} || '}}' WHERE type = 'PR'")  # noqa: S608 - our own names
    for name in _FIGURES:
        op.drop_column("evidence_entries", name)
