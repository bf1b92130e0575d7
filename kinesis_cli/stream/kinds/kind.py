"""What an event source mapping has to know of the kind of source that it reads.

The delivery machine is the same for all of them: it sees records of a shard, each with a sequence
number, an arrival and a key (`stream.record.Record`). Whatever differs is asked of a `SourceKind`:

- how records are read and what makes one unusable: `holds`, `fault_in`, `check`, `record`, …;
- what the function is called with, and how its report names a record: `event`, `identifier`;
- what FilterCriteria sees: `filter_document` and the members that it may name;
- what a mapping may be set to: `rules`; where an on-failure document says what it covers:
  `batch_info`.

The contract of a kind:

- A shard is what is delivered in order, with a checkpoint of its own: a shard of a stream, or the
  partition of a topic.
- A sequence number is decimal text that grows within its shard, an offset too. It is what a report
  names (`identifier`) and what an on-failure document says.
- A record's `partition_key` is what ParallelizationFactor keeps in order.
- `raw` is what the function sees of the record, byte for byte; `line` is what a recording holds:
  all of `raw`, and what the event does not say of the record.

Nobody else asks which kind it is: whoever needs to know something asks for just that.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from kinesis_cli.stream.lines import Fault
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.times import iso_time

Parse = Callable[[bytes], object]


class Checked(NamedTuple):
    """What the first reading of a recording needs to know of some records."""

    shard_ids: list[str]
    numbers: list[str]  # sequence numbers; decimal digits, as far as they were looked at
    arrivals: list[float]
    # Partition keys, where a `Record` of all these and the line is what `record` gives; None: more
    # of the line is needed for one.
    keys: list[str] | None = None


class SettingsRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping may be set to, as far as it depends on the kind of source."""

    a_source: str  # "a Kinesis stream", for sentences
    starting_positions: tuple[str, ...]
    default_retention_hours: float = 24.0
    default_window_seconds: float = 0  # MaximumBatchingWindow where it is not set
    max_retries_with_destination: int | None = None  # where they are unlimited otherwise
    fixed_retention_hours: float | None = None  # None: the user says how long records are kept
    # Members of CreateEventSourceMapping that only this kind has, and those that it has not.
    own_members: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    shard_life_seconds: float | None = None  # after which a shard ends by itself
    has_consumers: bool = False  # of enhanced fan-out
    of_it: str = ""  # " for a DynamoDB stream", where it has less than others
    refuses_window_with_filters: bool = False  # recorded on AWS; else it is only likely
    max_useful_age_seconds: int | None = None  # MaximumRecordAge above it does nothing


class PollingRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a shard is polled."""

    interval_seconds: float
    most_records: int  # of one poll
    most_bytes: int  # of one poll, of the records as JSON


class FilterMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The members at the top of what FilterCriteria sees."""

    documented: frozenset[str]  # those that AWS names
    others: frozenset[str]  # those that a record has besides
    decoded: frozenset[str] = frozenset()  # those that are there only where the payload is JSON
    beside: str  # what is said of others: "no Kinesis record has beside data"
    content: str  # the member below which is what differs from record to record, "data"
    values: dict[str, tuple[str, ...]]  # of members that have one of a few texts in every record
    example: str  # a pattern


class WantedField(NamedTuple):
    """A path of a pattern, and what it asks for there."""

    keys: tuple[str, ...]
    absence: bool  # matches where there is none
    numbers: bool  # only numbers match
    holds: Callable[[object], bool]  # whether a value matches


