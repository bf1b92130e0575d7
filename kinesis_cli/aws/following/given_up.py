"""On-failure documents about records that are followed. None is deleted.

A queue has no way to look without receiving: so it is received from only when there is more in it
than before, and given back at once. The receive count of its messages grows.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from kinesis_cli.aws.failure_sources import (
    BucketSource,
    DocumentSource,
    QueueSource,
    queue_depth,
    queue_url,
)
from kinesis_cli.aws.session import Connection
from kinesis_cli.aws.status import MappingState
from kinesis_cli.following.fact import Fact
from kinesis_cli.stream.on_failure_reading import FailureDocument
from kinesis_cli.stream.times import object_key_time

MAX_MESSAGES = 1_000  # of a queue that are looked at once
LOOK_EACH = 5.0  # seconds

Warn = Callable[[str], None]


class GivenUp:
    """The documents of one mapping.

    Args:
        connection: to what.
        mapping: whose they are.
        stream_arn: of the stream.
        warn: told in one sentence of what is not seen.
    """

    def __init__(
        self, connection: Connection, mapping: MappingState, stream_arn: str, warn: Warn
    ) -> None:
        self._connection, self._mapping, self._stream_arn = connection, mapping, stream_arn
        self._warn = warn
        self._began = time.time()
        self._next_look = 0.0
        self._seen: set[str] = set()
        self._count = 0
        self._url = ""
        self._depth = 0
        arn = mapping.settings.destination or ""
        self._bucket = arn.rpartition(":::")[2] if ":s3:" in arn else ""
        if ":sqs:" in arn:
            self._url = queue_url(connection, arn)
            self._depth = sum(queue_depth(connection, self._url))
        elif arn and not self._bucket:
            warn(f"{arn} keeps no documents: which records go there is not told")

    def look(self, shards: dict[str, str]) -> Iterator[Fact]:
        """The documents that are new and name records.

        Args:
            shards: sequence number → shard, of the records that have not ended.

        Raises:
            EndpointError: they may not be read.
        """
        now = time.monotonic()
        if not shards or now < self._next_look:
            return
        self._next_look = now + LOOK_EACH
        for source in self._sources(shards.values()):
            try:
                for number, found in enumerate(source.documents()):
                    if found.id not in self._seen:
                        self._seen.add(found.id)
                        yield from self._facts(found.document, shards)
                    if number + 1 >= MAX_MESSAGES:
                        break
            finally:
                source.close()

    def _sources(self, shard_ids: Iterable[str]) -> Iterator[DocumentSource]:
        if self._bucket:
            days = {object_key_time(at).rpartition("/")[0] for at in (self._began, time.time())}
            for shard_id in dict.fromkeys(shard_ids):
                for day in sorted(days):
                    prefix = f"aws/lambda/{self._mapping.uuid}/{shard_id}/{day}/"
                    yield BucketSource(self._connection, self._bucket, prefix, self._warn)
        elif self._url:
            before, self._depth = self._depth, sum(queue_depth(self._connection, self._url))
            if self._depth > before:
                yield QueueSource(self._connection, self._url, self._warn)

    def _facts(self, document: FailureDocument, shards: dict[str, str]) -> Iterator[Fact]:
        numbers = [
            number
            for number, shard_id in shards.items()
            if shard_id == document.shard_id and self._is_about(document, number)
        ]
        if numbers:
            self._count += 1
            yield Fact(
                number=self._count,
                stream=self._stream_arn,
                mapping=self._mapping.uuid,
                function=self._mapping.function,
                shard_id=document.shard_id,
                at=0.0,
                what="ended",
                sequence_numbers=tuple(numbers),
                request_id=document.request_id,
                outcome="discarded",
                reason=document.condition,
                destination=self._mapping.settings.destination or "",
            )

    def _is_about(self, document: FailureDocument, number: str) -> bool:
        """Whether a document is surely about a record.

        It names the first and the last of its records. What lies between is of it where a batch is
        all that a shard has there: without filters and with one lane.
        """
        if document.stream != self._stream_arn or not self._is_of_mapping(document):
            return False
        if document.payload is not None:
            return any(record.sequence_number == number for record in document.payload)
        if number in (document.start, document.end):
            return True
        settings = self._mapping.settings
        is_all = settings.parallelization_factor == 1 and not settings.filter_patterns
        return is_all and document.names(number)

    def _is_of_mapping(self, document: FailureDocument) -> bool:
        """Whether it is of the mapping's function: several may share a queue."""
        whose = document.function_arn
        return not whose or whose.partition(":function:")[2].split(":")[0] == self._mapping.function
