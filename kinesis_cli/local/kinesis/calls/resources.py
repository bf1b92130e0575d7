"""Streams and consumers named by an ARN, and their resource policies."""

import json
from collections.abc import Iterable

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Consumer, Request, Response, Stream


def find_resource(context: Context, arn: str, caller: Caller) -> tuple[Stream, Consumer | None]:
    """The stream of an ARN, and the consumer if it is a consumer's.

    Raises:
        ServiceError: it is not there, or not the caller's.
    """
    if ":stream/" not in arn:  # channels and queues, which are not here
        raise errors.not_found(f"Resource {arn} not found.")
    stream_arn, slash, consumer = arn.partition("/consumer/")
    stream = context.stream({"StreamARN": stream_arn}, caller)
    if not slash:
        return stream, None
    return stream, find_consumer(stream, consumer.partition(":")[0], arn)


def find_consumer(stream: Stream, name: str, arn: str | None = None) -> Consumer:
    """The stream's consumer of this name, which must have this ARN if one is given.

    Raises:
        ServiceError: it is not there.
    """
    consumer = stream.settings.consumers.get(name)
    if consumer is None or (arn is not None and stream.consumer_arn(consumer) != arn):
        raise errors.not_found(f"Consumer {arn or name}, account {stream.account} not found.")
    return consumer


# What a policy needs is a few levels. Python itself stops at a depth of its own, which differs from
# one release to the next.
_MAX_LEVELS = 100


def _is_json(text: str) -> bool:
    """Whether a policy is JSON, and not so deep that no policy could be."""
    try:
        level = [json.loads(text)]
    except (ValueError, RecursionError):
        return False
    for _ in range(_MAX_LEVELS):
        level = [inner for each in level for inner in _members(each)]
    return not level


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def put_policy(context: Context, request: Request, caller: Caller) -> Response:
    """Keep a policy. It is not evaluated."""
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    if not _is_json(request["Policy"]):
        raise errors.invalid_argument("Policy validation error: This policy contains invalid Json")
    with context.transaction():
        (consumer or stream.settings).policy = request["Policy"]
        context.store.save(stream)
    return {}


def get_policy(context: Context, request: Request, caller: Caller) -> Response:
    """The policy that was kept; an empty object where there is none.

    Source: https://github.com/localstack/localstack/pull/12961, tested on AWS.
    """
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    return {"Policy": (consumer or stream.settings).policy or "{}"}


def delete_policy(context: Context, request: Request, caller: Caller) -> Response:
    """Forget the policy."""
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    if (consumer or stream.settings).policy is None:
        raise errors.not_found(
            f"No resource policy found for resource ARN {request['ResourceARN']}."
        )
    with context.transaction():
        (consumer or stream.settings).policy = None
        context.store.save(stream)
    return {}
