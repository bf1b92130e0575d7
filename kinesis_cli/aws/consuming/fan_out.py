"""Records pushed by SubscribeToShard (enhanced fan-out): a thread for each shard.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from kinesis_cli.aws.consuming.pages import MalformedAnswer, Page, event_page
from kinesis_cli.aws.consuming.shard_reading import Outcome, Position, Reading
from kinesis_cli.errors import EndpointError, aws_code
from kinesis_cli.stream.selection import StartKind

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import StartingPositionTypeDef

HELD = 32  # events that wait for the reader; each has at most 10,000 records
READY_WITHIN = 120.0  # seconds until a consumer that was registered must be active
ASK_AGAIN = 0.5  # seconds


@contextmanager
def registered(
    client: "KinesisClient", stream_arn: str, name: str, warn: Callable[[str], None]
) -> Iterator[str]:
    """The ARN of an enhanced fan-out consumer, registered where it is not there yet.

    Deregistered on exit if we registered it. One that was there stays: it may be somebody
    else's, or left by a run that was killed.

    Args:
        client: of the stream.
        stream_arn: the stream's.
        name: the consumer's.
        warn: told of one that stays.

    Raises:
        EndpointError: it did not get active.
    """
    if _is_registered(client, stream_arn, name):
        warn(f"the consumer {name} was there already: it is used, and stays registered in the end")
        yield _when_active(client, stream_arn, name)
        return
    try:
        client.register_stream_consumer(StreamARN=stream_arn, ConsumerName=name)
    except KeyboardInterrupt:  # it may be there all the same, and costs money
        _deregister(client, stream_arn, name)
        raise
    try:
        yield _when_active(client, stream_arn, name)
    finally:
        _deregister(client, stream_arn, name)


def _deregister(client: "KinesisClient", stream_arn: str, name: str) -> None:
    with suppress(client.exceptions.ResourceNotFoundException):
        client.deregister_stream_consumer(StreamARN=stream_arn, ConsumerName=name)


def _is_registered(client: "KinesisClient", stream_arn: str, name: str) -> bool:
    with suppress(client.exceptions.ResourceNotFoundException):
        client.describe_stream_consumer(StreamARN=stream_arn, ConsumerName=name)
        return True
    return False


def _when_active(client: "KinesisClient", stream_arn: str, name: str) -> str:
    ends = time.monotonic() + READY_WITHIN
    while time.monotonic() < ends:
        answer = client.describe_stream_consumer(StreamARN=stream_arn, ConsumerName=name)
        consumer = answer["ConsumerDescription"]
        if consumer["ConsumerStatus"] == "ACTIVE":
            return consumer["ConsumerARN"]
        time.sleep(ASK_AGAIN)
    raise EndpointError(f"the consumer {name} did not get active within {READY_WITHIN:.0f} s")


class FanOut:
    """Subscribes to each shard, and anew whenever a subscription ends, as each does after 5 min.

    Args:
        client: of the stream.
        consumer_arn: of an active consumer.
    """

    knows_the_tip = True

    def __init__(self, client: "KinesisClient", consumer_arn: str) -> None:
        self._client, self._consumer_arn = client, consumer_arn
        self._outcomes: queue.Queue[tuple[Reading, Outcome]] = queue.Queue(HELD)
        self._left: set[Reading] = set()
        self._closed = threading.Event()

    def begin(self, reading: Reading) -> None:
        """Subscribe."""
        self._start(reading, 0.0)

    def go_on(self, reading: Reading) -> None:
        """The next event comes by itself."""

    def retry(self, reading: Reading, pause: float) -> None:
        """Subscribe anew, `pause` seconds from now."""
        reading.restart()
        self._start(reading, pause)

    def _start(self, reading: Reading, pause: float) -> None:
        # a thread of its own, as in `polling`: nobody waits for it at the end
        threading.Thread(target=self._follow, args=(reading, pause), daemon=True).start()

    def next(self, timeout: float) -> tuple[Reading, Outcome] | None:
        """The next event; None: none came within `timeout` seconds."""
        with suppress(queue.Empty):
            return self._outcomes.get(timeout=timeout)
        return None

    def leave(self, reading: Reading) -> None:
        """Take no more of a shard."""
        self._left.add(reading)

    def close(self) -> None:
        """Take no more at all. A thread ends with the next event, or with the process."""
        self._closed.set()

    def _follow(self, reading: Reading, pause: float) -> None:
        if self._closed.wait(pause):
            return
        try:
            while not self._subscription(reading):
                reading.restart()
        except Exception as error:  # noqa: BLE001 - the reader decides
            self._outcomes.put((reading, error))

    def _subscription(self, reading: Reading) -> bool:
        """Take the events of one subscription; whether there is nothing more to take."""
        from botocore.exceptions import EventStreamError

        answer = self._client.subscribe_to_shard(
            ConsumerARN=self._consumer_arn,
            ShardId=reading.shard_id,
            StartingPosition=_starting_position(reading.position),
        )
        events = answer["EventStream"]
        try:
            for event in events:
                page = _page(event)
                # here, not by the reader, which may not have come to it when the next one begins
                reading.advance(page)
                self._outcomes.put((reading, page))
                if page.at_end or self._closed.is_set() or reading in self._left:
                    return True
        except EventStreamError as error:
            if aws_code(error) == "ResourceInUseException":
                raise EndpointError(
                    f"somebody else reads {reading.shard_id} as the same consumer now"
                ) from error
            raise
        finally:
            events.close()
        return False


def _starting_position(position: Position) -> "StartingPositionTypeDef":
    found: dict[str, object] = {"Type": position.kind}
    if position.sequence_number:
        found["SequenceNumber"] = position.sequence_number
    if position.kind == StartKind.AT_TIMESTAMP:
        found["Timestamp"] = position.seconds
    return cast("StartingPositionTypeDef", found)


def _page(event: Any) -> Page:  # noqa: ANN401 - botocore does not look at what is in an event
    try:
        return event_page(event["SubscribeToShardEvent"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise MalformedAnswer(f"SubscribeToShard answered nonsense: {error!r}") from error
