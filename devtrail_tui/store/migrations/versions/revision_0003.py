"""Figures of a pull request in one JSON column, so that a new figure needs no schema change."""

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
    op.execute(f"UPDATE evidence_entries SET figures = '{{' || {members} || '}}' WHERE type = 'PR'")  # noqa: S608 - constants
    for name in _FIGURES:
        op.drop_column("evidence_entries", name)
