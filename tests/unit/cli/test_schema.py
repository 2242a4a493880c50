"""The command that prints the schemas of the configuration files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from watcher.cli import main
from watcher.settings.editorschema import FILES

SCHEMAS = Path(__file__).parents[3] / "config/schema"


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_printed(name: str) -> None:
    """As it is under config/, byte for byte, and nothing else."""
    result = CliRunner().invoke(main, ["schema", name])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (SCHEMAS / f"{name}.schema.json").read_text("utf-8")
    assert json.loads(result.stdout)["title"] == f"{name}.yaml of watcher"


def test_there_is_no_other() -> None:
    """A wrong call names those that there are."""
    result = CliRunner().invoke(main, ["schema", "platform"])
    assert result.exit_code == 2
    assert "'watcher', 'watchlist'" in result.stderr
