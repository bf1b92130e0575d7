"""The settings of an event source mapping: AWS's names, defaults, limits, forbidden combinations.

Sources: CreateEventSourceMapping in botocore's `lambda/2015-03-31` model (limits, defaults),
AWS::Lambda::EventSourceMapping (record age), and for each combination the place named beside it.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_of_arn
from kinesis_cli.stream.times import epoch_seconds

StartingPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
REPORT_BATCH_ITEM_FAILURES = "ReportBatchItemFailures"
UNLIMITED = -1  # AWS's word for "no limit" of retries and of record age


class _Limit(msgspec.Struct, frozen=True):
    least: int
    most: int
    unlimited: bool = False  # -1 is allowed besides least..most


LIMITS: Mapping[str, _Limit] = {
    "BatchSize": _Limit(1, 10_000),
    "MaximumBatchingWindowInSeconds": _Limit(0, 300),
    "ParallelizationFactor": _Limit(1, 10),
    "MaximumRetryAttempts": _Limit(0, 10_000, unlimited=True),
    # The API model allows 0 to 59 as well; CloudFormation's reference and the service refuse them.
    "MaximumRecordAgeInSeconds": _Limit(60, 604_800, unlimited=True),
    "TumblingWindowInSeconds": _Limit(0, 900),
}

# What kcli acts on; every other member is either named to the user or refused.
_ACTED_ON = {
    *LIMITS,
    "StartingPosition",
    "StartingPositionTimestamp",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FunctionResponseTypes",
    "FilterCriteria",
    "EventSourceArn",
    "FunctionName",
    "FunctionArn",
}
_NEUTRAL: Mapping[str, object] = {"ParallelizationFactor": 1, "TumblingWindowInSeconds": 0}
# Members of what get-event-source-mapping answers: a saved answer is a fine mapping file.
_ANSWER_ONLY = {
    "UUID",
    "State",
    "StateTransitionReason",
    "LastModified",
    "LastProcessingResult",
    "EventSourceMappingArn",
    "FilterCriteriaError",
}
_NOT_ACTED_ON = {
    "Enabled",
    "KMSKeyArn",
    "KmsKeyArn",  # as SAM spells it
    "MetricsConfig",
    "LoggingConfig",
    "Tags",
}
_OTHER_SOURCES = {
    "Topics": "Kafka",
    "Queues": "Amazon MQ",
    "SourceAccessConfigurations": "Kafka and Amazon MQ",
    "SelfManagedEventSource": "self-managed Kafka",
    "ScalingConfig": "SQS",
    "AmazonManagedKafkaEventSourceConfig": "Amazon MSK",
    "SelfManagedKafkaEventSourceConfig": "self-managed Kafka",
    "DocumentDBEventSourceConfig": "DocumentDB",
    "ProvisionedPollerConfig": "Kafka and SQS",
}


class RefusedSettingError(InputError):
    """A setting that AWS refuses; `aws` is what it answers then, where that is known."""

    def __init__(self, problem: str, *, place: str = "", advice: str = "", aws: str = "") -> None:
        super().__init__(problem, place=place, advice=advice)
        self.aws = aws


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceMapping:
    """How a stream is delivered to a function. `from_aws` refuses what AWS refuses."""

    kind: SourceKind = KINESIS  # of source that is read

    starting_position: StartingPosition = "TRIM_HORIZON"
    starting_position_timestamp: float | None = None  # epoch seconds, with AT_TIMESTAMP only
    batch_size: int = 100
    maximum_batching_window_in_seconds: float = 0
    parallelization_factor: int = 1
    maximum_retry_attempts: int = UNLIMITED
    maximum_record_age_in_seconds: int = UNLIMITED
    bisect_batch_on_function_error: bool = False
    tumbling_window_in_seconds: int = 0
    report_batch_item_failures: bool = False
    filter_patterns: tuple[str, ...] = ()
    destination: str | None = None  # ARN of the on-failure destination
    event_source_arn: str | None = None
    function_name: str | None = None  # name or ARN

    @classmethod
    def from_aws(
        cls, document: Mapping[str, object], *, place: str = "", kind: SourceKind | None = None
    ) -> "EventSourceMapping":
        """The mapping that CreateEventSourceMapping would make of `document`.

        Args:
            document: members under AWS's names. Absent ones take AWS's defaults;
                StartingPosition, which AWS requires, defaults to TRIM_HORIZON.
            place: what to call the document in an error, e.g. its file name.
            kind: of source that is read; None: that of EventSourceArn, else Kinesis.

        Raises:
            InputError: a member is unknown, belongs to another kind of event source, is out of
                AWS's limits, or may not be combined with another one.
        """
        arn = _text(document, "EventSourceArn", place)
        kind = _kind(arn, kind, place)
        _refuse_foreign_members(document, kind, place)
        mapping = cls(
            kind=kind,
            starting_position=_starting_position(document, kind, place),
            starting_position_timestamp=_timestamp(document, place),
            batch_size=_integer(document, "BatchSize", 100, place),
            maximum_batching_window_in_seconds=_window(document, kind, place),
            parallelization_factor=_integer(document, "ParallelizationFactor", 1, place),
            maximum_retry_attempts=_integer(document, "MaximumRetryAttempts", UNLIMITED, place),
            maximum_record_age_in_seconds=_integer(
                document, "MaximumRecordAgeInSeconds", UNLIMITED, place
            ),
            bisect_batch_on_function_error=_boolean(document, "BisectBatchOnFunctionError", place),
            tumbling_window_in_seconds=_integer(document, "TumblingWindowInSeconds", 0, place),
            report_batch_item_failures=_reports_batch_item_failures(document, place),
            filter_patterns=_filter_patterns(document, place),
            destination=_destination(document, place),
            event_source_arn=arn,
            function_name=_text(document, "FunctionArn", place)
            or _text(document, "FunctionName", place),
        )
        _refuse_combinations(mapping, place)
        return mapping

    def reading(self, kind: SourceKind) -> "EventSourceMapping":
        """The same settings for another kind of source.

        Raises:
            InputError: AWS refuses them for it, or they name a source of this kind.
        """
        if kind is self.kind:
            return self
        return EventSourceMapping.from_aws(self.to_aws(), kind=kind)

    @property
    def retry_limit(self) -> int:
        """How many retries there are at most, -1: no limit."""
        most = self.kind.rules.max_retries_with_destination
        if self.maximum_retry_attempts == UNLIMITED and self.destination and most is not None:
            return most
        return self.maximum_retry_attempts

    def to_aws(self) -> dict[str, object]:
        """The effective settings under CreateEventSourceMapping's names, defaults included."""
        on_failure = {"Destination": self.destination} if self.destination else {}
        document: dict[str, object] = {
            "StartingPosition": self.starting_position,
            "BatchSize": self.batch_size,
            "MaximumBatchingWindowInSeconds": self.maximum_batching_window_in_seconds,
            "ParallelizationFactor": self.parallelization_factor,
            "MaximumRetryAttempts": self.maximum_retry_attempts,
            "MaximumRecordAgeInSeconds": self.maximum_record_age_in_seconds,
            "BisectBatchOnFunctionError": self.bisect_batch_on_function_error,
            "TumblingWindowInSeconds": self.tumbling_window_in_seconds,
            "FunctionResponseTypes": (
                [REPORT_BATCH_ITEM_FAILURES] if self.report_batch_item_failures else []
            ),
            "DestinationConfig": {"OnFailure": on_failure},
        }
        if self.starting_position_timestamp is not None:
            document["StartingPositionTimestamp"] = self.starting_position_timestamp
        if self.filter_patterns:
            filters = [{"Pattern": pattern} for pattern in self.filter_patterns]
            document["FilterCriteria"] = {"Filters": filters}
        if self.event_source_arn:
            document["EventSourceArn"] = self.event_source_arn
        if self.function_name:
            document["FunctionName"] = self.function_name
        return document


