"""The settings of an event source mapping as keywords, for editors and type checkers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class MappingSettings(TypedDict, total=False):
    """Settings under the names of CreateEventSourceMapping.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """

    BatchSize: int
    BisectBatchOnFunctionError: bool
    DestinationConfig: Mapping[str, Any]
    EventSourceArn: str
    FilterCriteria: Mapping[str, Any]
    FunctionResponseTypes: Sequence[str]
    MaximumBatchingWindowInSeconds: int
    MaximumRecordAgeInSeconds: int
    MaximumRetryAttempts: int
    ParallelizationFactor: int
    StartingPosition: str
    StartingPositionTimestamp: float | str
    TumblingWindowInSeconds: int
