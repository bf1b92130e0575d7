"""A mapping's document, member by member: AWS's names, defaults and limits, and what it refuses.

Sources: CreateEventSourceMapping in botocore's `lambda/2015-03-31` model (limits, defaults),
AWS::Lambda::EventSourceMapping (record age), and beside each rule what it was seen at.
"""

import difflib
from collections.abc import Mapping, Sequence
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
ACTED_ON = {
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
NOT_ACTED_ON = {
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


class SettingsDocument:
    """The members of a document under CreateEventSourceMapping's names.

    Each method raises InputError where AWS refuses the member, or kcli cannot read it.
    """

    def __init__(
        self, members: Mapping[str, object], place: str, wanted: SourceKind | None = None
    ) -> None:
        """Look which kind of source is read.

        Args:
            members: absent ones take AWS's defaults.
            place: what to call the document in an error.
            wanted: the kind of source; None: that of EventSourceArn, else Kinesis.
        """
        self._members = members
        self._place = place
        self.source_arn = self.text("EventSourceArn")
        self.kind = _kind(self.source_arn, wanted, place)

    def integer(self, name: str, default: int) -> int:
        """A whole number within its limits."""
        value = self._members.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._unusable(f"{name} is {_shown(value)}, it must be a whole number")
        limit = LIMITS[name]
        if limit.least <= value <= limit.most or (limit.unlimited and value == UNLIMITED):
            return value
        unlimited = " or -1 (no limit)" if limit.unlimited else ""
        raise RefusedSettingError(
            f"{name} is {value}, AWS accepts {limit.least} to {limit.most}{unlimited}",
            place=self._place,
            aws=f"{name} must be either -1 (forever) or between {limit.least} and {limit.most} "
            "(inclusive)"
            if limit.unlimited
            else "",
        )

    def boolean(self, name: str) -> bool:
        """True or false; false where it is absent."""
        value = self._members.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._unusable(f"{name} is {_shown(value)}, it must be true or false")
        return value

    def text(self, name: str) -> str | None:
        """Text; None where it is absent or empty."""
        value = self._members.get(name)
        if value is None or isinstance(value, str):
            return value or None
        raise self._unusable(f"{name} is {_shown(value)}, it must be text")

    def batching_window(self) -> float:
        """MaximumBatchingWindowInSeconds."""
        default = self.kind.rules.default_window_seconds
        if self._members.get("MaximumBatchingWindowInSeconds") in (None, default):
            return default
        return self.integer("MaximumBatchingWindowInSeconds", 0)

    def starting_position(self) -> StartingPosition:
        """Where reading begins."""
        value = self._members.get("StartingPosition")
        if value is None:
            return "TRIM_HORIZON"
        *others, last = self.kind.rules.starting_positions
        for position in get_args(StartingPosition):
            if value == position and position in self.kind.rules.starting_positions:
                return position  # type: ignore[no-any-return]  # get_args is untyped
        raise RefusedSettingError(
            f"StartingPosition is {_shown(value)}, AWS accepts {', '.join(others)} or {last}"
            + self.kind.rules.of_it,
            place=self._place,
            aws=f"Unsupported starting position for arn type: {self.source_arn}",
        )

    def timestamp(self) -> float | None:
        """StartingPositionTimestamp, epoch seconds; None: it begins elsewhere."""
        value = self._members.get("StartingPositionTimestamp")
        at_timestamp = self._members.get("StartingPosition") == "AT_TIMESTAMP"
        if value is None:
            if at_timestamp:
                raise self._unusable(
                    "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp"
                )
            return None
        if not at_timestamp:
            raise RefusedSettingError(
                "StartingPositionTimestamp goes with StartingPosition AT_TIMESTAMP only",
                place=self._place,
                aws="Timestamp only valid with StartingPosition AT_TIMESTAMP",
            )
        try:
            return epoch_seconds(value)
        except ValueError:
            raise self._unusable(
                f"StartingPositionTimestamp is {_shown(value)}, it must be epoch seconds or an "
                "ISO 8601 time",
            ) from None

    def reports_batch_item_failures(self) -> bool:
        """Whether the function may name the records that failed."""
        types = self._members.get("FunctionResponseTypes")
        if types is None or types == []:
            return False
        if types == [REPORT_BATCH_ITEM_FAILURES]:
            return True
        raise self._unusable(
            f"FunctionResponseTypes is {_shown(types)}, AWS accepts [] or "
            f'["{REPORT_BATCH_ITEM_FAILURES}"]',
        )

    def filter_patterns(self) -> tuple[str, ...]:
        """The patterns of FilterCriteria, as JSON text."""
        criteria = self._members.get("FilterCriteria")
        if criteria is None:
            return ()
        filters = criteria.get("Filters", []) if isinstance(criteria, Mapping) else None
        if not isinstance(filters, Sequence) or isinstance(filters, str):
            raise self._unusable(
                'FilterCriteria must have the form {"Filters": [{"Pattern": "..."}]}'
            )
        patterns = []
        for number, entry in enumerate(filters, 1):
            pattern = entry.get("Pattern") if isinstance(entry, Mapping) else None
            if not isinstance(pattern, str):
                raise self._unusable(
                    f"FilterCriteria, filter {number}: Pattern must be a JSON text"
                )
            patterns.append(pattern)
        return tuple(patterns)

    def destination(self) -> str | None:
        """The ARN of the on-failure destination; None: there is none."""
        config = self._members.get("DestinationConfig") or {}
        on_failure = config.get("OnFailure", {}) if isinstance(config, Mapping) else None
        if not isinstance(on_failure, Mapping):
            raise self._unusable(
                'DestinationConfig must have the form {"OnFailure": {"Destination": "arn:..."}}',
            )
        on_success = config.get("OnSuccess") if isinstance(config, Mapping) else None
        if isinstance(on_success, Mapping) and on_success.get("Destination"):
            # Source: stackd's captures on a DynamoDB stream.
            raise RefusedSettingError(
                "DestinationConfig.OnSuccess is for asynchronous calls, a mapping has OnFailure "
                "only",
                place=self._place,
                advice="Remove it.",
                aws="OnSuccess configuration is not supported for event source mappings.",
            )
        destination = on_failure.get("Destination")
        if not destination:
            return None
        # UNSURE(kafka-destination): the Kinesis page lists Kafka topics, the Kafka pages restrict
        # them to Kafka sources. We accept one and write SQS's form of the document.
        if not isinstance(destination, str) or not destination.startswith(("arn:", "kafka://")):
            raise self._unusable(
                f"DestinationConfig.OnFailure.Destination is {_shown(destination)}, it must be the "
                "ARN of an SQS queue, an SNS topic or an S3 bucket",
            )
        # Source: stackd's native captures (FIFO refused when the mapping is created).
        if destination.endswith(".fifo"):
            raise self._unusable(
                "a FIFO queue or topic cannot be the on-failure destination of a stream"
            )
        return destination

    def refuse_foreign_members(self) -> None:
        """Refuse members that no mapping of this kind has."""
        for name, value in self._members.items():
            if name in self.kind.rules.own_members:
                _refuse_not_modelled(name, value, self._place)
                continue
            if name in self.kind.rules.without and value not in (None, _NEUTRAL[name]):
                raise self._unusable(
                    f"{name} is for streams, not for {self.kind.rules.a_source}",
                    advice="Remove it.",
                )
            if name in _OTHER_SOURCES:
                raise RefusedSettingError(
                    f"{name} is a setting for {_OTHER_SOURCES[name]}, not for "
                    f"{self.kind.rules.a_source}",
                    place=self._place,
                    advice="Remove it.",
                    aws=f"Unsupported {name} parameter for given event source mapping type.",
                )
            if name not in ACTED_ON | _ANSWER_ONLY | NOT_ACTED_ON:
                near = difflib.get_close_matches(name, sorted(ACTED_ON), 1)
                raise self._unusable(
                    f"{name!r} is not a setting of an event source mapping",
                    advice=f"Did you mean {near[0]}?"
                    if near
                    else "Settings have the names of CreateEventSourceMapping, e.g. BatchSize.",
                )

    def _unusable(self, problem: str, advice: str = "") -> InputError:
        return InputError(problem, place=self._place, advice=advice)


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


def _shown(value: object) -> str:
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