def members_not_acted_on(document: Mapping[str, object]) -> tuple[str, ...]:
    """One sentence for each member of `document` that changes nothing in kcli."""
    return tuple(
        f"{name}: kcli does not act on it"
        for name, value in document.items()
        # an enabled mapping is what kcli delivers as
        if name in _NOT_ACTED_ON and not (name == "Enabled" and value is True)
    )


def without_effect(mapping: EventSourceMapping) -> Iterator[str]:
    """One sentence for each setting that AWS takes, and that changes nothing for its source."""
    most, age = mapping.kind.rules.max_useful_age_seconds, mapping.maximum_record_age_in_seconds
    if most is not None and age > most:
        yield (
            f"MaximumRecordAgeInSeconds {age:,} does nothing: {mapping.kind.rules.a_source} keeps "
            f"a record for {most:,} s"
        )


def _kind(arn: str | None, wanted: SourceKind | None, place: str) -> SourceKind:
    """The kind of source that a mapping reads.

    Raises:
        InputError: its EventSourceArn names one of another kind.
    """
    named = kind_of_arn(arn)
    if wanted is not None and named is not None and named is not wanted:
        raise InputError(
            f"EventSourceArn names {named.rules.a_source}, and the records are of {wanted.title}",
            place=place,
            advice=f"Name {wanted.rules.a_source}, or leave EventSourceArn out.",
        )
    kind = wanted or named or KINESIS
    if arn and named and "/consumer/" in arn and not kind.rules.has_consumers:
        raise InputError(
            f"EventSourceArn names a consumer, and {kind.rules.a_source} has none: only Kinesis "
            "has enhanced fan-out",
            place=place,
        )
    return kind


