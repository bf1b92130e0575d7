"""What the live page shows, and acts on."""

from dataclasses import dataclass
from typing import Any, Protocol

from kinesis_cli.local.kinesis import DataPlane
from kinesis_cli.local.kinesis_protocol.api import KinesisApi
from kinesis_cli.local.neighbours.moto_server import Neighbours
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.local.state import Server


class Functions(Protocol):
    """What feeds the functions."""

    @property
    def service(self) -> FunctionService | None:
        """None: there are no functions."""

    def tables(self) -> list[dict[str, Any]]:
        """The streams of tables."""

    def said(self, most: int) -> list[dict[str, Any]]:
        """What was said last, the newest last."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page shows, and acts on."""

    data_plane: DataPlane
    kinesis: KinesisApi
    neighbours: Neighbours
    functions: Functions
    server: Server
