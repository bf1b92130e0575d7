"""What a language's module answers: how a process of the function is started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RuntimeCommand:
    """How a process of the function is started."""

    arguments: tuple[str, ...]  # the program and its arguments
    directory: Path  # its working directory
    name: str  # for people: "Python 3.11.7", "Node.js 22.4.0"
    version: str  # as in Lambda's INIT_START line: "python:3.11", "nodejs:22.4"
    client: str  # what speaks the Runtime API in it: "awslambdaric-4.2.2"
    # besides those of Lambda and of the function
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # a sentence for each thing that is not as on Lambda
    rebuild: Callable[[], None] | None = None  # what to do when the code has changed
