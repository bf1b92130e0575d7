"""SubscribeToShard: records are pushed to a consumer for five minutes.

Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.reading import child_shards, read
from kinesis_cli.local.kinesis.calls.resources import find_resource
from kinesis_cli.local.kinesis.calls.starting import existing_shard, starting_position
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.limits import Window
from kinesis_cli.local.kinesis.model import (
    Caller,
    Request,
    Response,
    Shard,
    Stream,
    resolve_shard_number,
)
from kinesis_cli.local.kinesis.storage.positions import continuation
from kinesis_cli.stream.shards import shard_id

SUBSCRIPTION_SECONDS = 300.0
_TAKEOVER_SECONDS = 5.0  # so long a subscription cannot be taken over by the next
# Recorded: https://github.com/radkawar/stackd, testdata/aws/kinesis/efo_replay.json
_HEARTBEAT_SECONDS = 5.0
_EVENT_RECORDS = 10_000
_EVENT_BYTES = 2 * 2**20  # UNSURE(event-size): of one event; AWS names only 2 MiB a second
_BYTES_PER_SECOND = 2 * 2**20


@dataclass(eq=False, slots=True)
class Subscription:
    """One consumer reading one shard."""

    key: tuple[str, int]  # the consumer's ARN, the shard's row
    name: str  # as AWS names it when it is in the way
    stream: int  # row
    shard: int  # number
    position: int
    since: float  # epoch seconds


class Subscriptions:
    """The subscriptions that last.

    Args:
        context: what they read.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._current: dict[tuple[str, int], Subscription] = {}

    def subscribe(self, request: Request, caller: Caller) -> AsyncIterator[Response]:
        """Start pushing a shard's records.

        Returns:
            SubscribeToShardEvents, until the five minutes are over, the shard is read to its end,
            or a later call takes over (which raises ResourceInUseException).

        Raises:
            ServiceError: at once, instead of a stream of events.
        """
        subscription = self._checked(request, caller)
        if request.get("DryRun"):
            raise errors.dry_run("SubscribeToShard")
        self._current[subscription.key] = subscription
        self._context.pulse.beat()  # the one before sees that it was taken over
        return self._events(subscription)

    def _checked(self, request: Request, caller: Caller) -> Subscription:
        context, arn, now = self._context, request["ConsumerARN"], self._context.clock.now()
        stream, consumer = find_resource(context, arn, caller)
        if consumer is None:
            raise errors.not_found(f"Consumer {arn}, account {stream.account} not found.")
        if now < consumer.active_at:
            # Recorded: https://github.com/awslabs/kinesis-hot-shard-advisor/issues/37
            raise errors.in_use(
                f"Consumer {consumer.name} with creation timestamp {consumer.created} under stream:"
                f" {stream.name} , account {stream.account} is not in ACTIVE status."
            )
        number = resolve_shard_number(request["ShardId"])
        shard = None if number is None else stream.shards.get(number)
        if number is None or shard is None:
            raise errors.shard_not_found(request["ShardId"], stream.name, stream.account)
        start = request["StartingPosition"]
        position = starting_position(
            context, stream, shard, start["Type"], start.get("SequenceNumber"),
            start.get("Timestamp"),
        )  # fmt: skip
        name = f"{stream.account}:{stream.name}:{shard_id(number)}:{consumer.name}"
        key = (arn, shard.row)
        before = self._current.get(key)
        if before and 0 <= now - before.since < _TAKEOVER_SECONDS:
            raise self._in_the_way(before)
        return Subscription(key, name, stream.row, number, position, now)

    @staticmethod
    def _in_the_way(subscription: Subscription) -> errors.ServiceError:
        return errors.in_use(
            f"Another active subscription exists for this consumer: {subscription.name}"
        )

    async def _events(self, subscription: Subscription) -> AsyncIterator[Response]:
        context, pulse = self._context, self._context.pulse
        window = Window(_BYTES_PER_SECOND)
        heard = 0.0  # when the last event was sent, epoch seconds
        try:
            while (now := context.clock.now()) < subscription.since + SUBSCRIPTION_SECONDS:
                stream, shard = self._still_there(subscription)
                if context.limits and not window.has_room(now):
                    await pulse.wait(1.0)
                    continue
                waiting = subscription.position < shard.next or shard.closed is not None
                if waiting or not heard <= now < heard + _HEARTBEAT_SECONDS:
                    event, size = self._event(subscription, stream, shard)
                    window.use(size)
                    heard = now
                    yield event
                    if "ChildShards" in event:
                        return
                    continue
                left = subscription.since + SUBSCRIPTION_SECONDS - now
                await pulse.wait(min(heard + _HEARTBEAT_SECONDS - now, left))
        finally:
            if self._current.get(subscription.key) is subscription:
                del self._current[subscription.key]

    def _still_there(self, subscription: Subscription) -> tuple[Stream, Shard]:
        if self._current.get(subscription.key) is not subscription:
            raise self._in_the_way(subscription)
        stream = self._context.by_row(subscription.stream)
        if stream is None:
            name = subscription.name.split(":")
            raise errors.stream_not_found(name[1], name[0])
        arn = subscription.key[0]
        if arn not in map(stream.consumer_arn, stream.settings.consumers.values()):
            raise errors.not_found(f"Consumer {arn}, account {stream.account} not found.")
        return stream, existing_shard(stream, subscription.shard)

    def _event(
        self, subscription: Subscription, stream: Stream, shard: Shard
    ) -> tuple[Response, int]:
        context = self._context
        batch = read(context, stream, shard, subscription.position, _EVENT_RECORDS, _EVENT_BYTES)
        subscription.position = batch.position
        event: Response = {"Records": batch.records, "MillisBehindLatest": batch.millis_behind}
        if batch.at_end and not batch.records:
            # A client knows the end of a shard by children and no number to go on from.
            # UNSURE(event-end): an event of its own, since a client drops records that come with
            # it; or together with the last records?
            event["ChildShards"] = child_shards(stream, shard)
        else:
            now = context.clock.now()
            event["ContinuationSequenceNumber"] = continuation(shard, batch.position, now)
        return event, batch.size
