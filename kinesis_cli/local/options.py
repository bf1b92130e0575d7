"""How a local endpoint is started: what `kcli local start` says to the server's process."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.project.function import CodeChoices
from kinesis_cli.project.locate import BY_OPTION, find_project
from kinesis_cli.project.settings import DEFAULT_REGION, STREAM_NAME, Settings, read_settings
from kinesis_cli.project.stream_settings import (
    DEFAULT_RECORD_KIB,
    DEFAULT_RETENTION_HOURS,
    StreamSettings,
)
from kinesis_cli.project.target import template_streams
from kinesis_cli.project.template.file import TemplateFile
from kinesis_cli.project.template.parameters import written_overrides


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """How to start a server."""

    port: int | None = None  # None: the one of the last time, else any
    in_memory: bool = False
    neighbours_in_memory: bool = False  # queues and tables end with the server
    synchronous: Literal["normal", "full"] = "normal"  # SQLite's; full survives power loss
    limits: bool = False  # AWS's throughput and rates
    delays: bool = False  # AWS's time for creating and changing streams
    shard_limit: int | None = None  # per account and region; None: AWS's default there
    tls: bool = False
    verbose: bool = False
    in_container: bool = False  # listens to the neighbours of this container, not on loopback
    reload: bool = True  # a function's changed code is used from the next call on
    region: str = DEFAULT_REGION  # where `streams` are made
    streams: Mapping[str, StreamSettings] = field(default_factory=dict)  # by name
    template: TemplateFile | None = (
        None  # what else it names (queues, log groups, alarms) is there too
    )
    code: CodeChoices = field(default_factory=CodeChoices)  # how its functions run

    @classmethod
    def of_project(
        cls,
        directory: Path | None = None,
        *,
        region: str | None = None,
        settings: Settings | None = None,
    ) -> "LocalOptions":
        """The defaults, with the project's region and the streams of its template.

        Args:
            directory: the project's; the working directory by default.
            region: the one that is named; default: the settings'.
            settings: what the command was told; default: what is read in `directory`.

        Raises:
            InputError: there is a project, and its template is not usable.
        """
        settings = settings or read_settings({"region": region}, directory=directory)
        return cls(
            region=region or (settings.region.value if settings.region else DEFAULT_REGION),
            streams=template_streams(settings, directory),
            template=find_project(settings, directory, naming=BY_OPTION).template,
        )

    def with_streams(self, names: Sequence[str], shards: int | None) -> "LocalOptions":
        """These options with more streams, and the same number of shards for all where it is given.

        Args:
            names: of the streams to make besides those that are there.
            shards: None: each stream's own number, one for the new ones.

        Raises:
            InputError: a name is none that a stream can have.
        """
        for name in names:
            if not re.fullmatch(STREAM_NAME, name):
                raise InputError(
                    f"{name!r} is not a stream name: 1 to 128 letters, digits, _, . or -",
                    place="--stream",
                )
        streams = {**{name: StreamSettings(name) for name in names}, **self.streams}
        if shards is not None:
            streams = {
                name: msgspec.structs.replace(each, shards=shards) for name, each in streams.items()
            }
        return replace(self, streams=streams)

    def arguments(self, state: Path) -> list[str]:
        """The command line of `python -m kinesis_cli.local`."""
        arguments = [
            *("--state", str(state)),
            *("--region", self.region),
            *("--limits", "aws" if self.limits else "off"),
            *("--delays", "aws" if self.delays else "off"),
            *("--sync", self.synchronous),
        ]
        if self.shard_limit is not None:
            arguments += ["--shard-limit", str(self.shard_limit)]
        if self.port is not None:
            arguments += ["--port", str(self.port)]
        if self.template:
            arguments += ["--template", str(self.template.path)]
            if self.template.parameters:
                arguments += ["--parameter-overrides", written_overrides(self.template.parameters)]
        if self.code.python is not None:
            arguments += ["--python", self.code.python]
        if self.code.runtime_command is not None:
            arguments += ["--runtime-command", self.code.runtime_command]
        for stream in self.streams.values():
            arguments += ["--stream", written_stream(stream)]
        flags = {"--in-memory": self.in_memory, "--tls": self.tls, "--verbose": self.verbose}
        flags["--neighbours-in-memory"] = self.neighbours_in_memory
        flags["--in-container"] = self.in_container
        flags["--no-reload"] = not self.reload
        flags["--no-build"] = self.code.no_build
        return arguments + [flag for flag, is_set in flags.items() if is_set]


def written_stream(stream: StreamSettings) -> str:
    """A stream as an argument: `orders=4`, `orders=on-demand:168:1024` (hours, KiB)."""
    text = f"{stream.name}={'on-demand' if stream.shards is None else stream.shards}"
    rest = (stream.retention_hours, stream.max_record_kib)
    if rest == (DEFAULT_RETENTION_HOURS, DEFAULT_RECORD_KIB):
        return text
    return ":".join([text, *map(str, rest)])


def read_stream(text: str) -> StreamSettings:
    """The stream that an argument describes; `orders` has one shard."""
    name, _, rest = text.partition("=")
    shards, *numbers = (rest or "1").split(":")
    return StreamSettings(name, None if shards == "on-demand" else int(shards), *map(int, numbers))
