"""The user's function: where its code is, how Lambda would run it, what feeds it.

Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.project.stream_settings import StreamSettings
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS

DEFAULT_TIMEOUT = (
    3.0  # seconds, https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
)
MAX_TIMEOUT = 900.0  # seconds, the longest that Lambda allows
DEFAULT_MEMORY_SIZE = 128  # MB


class CodeChoices(msgspec.Struct, frozen=True):
    """How all functions of a template are to run, whatever it says."""

    python: str | None = None  # the interpreter, or the folder of its environment
    no_build: bool = False  # the sources run, although `sam build` has built them
    runtime_command: str | None = None  # starts the processes of those that are not Python


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function as the project describes it."""

    name: str
    code_uri: Path  # the folder that Lambda would unpack into /var/task
    handler: str  # "module.function", or "path/file.py:function"
    timeout: float  # seconds
    memory_size: int  # MB
    environment: Mapping[str, str]
    mapping: Mapping[str, object] | None  # CreateEventSourceMapping's names; None: AWS's defaults
    origin: str  # "template.yaml, NewMessageFunction", for people
    mapping_origin: str
    architecture: str = "x86_64"  # or "arm64"
    system_log_level: str = "INFO"  # of Lambda's own lines, where the log is JSON
    reserved_concurrency: int | None = None  # calls at the same time; None: it reserves none
    runtime: str = ""  # "python3.13", "nodejs22.x"; "": not known
    template: Path | None = None  # the file, where there is one
    runtime_command: tuple[str, ...] = ()  # what starts its process; empty: its runtime says
    esbuild: Mapping[str, object] | None = None  # what SAM bundles it with; None: not bundled
    layers: tuple[Path, ...] = ()  # folders on this machine; on Lambda they are one, /opt
    interpreter: Interpreter | None = None  # what runs Python code; None: kcli's own
    aws: Mapping[str, str] | None = None  # variables of AWS's clients; None: the shell's
    env_from_shell: bool = False  # whether a process of its own has all of the shell's variables
    qualifier: str = ""  # the version or alias that the mapping calls
    version: str = "$LATEST"  # that is executed then
    stream: StreamSettings | None = None  # that feeds it, where the template says how it is made
    other_feeders: tuple[str, ...] = ()  # what calls it besides its mapping's kind: "SQS (Jobs)"
    kind: SourceKind = KINESIS  # of source that it is called for
    is_sample: bool = False  # kcli's own, since there is no project
    notes: tuple[str, ...] = ()  # a sentence for each value or property that kcli cannot follow

    @property
    def is_python(self) -> bool:
        """Whether it is a Python function, as one of an unknown runtime is taken for."""
        return not self.runtime or self.runtime.startswith("python")

    @property
    def qualified_name(self) -> str:
        """Its name as it is called: with the version or alias, where one is meant."""
        return f"{self.name}:{self.qualifier}" if self.qualifier else self.name

    @property
    def needs_own_process(self) -> bool:
        """Whether it can only run in a process of its own runtime."""
        return bool(self.runtime_command) or not self.is_python
