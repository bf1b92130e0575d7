"""How a local endpoint is started: what `kcli local start` says to the server's process."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kinesis_cli.errors import InputError
from kinesis_cli.project.settings import DEFAULT_REGION, STREAM_NAME, read_settings
from kinesis_cli.project.target import project_template, template_streams


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
    reload: bool = True  # a function's changed code is used from the next call on
    region: str = DEFAULT_REGION  # where `streams` are made
    streams: Mapping[str, int | None] = field(default_factory=dict)  # → shards, None: on demand
    template: Path | None = None  # what else it names (queues, log groups, alarms) is there too

    @classmethod
    def of_project(
        cls, directory: Path | None = None, *, region: str | None = None
    ) -> "LocalOptions":
        """The defaults, with the project's region and the streams of its template."""
        named = read_settings({"region": region}, directory=directory).region
        return cls(
            region=named.value if named else DEFAULT_REGION,
            streams=template_streams(directory),
            template=project_template(directory),
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
                    f"{name!r} is no stream name: 1 to 128 letters, digits, _, . or -",
                    place="--stream",
                )
        streams = {**dict.fromkeys(names, 1), **self.streams}
        if shards is not None:
            streams = dict.fromkeys(streams, shards)
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
            arguments += ["--template", str(self.template)]
        for name, shards in self.streams.items():
            arguments += ["--stream", f"{name}={'on-demand' if shards is None else shards}"]
        flags = {"--in-memory": self.in_memory, "--tls": self.tls, "--verbose": self.verbose}
        flags["--neighbours-in-memory"] = self.neighbours_in_memory
        flags["--no-reload"] = not self.reload
        return arguments + [flag for flag, is_set in flags.items() if is_set]
