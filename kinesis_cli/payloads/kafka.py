"""Payloads as the records of a Kafka topic.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html#msk-sample-event
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from zlib import crc32

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.kafka import KAFKA, SELF_MANAGED_KAFKA
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record import Record

SERVERS = "b-1.kcli.000000.c1.kafka.us-east-1.amazonaws.com:9092"
MAX_PARTITIONS = 10_000
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class TopicRecords:
    """A topic that takes payloads.

    Args:
        topic: its name.
        partitions: how many; records with the same key are on the same one.
        is_self_managed: whether its cluster is not one of Amazon MSK.

    Raises:
        InputError: Kafka would not take the name, or has no such number of partitions.
    """

    def __init__(self, topic: str, partitions: int, *, is_self_managed: bool) -> None:
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
        self._kind = SELF_MANAGED_KAFKA if is_self_managed else KAFKA
        self._topic = topic
        self._offsets = [0] * partitions

    def records(self, payloads: Iterable[tuple[float, Payload]]) -> Iterator[Record]:
        """A record for each payload.

        Args:
            payloads: each with its time, epoch seconds.
        """
        for at, payload in payloads:
            key = payload.partition_key.encode(errors="surrogatepass")
            partition = crc32(key) % len(self._offsets)
            yield topic_record(
                self._kind,
                topic=self._topic,
                partition=partition,
                offset=self._offsets[partition],
                at=at,
                key=key,
                value=payload.data,
            )
            self._offsets[partition] += 1


def topic_record(
    kind: SourceKind,
    *,
    topic: str,
    partition: int,
    offset: int,
    at: float,
    key: bytes,
    value: bytes,
    cluster_arn: str = "",
) -> Record:
    """A record with all the members that Lambda sends.

    Args:
        kind: of MSK, or of a cluster of one's own.
        topic: its name.
        partition: of the topic.
        offset: in the partition.
        at: when it was made, epoch seconds.
        key: of the record.
        value: the payload.
        cluster_arn: of MSK; "": one that is made up.
    """
    arn = {"eventSourceArn": cluster_arn or kind.sample_arn} if kind.service else {}
    members = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": round(at * 1000),
        "timestampType": "CREATE_TIME",
        "key": b64encode(key).decode(),
        "value": b64encode(value).decode(),
        "headers": [],
        "eventSource": kind.event_source,
        **arn,
        "bootstrapServers": SERVERS,
    }
    return kind.loose_record(members, json.dumps(members).encode())
