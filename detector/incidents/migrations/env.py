"""Alembic's entry: runs on the connection and in the transaction that `Database.migrate` gives."""

from alembic import context

from detector.incidents.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
