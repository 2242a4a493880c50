"""The history of the schema, and bringing a database up to it. Only migrations change tables, and none is ever edited.

A new one is the next `versions/rNNNN_what.py`; a test compares what they make with `tables`.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from watcher.model.errors import StoreError


def upgrade(connection: Connection, name: Path) -> None:
    """Bring the schema up to date, within the transaction that `connection` is in. `name` is for messages.

    Raises StoreError when a newer version of the program has changed it already.
    """
    config = _config()
    _refuse_newer(revisions(connection), config, name)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_current(connection: Connection, name: Path) -> None:
    """Raise StoreError unless the schema is the one that this version reads."""
    config = _config()
    found = revisions(connection)
    _refuse_newer(found, config, name)
    if not found:
        raise StoreError(f"no database at {name}: has watcher run yet?")
    if found != frozenset(ScriptDirectory.from_config(config).get_heads()):
        raise StoreError(f"{name} was written by an older watcher: start `watcher run` once to bring it up to date")


def revisions(connection: Connection) -> frozenset[str]:
    """The revisions that the database says it has; empty for a new one."""
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _config() -> Config:
    config = Config()
    # The parser of this file format takes % for a variable.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _refuse_newer(found: frozenset[str], config: Config, name: Path) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := found - known:
        raise StoreError(
            f"{name} was written by a newer watcher (schema {', '.join(sorted(unknown))}): "
            "upgrade this one, or set another state_dir"
        )
