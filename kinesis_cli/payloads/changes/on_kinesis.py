"""Changes of a table as DynamoDB puts them on a Kinesis stream.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_using-shards-and-metrics.html
"""

from collections.abc import Iterable, Iterator
from hashlib import md5
from random import Random
from uuid import UUID

from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.sizes import size_bytes
from kinesis_cli.payloads.changes.table_stream import compact
from kinesis_cli.payloads.changes.views import TTL_IDENTITY, event_name
from kinesis_cli.payloads.changes.writes import Write
from kinesis_cli.stream.payload import Payload


def on_kinesis(
    writes: Iterable[tuple[float, Write]],
    keys: TableKeys,
    *,
    table: str,
    region: str,
    random: Random,
) -> Iterator[tuple[float, Payload]]:
    """Payloads of changes, each with its time.

    Both images are there, whatever view the table's own stream has. The records of an item share a
    partition key.

    Args:
        writes: each with its time, epoch seconds.
        keys: of the table.
        table: its name.
        region: of the table.
        random: decides the event ids.
    """
    for at, write in writes:
        yield at, _payload(at, write, keys, table, region, random)


def _payload(
    at: float, write: Write, keys: TableKeys, table: str, region: str, random: Random
) -> Payload:
    key = keys.of(write.item)
    images = {
        name: image
        for name, image in (("NewImage", write.new), ("OldImage", write.old))
        if image is not None
    }
    data = {
        "awsRegion": region,
        "eventID": str(UUID(int=random.getrandbits(128), version=4)),
        "eventName": event_name(write),
        "userIdentity": TTL_IDENTITY if write.by_ttl else None,
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": {
            # UNSURE(ddb-precision): milliseconds; a destination may be set to microseconds,
            # and AWS's pages disagree on the default.
            "ApproximateCreationDateTime": round(at * 1000),
            "Keys": key,
            **images,
            "SizeBytes": size_bytes(key, *images.values()),
        },
        "eventSource": "aws:dynamodb",
    }
    identity = keys.identity(write.item).encode(errors="surrogatepass")
    digits = md5(identity, usedforsecurity=False).hexdigest().upper()
    return Payload(digits, None, compact(data).encode())
