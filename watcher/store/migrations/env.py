"""What alembic runs to migrate: on the connection it is given, in that one's transaction. Loaded by alembic alone."""

from alembic import context

from watcher.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
