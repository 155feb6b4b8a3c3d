"""Alembic's entry point: runs migrations on the connection and in the transaction of `schema_version`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
