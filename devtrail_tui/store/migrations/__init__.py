"""The schema's migrations, run by Alembic on an older database."""
