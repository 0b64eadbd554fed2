"""Where alembic enters: it migrates on the connection that `Database.migrate` hands over."""

from alembic import context

from reco_lab.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