class SourceKind(ABC):
    """One kind of source."""

    name: ClassVar[str]  # "kinesis", for programs
    title: ClassVar[str]  # "Kinesis", for sentences
    event_source: ClassVar[str]  # of its records, "aws:kinesis"
    batch_info: ClassVar[str]  # the member of an on-failure document, "KinesisBatchInfo"
    service: ClassVar[str]  # in its ARNs, "kinesis"
    event_type: ClassVar[str]  # SAM's `Type` of an event, "Kinesis"
    key_title: ClassVar[str]  # what `Record.partition_key` is, "partition key"
    is_read_back: ClassVar[bool] = True  # a record can be fetched by its sequence number
    is_one_list: ClassVar[bool] = True  # an event is a list of its records, whatever their shard
    bills_shards: ClassVar[bool] = False  # what the source costs depends on its shards
    has_data: ClassVar[bool] = False  # each record carries what somebody put on a stream
    sample_arn: ClassVar[str]  # of a source that is made up
    first_shard: ClassVar[str]  # of records that tell none
    shard_member: ClassVar[str]  # where a recording's line names its shard, "eventID"
    number_member: ClassVar[str]  # and its sequence number, "kinesis.sequenceNumber"
    rules: ClassVar[SettingsRules]
    polling: ClassVar[PollingRules]
    filter_members: ClassVar[FilterMembers]

    # Reading

    @abstractmethod
    def holds(self, value: Mapping[str, object]) -> bool:
        """Whether a JSON object is a record as Lambda sends it, or was meant to be one."""

    def records_in(self, document: Mapping[str, object]) -> Iterator[object] | None:
        """The records of an event that is no list of them; None: it is no such event."""
        del document
        return None

    def is_as_read(self, value: Mapping[str, object]) -> bool:
        """Whether a record that it `holds` is as the API gives it, not as Lambda sends it."""
        del value
        return False

    def as_lambda_sends(
        self, value: Mapping[str, Any], source_arn: str, shard_id: str | None
    ) -> dict[str, object]:
        """A record that `is_as_read`, with the members that Lambda sends.

        Args:
            value: the record.
            source_arn: of its source, where it does not tell it.
            shard_id: its shard, where it does not tell it; None: not known either.
        """
        del source_arn, shard_id
        return dict(value)

    @abstractmethod
    def fault_in(self, value: object) -> Fault | None:
        """What makes a decoded JSON value unusable as a record of a recording, or None."""

    @abstractmethod
    def loose_fault_in(self, value: object) -> Fault | None:
        """The same for a single call, which needs neither numbers nor arrivals."""

    @abstractmethod
    def check(self, lines: Sequence[bytes]) -> Checked:
        """Decode lines of a recording.

        Raises:
            msgspec.MsgspecError, UnicodeError, RecursionError, InputError: one is not usable;
                `fault_in` says why.
        """

    @abstractmethod
    def placed(self, text: bytes) -> tuple[list[str], list[Any]]:
        """Each line's shard id, and the line decoded for `record`; errors as of `check`."""

    @abstractmethod
    def record(self, shard_id: str, placed: Any, line: bytes) -> Record:  # noqa: ANN401
        """The record of a line that was decoded."""

    @abstractmethod
    def loose_record(self, value: Mapping[str, Any], raw: bytes) -> Record:
        """A record of which members may be missing, as far as it tells what it is."""

    @abstractmethod
    def place_of(self, line: bytes) -> tuple[str, str]:
        """The shard and the sequence number of a recording's line; errors as of `check`."""

    @abstractmethod
    def records_of(
        self, event: bytes | str, place: str, shard_id: str | None = None
    ) -> list[Record]:
        """The records of an event.

        Args:
            event: as JSON.
            place: what to call it in an error.
            shard_id: of records that do not tell theirs.

        Raises:
            InputError: it is not an event of this kind.
        """

    @abstractmethod
    def source_name(self, arn: str) -> str:
        """What a source is called whose ARN this is: a stream's name, a table's."""

    # Calling

    @abstractmethod
    def event(self, records: Iterable[Record]) -> bytes:
        """The event of a batch, as JSON."""

    def batch_details(
        self, records: Sequence[Record], shard_id: str, source_arn: str
    ) -> dict[str, object]:
        """What an on-failure document says of a batch, which has at least one record."""
        first, last = records[0], records[-1]
        return {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": iso_time(first.arrival),
            "approximateArrivalOfLastRecord": iso_time(last.arrival),
            "batchSize": len(records),
            "streamArn": source_arn,
        }

    def identifier(self, item: object, shard_id: str = "") -> str | None:
        """The sequence number that an item of batchItemFailures names; None: it names none.

        Args:
            item: of the list, as the function returned it.
            shard_id: of the batch.
        """
        del shard_id
        identifier = item.get("itemIdentifier") if isinstance(item, Mapping) else None
        return identifier if isinstance(identifier, str) and identifier else None

    # Filters

    @abstractmethod
    def filter_document(
        self, raw: bytes, parse: Parse, wanted: frozenset[str]
    ) -> dict[str, object]:
        """What FilterCriteria sees of a record.

        Args:
            raw: the record.
            parse: reads JSON; raises ValueError where it is none.
            wanted: the members at its top that a pattern names.
        """

    def may_be_number(self, keys: tuple[str, ...]) -> bool:
        """Whether there may be a number at a path of what filters see."""
        del keys
        return True

    def filter_remarks(self, fields: Sequence[WantedField]) -> Iterator[str]:
        """What a pattern does that its author may not have meant: "looks at …", a sentence each.

        Args:
            fields: of all branches of one pattern.
        """
        del fields
        yield from ()

    @abstractmethod
    def filtered_text(self, raw: bytes) -> bytes:
        """The JSON text that patterns are mostly about.

        Raises:
            msgspec.MsgspecError: there is none.
        """
