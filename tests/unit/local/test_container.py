"""What tells a container."""

from pathlib import Path

import pytest

from kinesis_cli.local.container import in_a_container

PLAIN = {"PATH": "/usr/bin", "container": ""}


@pytest.mark.parametrize(
    "variable", ["container", "KUBERNETES_SERVICE_HOST", "ECS_CONTAINER_METADATA_URI_V4"]
)
def test_a_variable_of_its_engine_tells_a_container(variable: str, tmp_path: Path) -> None:
    assert in_a_container({**PLAIN, variable: "x"}, files=[tmp_path / "none"])


def test_a_file_of_its_engine_tells_a_container(tmp_path: Path) -> None:
    assert not in_a_container(PLAIN, files=[tmp_path / ".dockerenv"])
    (tmp_path / ".dockerenv").touch()
    assert in_a_container(PLAIN, files=[tmp_path / ".dockerenv"])
