"""What is installed is what runs: the wheel holds the data that the program reads beside its code."""

from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a freshly built wheel."""
    built = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])
    with ZipFile(next(iter(built))) as archive:
        return set(archive.namelist())


def test_everything_of_the_package_is_in_the_wheel(wheel: set[str]) -> None:
    """Each file under watcher/, data included, is installed; and nothing else is but the metadata."""
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "watcher").rglob("*") if path.is_file()}
    wanted = {name for name in ours if "__pycache__" not in name}
    assert {name for name in wheel if ".dist-info/" not in name} == wanted


@pytest.mark.parametrize(
    "name",
    [
        "watcher/platforms/x.yaml",
        "watcher/platforms/phrases/x.yaml",
        "watcher/schemas/watchlist.schema.json",
        "watcher/web/pages/static/style.css",
        "watcher/web/pages/templates/base.html.j2",
        "watcher/store/migrations/versions/r0001_first_tables.py",
        "watcher/py.typed",
    ],
)
def test_data_is_in_the_wheel(wheel: set[str], name: str) -> None:
    """Platforms, phrases, schemas, the style sheet, migrations and the mark of being typed."""
    assert name in wheel
