"""Enhanced fan-out consumers: registering, describing, deregistering."""

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.resources import find_consumer, find_resource
from kinesis_cli.local.kinesis.calls.shards import open_page
from kinesis_cli.local.kinesis.calls.tags import check_tags
from kinesis_cli.local.kinesis.context import CONSUMER_SECONDS, Context
from kinesis_cli.local.kinesis.model import Caller, Consumer, Request, Response, Stream
from kinesis_cli.local.kinesis.tokens import Page

_MAX_CONSUMERS = 20  # of a stream
_MAX_CREATING = 5
_LISTED_CONSUMERS = 100  # of one page, at most


def register(context: Context, request: Request, caller: Caller) -> Response:
    """A consumer that can subscribe to the stream's shards."""
    stream = context.stream(request, caller)
    if stream.settings.status not in ("ACTIVE", "UPDATING"):
        # Recorded: https://github.com/aws/aws-sdk-java-v2/pull/5949
        raise errors.in_use(
            f"Stream {stream.name} under account {stream.account} not ACTIVE or UPDATING, instead"
            f" in state {stream.settings.status}"
        )
    settings, name, now = stream.settings, request["ConsumerName"], context.clock.now()
    consumers = settings.consumers
    if name in consumers:
        raise errors.in_use(
            f"Consumer {name} under stream {stream.name} already exists for account"
            f" {stream.account}."
        )
    if len(consumers) >= _MAX_CONSUMERS:
        raise errors.limit_exceeded(
            f"Stream {stream.name} under account {stream.account} has {_MAX_CONSUMERS} registered"
            " consumers, as many as it may have."
        )
    if sum(now < consumer.active_at for consumer in consumers.values()) >= _MAX_CREATING:
        raise errors.limit_exceeded(
            f"Stream {stream.name} under account {stream.account} has {_MAX_CREATING} consumers"
            " in CREATING."
        )
    consumer = Consumer(
        name=name,
        created=max(int(now), settings.newest_consumer + 1),
        active_at=now + CONSUMER_SECONDS if context.delays else now,
        tags=check_tags(stream.name, stream.account, request.get("Tags") or {}, {}),
    )
    with context.transaction():
        consumers[name] = consumer
        settings.newest_consumer = consumer.created
        context.store.save(stream)
    return {"Consumer": _described(context, stream, consumer)}


def deregister(context: Context, request: Request, caller: Caller) -> Response:
    """Remove a consumer; its subscriptions end."""
    stream, consumer = _named(context, request, caller)
    with context.transaction():
        del stream.settings.consumers[consumer.name]
        context.store.save(stream)
    context.pulse.beat()
    return {}


def describe(context: Context, request: Request, caller: Caller) -> Response:
    """One consumer."""
    stream, consumer = _named(context, request, caller)
    described = _described(context, stream, consumer)
    return {"ConsumerDescription": {**described, "StreamARN": stream.arn}}


def list_consumers(context: Context, request: Request, caller: Caller) -> Response:
    """A page of a stream's consumers, in order of their names."""
    stream, after = context.stream(request, caller), ""
    if (text := request.get("NextToken")) is not None:
        page = open_page(context, text, "ListStreamConsumers")
        if page.scope != str(stream.row):
            raise errors.invalid_argument("Invalid NextToken.")
        after = page.after
    consumers = stream.settings.consumers
    names = [name for name in sorted(consumers) if name > after]
    limit = min(request.get("MaxResults") or _LISTED_CONSUMERS, _LISTED_CONSUMERS)
    listed = names[:limit]
    response: Response = {
        "Consumers": [_described(context, stream, consumers[name]) for name in listed]
    }
    if len(names) > limit:
        now = int(context.clock.now() * 1000)
        page = Page(now, "ListStreamConsumers", str(stream.row), listed[-1])
        response["NextToken"] = context.tokens.seal(page)
    return response


def _described(context: Context, stream: Stream, consumer: Consumer) -> Response:
    creating = context.clock.now() < consumer.active_at
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": stream.consumer_arn(consumer),
        "ConsumerStatus": "CREATING" if creating else "ACTIVE",
        "ConsumerCreationTimestamp": float(consumer.created),
    }


def _named(context: Context, request: Request, caller: Caller) -> tuple[Stream, Consumer]:
    """The consumer of a ConsumerARN, or of a StreamARN and a ConsumerName, or of all three."""
    arn, stream_arn = request.get("ConsumerARN"), request.get("StreamARN")
    name = request.get("ConsumerName")
    if arn is not None:
        stream, consumer = find_resource(context, arn, caller)
        if (stream_arn or stream.arn) != stream.arn or (
            consumer and name not in (None, consumer.name)
        ):
            raise errors.invalid_argument("ConsumerARN, StreamARN and ConsumerName conflict.")
        if consumer is not None:
            return stream, consumer
    if stream_arn is None or name is None:
        raise errors.invalid_argument(
            "Either ConsumerARN or both StreamARN and ConsumerName must be provided."
        )
    stream = context.stream({"StreamARN": stream_arn}, caller)
    return stream, find_consumer(stream, name)