def _refuse_foreign_members(document: Mapping[str, object], kind: SourceKind, place: str) -> None:
    for name, value in document.items():
        if name in kind.rules.own_members:
            _refuse_not_modelled(name, value, place)
            continue
        if name in kind.rules.without and value not in (None, _NEUTRAL[name]):
            raise InputError(
                f"{name} is for streams, not for {kind.rules.a_source}",
                place=place,
                advice="Remove it.",
            )
        if name in _OTHER_SOURCES:
            raise RefusedSettingError(
                f"{name} is a setting for {_OTHER_SOURCES[name]}, not for {kind.rules.a_source}",
                place=place,
                advice="Remove it.",
                aws=f"Unsupported {name} parameter for given event source mapping type.",
            )
        if name not in _ACTED_ON | _ANSWER_ONLY | _NOT_ACTED_ON:
            near = difflib.get_close_matches(name, sorted(_ACTED_ON), 1)
            raise InputError(
                f"{name!r} is not a setting of an event source mapping",
                place=place,
                advice=f"Did you mean {near[0]}?"
                if near
                else "Settings have the names of CreateEventSourceMapping, e.g. BatchSize.",
            )


def _refuse_not_modelled(name: str, value: object, place: str) -> None:
    """Refuse what changes in unknown ways which records a function gets, or how they look."""
    if not isinstance(value, Mapping):
        return
    if str(value.get("ConsumptionMode", "")).lower() == "queue":
        problem = "ConsumptionMode Queue is not modelled: kcli delivers a partition in its order"
    elif value.get("SchemaRegistryConfig"):
        problem = "SchemaRegistryConfig is not modelled: kcli hands over records as they are"
    else:
        return
    raise InputError(f"{name}: {problem}", place=place, advice="Remove it to simulate the rest.")


def _window(document: Mapping[str, object], kind: SourceKind, place: str) -> float:
    default = kind.rules.default_window_seconds
    if document.get("MaximumBatchingWindowInSeconds") in (None, default):
        return default
    return _integer(document, "MaximumBatchingWindowInSeconds", 0, place)


def _integer(document: Mapping[str, object], name: str, default: int, place: str) -> int:
    value = document.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} is {_shown(value)}, it must be a whole number", place=place)
    limit = LIMITS[name]
    if limit.least <= value <= limit.most or (limit.unlimited and value == UNLIMITED):
        return value
    unlimited = " or -1 (no limit)" if limit.unlimited else ""
    raise RefusedSettingError(
        f"{name} is {value}, AWS accepts {limit.least} to {limit.most}{unlimited}",
        place=place,
        aws=f"{name} must be either -1 (forever) or between {limit.least} and {limit.most} "
        "(inclusive)"
        if limit.unlimited
        else "",
    )


def _boolean(document: Mapping[str, object], name: str, place: str) -> bool:
    value = document.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InputError(f"{name} is {_shown(value)}, it must be true or false", place=place)
    return value


def _text(document: Mapping[str, object], name: str, place: str) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise InputError(f"{name} is {_shown(value)}, it must be text", place=place)


def _starting_position(
    document: Mapping[str, object], kind: SourceKind, place: str
) -> StartingPosition:
    value = document.get("StartingPosition")
    if value is None:
        return "TRIM_HORIZON"
    *others, last = kind.rules.starting_positions
    for position in get_args(StartingPosition):
        if value == position and position in kind.rules.starting_positions:
            return position  # type: ignore[no-any-return]  # get_args is untyped
    raise RefusedSettingError(
        f"StartingPosition is {_shown(value)}, AWS accepts {', '.join(others)} or {last}"
        + kind.rules.of_it,
        place=place,
        aws=f"Unsupported starting position for arn type: {document.get('EventSourceArn')}",
    )


