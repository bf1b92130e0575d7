"""What `kcli config` and `kcli local status` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from kinesis_cli.project.target import TargetKind
from kinesis_cli.show.shapes.base import Count, Shape, Version, says


class Setting(Shape):
    """A setting; without a value it is not set anywhere."""

    name: str
    value: str | None
    source: Annotated[str | None, says("Which option, variable or file it is from.")]


class Target(Shape):
    """What a bare command would talk to."""

    kind: TargetKind
    endpoint: Annotated[str | None, says("URL.")]
    region: str | None
    stream: str | None
    function: str | None


class Config(Shape):
    """Each setting, and what they lead to."""

    version: Version
    settings: Sequence[Setting]
    target: Target


class LocalStream(Shape):
    """A stream on this machine."""

    name: str
    arn: str
    shards: Count
    records: Count


class LocalMapping(Shape):
    """A mapping on this machine."""

    function: str
    stream: str
    state: str
    backlog: Annotated[int | None, says("Records that wait.")]
    iterator_age_seconds: Annotated[float | None, says("Seconds.")]


class Problem(Shape):
    """Something that does not run."""

    name: str
    reason: str


class NotMade(Shape):
    """A resource of the template that is not on this machine."""

    name: str
    type: Annotated[str, says("AWS::…")]


class LocalStatus(Shape):
    """The endpoint on this machine, running or not."""

    version: Version
    running: bool
    pid: int | None
    endpoint: Annotated[str | None, says("URL.")]
    state: Annotated[str, says("The folder in which it is kept.")]
    streams: Sequence[LocalStream]
    tables: Annotated[Sequence[LocalStream], says("Streams of DynamoDB's tables.")]
    mappings: Sequence[LocalMapping]
    notes: Sequence[str]
    problems: Sequence[Problem]
    not_made: Sequence[NotMade]
