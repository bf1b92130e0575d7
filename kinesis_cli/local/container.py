"""Whether this machine is a container, whose own network decides who reaches it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

# Docker, Podman and CRI-O; systemd's own variable, which images may set; Kubernetes; ECS.
_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_VARIABLES = ("container", "KUBERNETES_SERVICE_HOST", "ECS_CONTAINER_METADATA_URI_V4")


def in_a_container(
    environment: Mapping[str, str] = os.environ, files: Iterable[Path] = _FILES
) -> bool:
    """Whether this process runs in a container, as far as that can be told from inside.

    Args:
        environment: its variables.
        files: those that an engine leaves in the containers it makes.
    """
    return any(environment.get(each) for each in _VARIABLES) or any(map(Path.exists, files))