def _timestamp(document: Mapping[str, object], place: str) -> float | None:
    value = document.get("StartingPositionTimestamp")
    at_timestamp = document.get("StartingPosition") == "AT_TIMESTAMP"
    if value is None:
        if at_timestamp:
            raise InputError(
                "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp", place=place
            )
        return None
    if not at_timestamp:
        raise RefusedSettingError(
            "StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP only",
            place=place,
            aws="Timestamp only valid with StartingPosition AT_TIMESTAMP",
        )
    try:
        return epoch_seconds(value)
    except ValueError:
        raise InputError(
            f"StartingPositionTimestamp is {_shown(value)}, it must be epoch seconds or an "
            "ISO 8601 time",
            place=place,
        ) from None


def _reports_batch_item_failures(document: Mapping[str, object], place: str) -> bool:
    types = document.get("FunctionResponseTypes")
    if types is None or types == []:
        return False
    if types == [REPORT_BATCH_ITEM_FAILURES]:
        return True
    raise InputError(
        f"FunctionResponseTypes is {_shown(types)}, AWS accepts [] or "
        f'["{REPORT_BATCH_ITEM_FAILURES}"]',
        place=place,
    )


def _filter_patterns(document: Mapping[str, object], place: str) -> tuple[str, ...]:
    criteria = document.get("FilterCriteria")
    if criteria is None:
        return ()
    filters = criteria.get("Filters", []) if isinstance(criteria, Mapping) else None
    if not isinstance(filters, Sequence) or isinstance(filters, str):
        raise InputError(
            'FilterCriteria must have the form {"Filters": [{"Pattern": "..."}]}', place=place
        )
    patterns = []
    for number, entry in enumerate(filters, 1):
        pattern = entry.get("Pattern") if isinstance(entry, Mapping) else None
        if not isinstance(pattern, str):
            raise InputError(
                f"FilterCriteria, filter {number}: Pattern must be a JSON text", place=place
            )
        patterns.append(pattern)
    return tuple(patterns)


def _destination(document: Mapping[str, object], place: str) -> str | None:
    config = document.get("DestinationConfig") or {}
    on_failure = config.get("OnFailure", {}) if isinstance(config, Mapping) else None
    if not isinstance(on_failure, Mapping):
        raise InputError(
            'DestinationConfig must have the form {"OnFailure": {"Destination": "arn:..."}}',
            place=place,
        )
    on_success = config.get("OnSuccess") if isinstance(config, Mapping) else None
    if isinstance(on_success, Mapping) and on_success.get("Destination"):
        # Source: stackd's captures on a DynamoDB stream.
        raise RefusedSettingError(
            "DestinationConfig.OnSuccess is for asynchronous calls, a mapping has OnFailure only",
            place=place,
            advice="Remove it.",
            aws="OnSuccess configuration is not supported for event source mappings.",
        )
    destination = on_failure.get("Destination")
    if not destination:
        return None
    # UNSURE(kafka-destination): the Kinesis page lists Kafka topics, the Kafka pages restrict them
    # to Kafka sources. We accept one and write SQS's form of the document.
    if not isinstance(destination, str) or not destination.startswith(("arn:", "kafka://")):
        raise InputError(
            f"DestinationConfig.OnFailure.Destination is {_shown(destination)}, it must be the ARN "
            "of an SQS queue, an SNS topic or an S3 bucket",
            place=place,
        )
    # Source: stackd's native captures (FIFO refused when the mapping is created).
    if destination.endswith(".fifo"):
        raise InputError(
            "a FIFO queue or topic cannot be the on-failure destination of a stream", place=place
        )
    return destination


def _refuse_combinations(mapping: EventSourceMapping, place: str) -> None:
    if not mapping.tumbling_window_in_seconds:
        return
    # Source: stackd's captures on a DynamoDB stream; terraform-aws-lambda#619.
    if mapping.parallelization_factor > 1:
        raise RefusedSettingError(
            "TumblingWindowInSeconds cannot be combined with ParallelizationFactor above 1",
            place=place,
            aws="Parallelization factor must be equal to 1 when tumbling window period is "
            "configured",
        )
    # UNSURE(window-filters): refused for DynamoDB streams in the same captures; for Kinesis nobody
    # recorded it. We refuse too.
    if mapping.filter_patterns:
        raise InputError(
            "TumblingWindowInSeconds cannot be combined with FilterCriteria", place=place
        )


def _shown(value: object) -> str:
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
