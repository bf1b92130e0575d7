"""What is being run: the head of every view."""

from collections.abc import Mapping

import msgspec

from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.show.function import function_document
from kinesis_cli.show.shapes.function import Function


class Run(msgspec.Struct, frozen=True):
    """What is being run: the head of every view."""

    handler: str
    runtime: str
    handler_origin: str
    mapping: Mapping[str, object]  # effective settings under AWS's names
    mapping_origin: str
    source: str  # "fixtures/batch.json"
    records: int
    shards: int
    start_at: float  # epoch seconds
    interpreter: Interpreter | None = None  # of a Python function
    key_title: str = "partition key"  # what the key of a record is called

    def function(self) -> Function:
        """The `function` member of the JSON contract."""
        return function_document(self.handler, self.runtime, self.interpreter)
