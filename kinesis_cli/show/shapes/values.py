"""Values that stand in the output of several commands."""

from typing import Annotated

import msgspec

from kinesis_cli.show.shapes.base import Open, says, written_as

SequenceNumber = Annotated[str, says("Decimal digits; longer than a 64-bit integer.")]
ShardId = Annotated[str, says('"shardId-000000000000"; of Kafka topic and partition, "orders-0".')]
Moment = Annotated[float, says("Epoch seconds, UTC.")]
Settings = Annotated[Open, written_as("Mapping")]  # of an event source mapping
AS_IT_CAME = says("A record as it came; see `kcli schema event --output ndjson`.")
Record = Annotated[Open, AS_IT_CAME]
RawRecord = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"}), AS_IT_CAME]
