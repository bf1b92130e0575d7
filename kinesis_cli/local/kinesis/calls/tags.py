"""Tags of streams and consumers, by name and by ARN."""

import re

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.resources import find_resource
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Consumer, Request, Response, Stream

_MAX_TAGS = 50
_LISTED_TAGS = 50
_FOREIGN = r"[^\u00C0-\u1FFF\u2C00-\uD7FF\w./\-=+ @%:]"  # compiled at need, start-up counts


def check_tags(
    name: str,
    account: str,
    more: dict[str, str],
    now: dict[str, str],
    arn: str | None = None,
) -> dict[str, str]:
    """The tags with those that are added.

    Args:
        name: the stream's.
        account: the stream's.
        more: the tags to add.
        now: the tags that there are.
        arn: that the tags are added by, if they are.

    Raises:
        ServiceError: a character that tags do not have, or too many of them.
    """
    if any(key.startswith("aws:") for key in more):
        raise errors.invalid_argument(
            "Some tag keys in the request started with 'aws:'. System tags cannot be modified."
        )
    _check_characters("add tags to", name, account, [*more, *more.values()])
    tags = {**now, **more}
    if len(tags) > _MAX_TAGS:
        raise errors.invalid_argument(
            f"Failed to add tags to {f'resource {arn}' if arn else f'stream {name}'} under account"
            f" {account} because a given {'resource' if arn else 'stream'}"
            f" cannot have more than {_MAX_TAGS} tags associated with it."
        )
    return tags


def _check_characters(what: str, name: str, account: str, texts: list[str]) -> None:
    # AWS takes colons, though its texts do not name them:
    # https://github.com/mhart/kinesalite/pull/106
    if any(re.search(_FOREIGN, text) for text in texts):
        raise errors.invalid_argument(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits,"
            " white space, _ . / = + - % @."
        )
    if any("%" in text for text in texts):
        raise errors.invalid_argument(
            f"Failed to {what} stream {name} under account {account} because some tags contained"
            " illegal characters. The allowed characters are Unicode letters, white-spaces,"
            " '_',',','/','=','+','-','@'."
        )


def add_tags(context: Context, request: Request, caller: Caller) -> Response:
    """Add tags to a stream; those of the same key are replaced."""
    stream = context.stream(request, caller)
    return _add(context, stream, None, request["Tags"])


def remove_tags(context: Context, request: Request, caller: Caller) -> Response:
    """Take tags from a stream; unknown keys do not matter."""
    stream = context.stream(request, caller)
    return _remove(context, stream, None, request["TagKeys"])


def list_tags(context: Context, request: Request, caller: Caller) -> Response:
    """A page of a stream's tags, in order of their keys."""
    tags = context.stream(request, caller).settings.tags
    start = request.get("ExclusiveStartTagKey")
    keys = [key for key in sorted(tags) if start is None or key > start]
    limit = request.get("Limit") or _LISTED_TAGS
    listed = [{"Key": key, "Value": tags[key]} for key in keys[:limit]]
    return {"Tags": listed, "HasMoreTags": len(keys) > limit}


def tag_resource(context: Context, request: Request, caller: Caller) -> Response:
    """Add tags to the stream or consumer of an ARN."""
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    return _add(context, stream, consumer, request["Tags"], request["ResourceARN"])


def untag_resource(context: Context, request: Request, caller: Caller) -> Response:
    """Take tags from the stream or consumer of an ARN."""
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    return _remove(context, stream, consumer, request["TagKeys"])


def list_tags_of_resource(context: Context, request: Request, caller: Caller) -> Response:
    """All tags of the stream or consumer of an ARN."""
    stream, consumer = find_resource(context, request["ResourceARN"], caller)
    tags = (consumer or stream.settings).tags
    return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def _add(
    context: Context,
    stream: Stream,
    consumer: Consumer | None,
    more: dict[str, str],
    arn: str | None = None,
) -> Response:
    tagged = consumer or stream.settings
    tags = check_tags(stream.name, stream.account, more, tagged.tags, arn)
    with context.transaction():
        tagged.tags = tags
        context.store.save(stream)
    return {}


def _remove(
    context: Context, stream: Stream, consumer: Consumer | None, keys: list[str]
) -> Response:
    _check_characters("remove tags from", stream.name, stream.account, keys)
    tagged = consumer or stream.settings
    with context.transaction():
        tagged.tags = {key: value for key, value in tagged.tags.items() if key not in keys}
        context.store.save(stream)
    return {}
