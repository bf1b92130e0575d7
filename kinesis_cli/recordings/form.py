"""What a file or a pipe may be, as `--format` names it, and how its records lie in it."""

from enum import Enum, StrEnum, auto

import msgspec

LOGS = " of CloudWatch Logs"


class Form(StrEnum):
    """What the records of an input are written as."""

    EVENT = "event"  # KinesisEvents, as Lambda hands them to a function
    RECORDING = "recording"  # a record of such an event a line
    GET_RECORDS = "get-records"  # what `aws kinesis get-records` prints, or its `Records`
    PIPES = "pipes"  # an array of records, as EventBridge Pipes hands them to its target
    DOCUMENTS = "documents"  # on-failure documents that hold their records
    FIREHOSE = "firehose"  # payloads as Firehose writes them to S3: with nothing between them
    PAYLOADS = "payloads"  # a payload a line

    @property
    def has_records(self) -> bool:
        """Whether it tells keys, arrivals and sequence numbers."""
        return self not in (Form.FIREHOSE, Form.PAYLOADS)


class Layout(Enum):
    """How payloads without records around them lie in a file."""

    LINES = auto()  # one a line
    JSON_LINES = auto()  # one a line, each a JSON value
    DOCUMENTS = auto()  # JSON values, with or without space between them
    ARRAY = auto()  # the elements of one JSON array
    MEMBERS = auto()  # members of a gzip file, each with its compression


class Look(msgspec.Struct, frozen=True):
    """What an input is found to be."""

    form: Form
    layout: Layout = Layout.LINES  # of payloads
    one: str = ""  # what one payload is called, "JSON document"
    whole: str = ""  # what they are of, " of a Firehose backup"


class Reading(msgspec.Struct, frozen=True):
    """How the user says that inputs are to be read.

    Args:
        form: what they are; None: found by looking.
        shard: of records that do not tell theirs.
        stream_arns: of records that do not tell theirs: the first of their kind of source.
    """

    form: Form | None = None
    shard: str | None = None
    stream_arns: tuple[str, ...] = ()


DEFAULT = Reading()
