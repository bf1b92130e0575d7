from pathlib import Path

import pytest

from kinesis_cli.testing import Kinesis
from tests.testing.projects import TEMPLATE


@pytest.fixture(scope="session", autouse=True)
def all_is_imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import what a delivery needs: pytester forgets the modules that a run has imported."""
    folder: Path = tmp_path_factory.mktemp("project")
    (folder / "template.yaml").write_text(TEMPLATE)
    run = Kinesis(directory=folder).deliver([b"x"], lambda event, context: 1 / 0)
    assert run.markdown()
    assert run.report()
