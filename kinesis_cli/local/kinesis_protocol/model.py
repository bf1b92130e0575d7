"""A service as botocore's model describes it: operations, their parameters and results.

The model's file is read as it is; importing botocore itself would cost more than all the rest of
the server's start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kinesis_cli.local.http.service_models import service_model

# UNSURE(validation-order): recorded on AWS for these operations, by
# https://github.com/mhart/kinesalite; the others follow the model's order, StreamName last.
MEMBER_ORDER: Mapping[str, tuple[str, ...]] = {
    "AddTagsToStream": ("Tags", "StreamName"),
    "CreateStream": ("ShardCount", "StreamName"),
    "DecreaseStreamRetentionPeriod": ("RetentionPeriodHours", "StreamName"),
    "DescribeStream": ("Limit", "ExclusiveStartShardId", "StreamName"),
    "GetRecords": ("Limit", "ShardIterator"),
    "GetShardIterator": ("ShardId", "ShardIteratorType", "StartingSequenceNumber", "StreamName"),
    "IncreaseStreamRetentionPeriod": ("RetentionPeriodHours", "StreamName"),
    "ListShards": ("ExclusiveStartShardId", "MaxResults", "NextToken", "StreamName"),
    "ListStreams": ("Limit", "ExclusiveStartStreamName"),
    "ListTagsForStream": ("Limit", "ExclusiveStartTagKey", "StreamName"),
    "MergeShards": ("ShardToMerge", "AdjacentShardToMerge", "StreamName"),
    "PutRecord": (
        *("SequenceNumberForOrdering", "PartitionKey", "ExplicitHashKey", "Data", "StreamName"),
    ),
    "PutRecords": ("Records", "StreamName"),
    "PutRecordsRequestEntry": ("PartitionKey", "ExplicitHashKey", "Data"),
    "RemoveTagsFromStream": ("TagKeys", "StreamName"),
    "SplitShard": ("NewStartingHashKey", "StreamName", "ShardToSplit"),
}

ENUM_ORDER: Mapping[str, tuple[str, ...]] = {
    "ShardIteratorType": (
        *("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The type of a value, and what AWS demands of it."""

    name: str
    type: str  # structure, list, map, string, blob, timestamp, boolean, integer, long
    members: Mapping[str, "Shape"]  # of a structure, in the order in which AWS checks them
    required: frozenset[str]
    element: "Shape | None"  # of a list; of a map its values
    key: "Shape | None"
    minimum: int | None  # of a number its value, else the length
    maximum: int | None
    pattern: str | None
    enum: tuple[str, ...]
    null_is_named: bool = False  # whether AWS names null among the rules for elements


@dataclass(frozen=True, slots=True)
class Operation:
    """A call: what it takes and what it gives."""

    name: str
    input: Shape
    output: Shape | None  # None: an empty answer


class Model:
    """The service's operations.

    Args:
        document: botocore's.
        names_null: whether AWS names null among the rules for the elements of a list.
    """

    def __init__(self, document: Mapping[str, Any], *, names_null: bool = False) -> None:
        self._names_null = names_null
        self._shapes = document["shapes"]
        self._operations = document["operations"]
        self._built: dict[tuple[str, str], Shape] = {}
        self.target_prefix: str = document["metadata"].get("targetPrefix", "")  # "Kinesis_20131202"

    def operation(self, name: str) -> Operation | None:
        """The operation of this name; None: AWS has no such either."""
        description = self._operations.get(name)
        if description is None:
            return None
        output = description.get("output")
        return Operation(
            name,
            self._shape(description["input"]["shape"], ordered_as=name),
            self._shape(output["shape"]) if output else None,
        )

    @property
    def operations(self) -> list[str]:
        """The names of all operations."""
        return sorted(self._operations)

    def _shape(self, name: str, ordered_as: str = "") -> Shape:
        key = (name, ordered_as)
        if key not in self._built:
            self._built[key] = self._build(name, ordered_as or name)
        return self._built[key]

    def _build(self, name: str, ordered_as: str) -> Shape:
        description = self._shapes[name]
        members = description.get("members", {})
        element = description.get("member") or description.get("value")
        return Shape(
            name=name,
            type=description["type"],
            members={
                member: self._shape(members[member]["shape"])
                for member in _ordered(members, MEMBER_ORDER.get(ordered_as, ()))
            },
            required=frozenset(description.get("required", ())),
            element=self._shape(element["shape"]) if element else None,
            key=self._shape(description["key"]["shape"]) if "key" in description else None,
            minimum=description.get("min"),
            maximum=description.get("max"),
            pattern=description.get("pattern"),
            enum=ENUM_ORDER.get(name, tuple(description.get("enum", ()))),
            null_is_named=self._names_null,
        )


def _ordered(members: Mapping[str, Any], recorded: tuple[str, ...]) -> list[str]:
    """The recorded order with the newer members before the stream's name, which comes last."""
    if not set(recorded) <= members.keys():  # of another service's operation of the same name
        recorded = ()
    if not recorded:
        return sorted(members, key=lambda name: name == "StreamName")
    newer = [name for name in members if name not in recorded]
    return sorted([*recorded, *newer], key=lambda name: name == recorded[-1])


@cache
def kinesis_model() -> Model:
    """The model of the installed botocore.

    Raises:
        InputError: botocore is not installed.
    """
    return Model(service_model("kinesis", "2013-12-02"))
