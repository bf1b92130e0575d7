"""The stream of a table: changes as the records that Lambda would read from it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html; the order of the members, and
how a time is written, were recorded on AWS.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import md5
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.sizes import size_bytes
from kinesis_cli.payloads.changes.views import TTL_IDENTITY, View, event_name
from kinesis_cli.payloads.changes.writes import Write
from kinesis_cli.stream.event import region_of
from kinesis_cli.stream.times import utc_milliseconds

MAX_SHARDS = 10_000
_STEP = 100 * 10**18  # from one sequence number to the next: time and chance stand below it


class ChangeMaker:
    """Makes the records of one table's stream.

    Args:
        keys: of the table.
        view: what the stream shows.
        stream_arn: of the stream.
        random: decides event ids, shard ids and the low digits of sequence numbers.
        created: when the stream was turned on, epoch seconds.
        shards: how many; an item is always on the one of its partition key.

    Raises:
        InputError: a stream has at least one shard.
    """

    def __init__(
        self,
        keys: TableKeys,
        view: View,
        *,
        stream_arn: str,
        random: Random,
        created: float,
        shards: int = 1,
    ) -> None:
        if not 1 <= shards <= MAX_SHARDS:
            raise InputError(f"{shards} shards: from 1 to {MAX_SHARDS:,} are possible")
        self._keys, self._view, self._arn, self._random = keys, view, stream_arn, random
        # "shardId-", the creation in milliseconds, 8 hexadecimal digits
        self._shard_ids = [
            f"shardId-{int(created * 1000):020d}-{random.getrandbits(32):08x}"
            for _ in range(shards)
        ]
        # Of all shards: an event tells no shard, and its records are in the order of one.
        self._number = 0

    def records(self, writes: Iterable[tuple[float, Write]]) -> Iterator[tuple[str, bytes]]:
        """A shard id and a record as Lambda sends it for each write.

        Args:
            writes: each with its time, epoch seconds, which a record shows without its fraction.
        """
        for at, write in writes:
            shard_id = self._shard_ids[self._shard_index(write)]
            yield shard_id, self._record(int(at), write, self._next_number(int(at)))

    def _shard_index(self, write: Write) -> int:
        text = self._keys.partition(write.item).encode(errors="surrogatepass")
        return int(md5(text, usedforsecurity=False).hexdigest(), 16) % len(self._shard_ids)

    def _next_number(self, at: int) -> str:
        self._number += _STEP
        return str(self._number + at % 10**10 * 10**8 + self._random.randrange(10**8))

    def _record(self, at: int, write: Write, number: str) -> bytes:
        keys = self._keys.of(write.item)
        images = {
            "NewImage": self._view.new_image(write),
            "OldImage": self._view.old_image(write),
        }
        change = {"Keys": keys} | {
            name: image for name, image in images.items() if image is not None
        }
        members = {
            "eventID": f"{self._random.getrandbits(128):032x}",
            "eventName": event_name(write),
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": region_of(self._arn),
        }
        if write.by_ttl:
            # UNSURE(ddb-identity-place): where among the members it stands.
            members["userIdentity"] = TTL_IDENTITY  # type: ignore[assignment]
        details = change | {
            "SequenceNumber": number,
            "SizeBytes": size_bytes(keys, *images.values()),
            "StreamViewType": str(self._view),
        }
        time = f'"ApproximateCreationDateTime":{_java_double(at)}'
        return (
            f'{compact(members)[:-1]},"dynamodb":{{{time},{compact(details)[1:]},'
            f'"eventSourceARN":{compact(self._arn)}}}'
        ).encode()


def stream_arn(table: str, created: float) -> str:
    """Return an ARN for the stream of a table of this name."""
    label = utc_milliseconds(created).removesuffix("Z")
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/{label}"


def compact(value: object) -> str:
    """Write JSON without spaces; it does nothing to a terminal."""
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")


def _java_double(seconds: int) -> str:
    """Write a number as Java prints a double, which Lambda does: 1.78965166E9."""
    digits = str(seconds)
    if len(digits) <= 7:
        return f"{digits}.0"
    fraction = digits[1:].rstrip("0") or "0"
    return f"{digits[0]}.{fraction}E{len(digits) - 1}"
