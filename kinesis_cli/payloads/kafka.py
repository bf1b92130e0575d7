"""Payloads as the records of a Kafka topic.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html#msk-sample-event
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.stream.payload import Payload

CLUSTER_ARN = (
    "arn:aws:kafka:us-east-1:123456789012:cluster/kcli/00000000-0000-0000-0000-000000000000-1"
)
SERVERS = "b-1.kcli.000000.c1.kafka.us-east-1.amazonaws.com:9092"
MAX_PARTITIONS = 10_000
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class TopicRecords:
    """A topic that takes payloads.

    Args:
        topic: its name.
        partitions: how many; records with the same key are on the same one.

    Raises:
        InputError: Kafka would not take the name, or has no such number of partitions.
    """

    def __init__(self, topic: str, partitions: int) -> None:
        if not _TOPIC.fullmatch(topic):
            raise InputError(
                f"{topic!r} is not the name of a topic: 1 to 249 letters, digits, '.', '_' and '-'",
                place="--topic",
            )
        if not 1 <= partitions <= MAX_PARTITIONS:
            raise InputError(
                f"{partitions} partitions: from 1 to {MAX_PARTITIONS:,} are possible",
                place="--shards",
            )
        self._topic = topic
        self._offsets = [0] * partitions

    def records(self, payloads: Iterable[tuple[float, Payload]]) -> Iterator[dict[str, object]]:
        """A record for each payload, as an event has it.

        Args:
            payloads: each with its time, epoch seconds.
        """
        for at, payload in payloads:
            key = payload.partition_key.encode(errors="surrogatepass")
            partition = crc32(key) % len(self._offsets)
            yield {
                "topic": self._topic,
                "partition": partition,
                "offset": self._offsets[partition],
                "timestamp": round(at * 1000),
                "timestampType": "CREATE_TIME",
                "key": b64encode(key).decode(),
                "value": b64encode(payload.data).decode(),
                "headers": [],
            }
            self._offsets[partition] += 1


def kafka_event(records: Iterable[dict[str, object]], *, self_managed: bool) -> bytes:
    """The event of some records: a list for each partition of the topic."""
    by_partition: dict[str, list[dict[str, object]]] = {}
    for record in records:
        by_partition.setdefault(f"{record['topic']}-{record['partition']}", []).append(record)
    source: dict[str, object] = (
        {"eventSource": "SelfManagedKafka"}
        if self_managed
        else {"eventSource": "aws:kafka", "eventSourceArn": CLUSTER_ARN}
    )
    event = {**source, "bootstrapServers": SERVERS, "records": by_partition}
    return json.dumps(event, separators=(",", ":")).encode()
