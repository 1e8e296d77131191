"""Runs migrations on the connection that `adapters.postgres.migrate` gives, in its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
