"""What `kcli simulate` prints of one record, and of several mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import UNSET, UnsetType

from kinesis_cli.show.shapes.base import Shape, Version, says
from kinesis_cli.show.shapes.simulation import Summary
from kinesis_cli.show.shapes.values import Moment, SequenceNumber, Settings, ShardId


class Step(Shape):
    """Something that happened to the record."""

    at: Moment
    what: str


class Life(Shape):
    """What `--explain` prints: the life of one record."""

    version: Version
    sequence_number: SequenceNumber
    shard_id: ShardId
    partition_key: str
    life: Sequence[Step]
    ended: Annotated[str, says("How it ended: succeeded, discarded, …")]
    records: Annotated[int, says("How many share the number, where several do.")] | UnsetType = (
        UNSET
    )
    endings: Annotated[Mapping[str, int], says("How many of them ended how.")] | UnsetType = UNSET


class Compared(Shape):
    """The recording under one mapping."""

    name: Annotated[str, says("Where the mapping came from.")]
    mapping: Settings
    summary: Summary


class Comparison(Shape):
    """What `--compare` prints."""

    version: Version
    comparison: Annotated[Sequence[Compared], says("The run's own mapping first.")]


class ComparedRow(Compared, tag_field="type", tag="comparison"):
    """The recording under one mapping."""
