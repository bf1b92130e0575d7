"""Records that were read in another way than by a function, in the shape that Lambda gives them.

Sources: https://docs.aws.amazon.com/cli/latest/reference/kinesis/get-records.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
"""

import re
from pathlib import PurePath

from kinesis_cli.errors import InputError
from kinesis_cli.recordings.form import Reading
from kinesis_cli.recordings.looking.json_forms import is_get_records_record, is_pipes_record
from kinesis_cli.stream.documents import as_lambda_record
from kinesis_cli.stream.event import region_of, role_of
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import kind_in, kind_of_arn
from kinesis_cli.stream.sequence import SequenceNumber
from kinesis_cli.stream.shards import shard_id

_SHARD_IN_NAME = re.compile(r"shardId-\d{12}")
_KINESIS = (
    *("kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data"),
    "approximateArrivalTimestamp",
)


class AsLambdaSends:
    """Gives each record the members that Lambda sends with it.

    Args:
        name: of the input; a shard's id in it is the shard of records that tell none.
        reading: what the user says of them.
    """

    def __init__(self, name: str, reading: Reading) -> None:
        in_name = _SHARD_IN_NAME.search(PurePath(name).name)
        self._shard = reading.shard
        self._shard_in_name = in_name and in_name.group()
        self._arns = reading.stream_arns
        self._made_up: dict[str, str] = {}  # what → what it was made

    def __call__(self, value: object) -> object:
        """A record in Lambda's shape; what is none as it is."""
        if not isinstance(value, dict):
            return value
        kind = kind_in(value)
        if kind is not None and kind.is_as_read(value):
            return self._as_sent(kind, value)
        if is_get_records_record(value):
            record = as_lambda_record(value)
        elif is_pipes_record(value) and "kinesis" not in value:
            kinesis = {name: value[name] for name in _KINESIS if name in value}
            others = {name: each for name, each in value.items() if name not in _KINESIS}
            record = {"kinesis": {"kinesisSchemaVersion": "1.0"} | kinesis, **others}
        else:
            return value
        assert isinstance(record, dict)
        return self._filled(record)

    def _as_sent(self, kind: SourceKind, value: dict[str, object]) -> dict[str, object]:
        """A record that lacks only what its source's API leaves out."""
        if self._shard is None:
            self._made_up["shard"] = kind.first_shard
        arn = value.get("eventSourceARN")
        known = arn if isinstance(arn, str) else self._arn_of(kind)
        return kind.as_lambda_sends(value, known, self._shard)

    def _arn_of(self, kind: SourceKind) -> str:
        """The ARN of the source of records that do not tell it."""
        for arn in self._arns:
            if kind_of_arn(arn) is kind:
                return arn
        self._made_up["stream"] = kind.sample_arn
        return kind.sample_arn

    def notes(self) -> list[str]:
        """A sentence for each member that had to be made up."""
        sentences = {
            "shard": "they tell no shard: all are of {}; --shard names another",
            "stream": "they tell no stream: eventSourceARN is {}",
        }
        return [
            sentence.format(self._made_up[name])
            for name, sentence in sentences.items()
            if name in self._made_up
        ]

    def _filled(self, record: dict[str, object]) -> dict[str, object]:
        kinesis = record["kinesis"]
        number = kinesis.get("sequenceNumber") if isinstance(kinesis, dict) else None
        arn = record.get("eventSourceARN")
        if not isinstance(arn, str):
            arn = self._arn_of(KINESIS)
        event_id = record.get("eventID")
        if not isinstance(event_id, str) and isinstance(number, str):
            event_id = f"{self._shard_of(number)}:{number}"
        given = {name: each for name, each in record.items() if name != "kinesis"}
        members: dict[str, object] = {
            "kinesis": kinesis,
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": event_id,
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role_of(arn),
            "awsRegion": region_of(arn),
            "eventSourceARN": arn,
        }
        return members | given

    def _shard_of(self, number: str) -> str:
        if self._shard is not None:
            return self._shard
        try:
            return shard_id(SequenceNumber.decode(number).shard_index)
        except InputError:  # other servers than AWS count their records
            pass
        if self._shard_in_name:
            return self._shard_in_name
        self._made_up["shard"] = shard_id(0)
        return shard_id(0)
