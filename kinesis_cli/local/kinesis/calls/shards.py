"""ListShards, SplitShard, MergeShards, UpdateShardCount."""

import math
from bisect import bisect_right
from itertools import islice

from kinesis_cli.local.kinesis import errors
from kinesis_cli.local.kinesis.calls.account import shard_limit
from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import (
    Caller,
    Merge,
    Request,
    Resize,
    Response,
    Shard,
    Split,
    Stream,
    resolve_shard_number,
)
from kinesis_cli.local.kinesis.tokens import Page
from kinesis_cli.stream.shards import shard_id

_LISTED_SHARDS = 1000
_MAX_STREAM_SHARDS = 10_000  # shards that UpdateShardCount can ask for
_RESIZES_A_DAY = 10
TOKEN_SECONDS = 300.0


def shard_description(shard: Shard) -> Response:
    """A shard as DescribeStream and ListShards show it."""
    numbers = {"StartingSequenceNumber": shard.starting_sequence_number()}
    if ending := shard.ending_sequence_number():
        numbers["EndingSequenceNumber"] = ending
    described: Response = {"ShardId": shard.shard_id}
    if shard.parent is not None:
        described["ParentShardId"] = shard_id(shard.parent)
    if shard.adjacent_parent is not None:
        described["AdjacentParentShardId"] = shard_id(shard.adjacent_parent)
    return described | {"HashKeyRange": shard.hash_key_range(), "SequenceNumberRange": numbers}


def check_shard_limit(context: Context, caller: Caller, more: int) -> None:
    """That the account may have so many more open shards.

    Raises:
        ServiceError: LimitExceededException.
    """
    provisioned = (s for s in context.streams(caller) if s.settings.mode == "PROVISIONED")
    current = sum(len(stream.open_shards) for stream in provisioned)
    limit = shard_limit(context, caller)
    if current + more > limit:
        raise errors.limit_exceeded(
            f"This request would exceed the shard limit for the account {caller.account} in"
            f" {caller.region}. Current shard count for the account: {current}. Limit:"
            f" {limit}. Number of additional shards that would have resulted from"
            f" this request: {more}. Refer to the AWS Service Limits page"
            " (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current"
            " limits and how to request higher limits."
        )


def list_shards(context: Context, request: Request, caller: Caller) -> Response:
    """A page of the shards that a filter lets through, in order of their ids."""
    stream, choice, after = _listed(context, request, caller)
    shards = list(stream.shards.values())
    start = bisect_right(shards, after, key=lambda shard: shard.shard_id)
    matching = (s for s in islice(shards, start, None) if _matches(context, stream, s, choice))
    limit = min(request.get("MaxResults") or _LISTED_SHARDS, _LISTED_SHARDS)
    listed = list(islice(matching, limit))
    response: Response = {"Shards": [shard_description(shard) for shard in listed]}
    if next(matching, None):
        now = int(context.clock.now() * 1000)
        scope = str(stream.row)
        page = Page(now, "ListShards", scope, listed[-1].shard_id, choice)
        response["NextToken"] = context.tokens.seal(page)
    return response


def _listed(context: Context, request: Request, caller: Caller) -> tuple[Stream, str, str]:
    """The stream to list, the filter (`TYPE` or `TYPE argument`), and the id to go on after."""
    text = request.get("NextToken")
    named = request.get("StreamName") or request.get("StreamARN")
    if text is None:
        if not named:
            raise errors.invalid_argument("Either NextToken or StreamName should be provided.")
        stream = context.stream(request, caller)
        _check_creation(stream, request)
        return stream, _filter(context, stream, request), request.get("ExclusiveStartShardId") or ""
    for other in ("StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter"):
        if request.get(other) is not None:
            raise errors.invalid_argument(f"NextToken and {other} cannot be provided together.")
    page = open_page(context, text, "ListShards")
    listed = context.by_row(int(page.scope))
    if listed is None or not listed.belongs_to(caller):
        raise errors.invalid_argument("Invalid NextToken.")
    # Today AWS lets the stream be named, too: boto3's paginator does.
    if named and context.stream(request, caller) is not listed:
        raise errors.invalid_argument("Invalid NextToken.")
    return listed, page.filter, page.after


def open_page(context: Context, text: str, operation: str) -> Page:
    """What a NextToken means.

    Raises:
        ServiceError: it is none of this operation, or older than five minutes.
    """
    page = context.tokens.open(text, Page)
    if page is None or page.operation != operation:
        raise errors.invalid_argument("Invalid NextToken.")
    if context.clock.now() - page.created / 1000 > TOKEN_SECONDS:
        raise errors.ServiceError(
            "ExpiredNextTokenException", "The specified NextToken has expired."
        )
    return page


def _check_creation(stream: Stream, request: Request) -> None:
    """That the stream is the one created then, and no later one of the same name."""
    created = request.get("StreamCreationTimestamp")
    if created is not None and math.floor(created) != math.floor(stream.created):
        raise errors.stream_not_found(stream.name, stream.account)


def _filter(context: Context, stream: Stream, request: Request) -> str:
    chosen = request.get("ShardFilter") or {"Type": "FROM_TRIM_HORIZON"}
    kind: str = chosen["Type"]
    argument = "ShardId" if kind == "AFTER_SHARD_ID" else "Timestamp"
    if kind not in ("AFTER_SHARD_ID", "AT_TIMESTAMP", "FROM_TIMESTAMP"):
        return kind
    value = chosen.get(argument)
    if value is None:
        raise errors.invalid_argument(
            f"{argument} must be provided when the ShardFilter Type is {kind}."
        )
    if argument == "Timestamp":
        if math.floor(value) < math.floor(_horizon(context, stream)):
            raise errors.invalid_argument(
                "ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream."
            )
        if value > context.clock.now():
            raise errors.invalid_argument(
                "ShardFilter Timestamp must not be greater than current time."
            )
    return f"{kind} {value}"


def _horizon(context: Context, stream: Stream) -> float:
    """When the oldest records can have arrived, epoch seconds."""
    return max(context.retention_ms(stream) / 1000, stream.created)


def _matches(context: Context, stream: Stream, shard: Shard, choice: str) -> bool:
    """Source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html"""
    kind, _, argument = choice.partition(" ")
    closed = math.inf if shard.closed is None else shard.closed
    horizon = _horizon(context, stream)
    match kind:
        case "AT_LATEST":
            return shard.closed is None
        case "AT_TRIM_HORIZON":
            return shard.opened <= horizon < closed
        case "AFTER_SHARD_ID":
            return shard.shard_id > argument
        case "AT_TIMESTAMP":
            return shard.opened <= float(argument) <= closed
        case "FROM_TIMESTAMP":
            return closed >= max(float(argument), horizon)
        case _:
            return closed >= horizon


def split_shard(context: Context, request: Request, caller: Caller) -> Response:
    """Two shards for one."""
    number = _number(request["ShardToSplit"], request, caller)
    stream = context.active(request, caller)
    shard = _existing(stream, number)
    _must_be_provisioned(stream)
    check_shard_limit(context, caller, 1)
    key = int(request["NewStartingHashKey"])
    _must_be_open(stream, shard)
    if not shard.starting_hash_key + 1 < key < shard.ending_hash_key:
        raise errors.invalid_argument(
            f"NewStartingHashKey {key} used in SplitShard() on shard {shard.shard_id} in stream"
            f" {stream.name} under account {stream.account} is not both greater than one plus the"
            f" shard's StartingHashKey {shard.starting_hash_key} and less than the shard's"
            f" EndingHashKey {shard.ending_hash_key}."
        )
    with context.transaction():
        context.update(stream, Split(number, str(key)))
    context.pulse.beat()
    return {}


def merge_shards(context: Context, request: Request, caller: Caller) -> Response:
    """One shard for two neighbours."""
    numbers = [
        _number(request[name], request, caller) for name in ("ShardToMerge", "AdjacentShardToMerge")
    ]
    stream = context.active(request, caller)
    lower, upper = shards = [_existing(stream, number) for number in numbers]
    _must_be_provisioned(stream)
    # The lower one must be named first: recorded by kinesalite, and what
    # https://github.com/atlassian/themis/pull/32 had to mend.
    if lower.ending_hash_key + 1 != upper.starting_hash_key:
        raise errors.invalid_argument(
            f"Shards {lower.shard_id} and {upper.shard_id} in stream {stream.name} under"
            f" account {stream.account} are not an adjacent pair of shards eligible for merging"
        )
    for shard in shards:
        _must_be_open(stream, shard)
    with context.transaction():
        context.update(stream, Merge(*numbers))
    context.pulse.beat()
    return {}


def update_shard_count(context: Context, request: Request, caller: Caller) -> Response:
    """As many shards as asked for, of the same width."""
    stream, target = context.active(request, caller), int(request["TargetShardCount"])
    _must_be_provisioned(stream)
    current = len(stream.open_shards)
    counts = f"Current open shard count: {current}, Target shard count: {target}"
    if target > (most := min(_MAX_STREAM_SHARDS, shard_limit(context, caller))):
        raise errors.limit_exceeded(
            f"Target shard count or number of open shards cannot be greater than {most}. " + counts
        )
    if target > 2 * current:
        raise errors.limit_exceeded(
            "UpdateShardCount cannot scale up over double your current open shard count. " + counts
        )
    if target < current // 2:
        raise errors.limit_exceeded(
            "UpdateShardCount cannot scale down below half your current open shard count. " + counts
        )
    check_shard_limit(context, caller, target - current)
    if target != current:
        _resize(context, stream, target)
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }


def _resize(context: Context, stream: Stream, target: int) -> None:
    if context.limits:
        reshards, now = stream.settings.reshards, context.clock.now()
        context.limits.count_daily(reshards, _RESIZES_A_DAY, stream, now)
    with context.transaction():
        context.update(stream, Resize(target))
    context.pulse.beat()


def _number(text: str, request: Request, caller: Caller) -> int:
    number = resolve_shard_number(text)
    if number is None:
        name = request.get("StreamName") or (request.get("StreamARN") or "").rpartition("/")[2]
        raise errors.shard_not_found(text, name, caller.account)
    return number


def _existing(stream: Stream, number: int) -> Shard:
    shard = stream.shards.get(number)
    if shard is None:
        raise errors.shard_not_found(shard_id(number), stream.name, stream.account)
    return shard


def _must_be_provisioned(stream: Stream) -> None:
    if stream.settings.mode != "PROVISIONED":
        raise errors.validation(
            f"Request is invalid. Stream {stream.name} under account {stream.account} is in"
            " On-Demand mode."
        )


def _must_be_open(stream: Stream, shard: Shard) -> None:
    if shard.closed is not None:
        # Recorded: https://github.com/mhart/kinesalite/issues/109
        raise errors.invalid_argument(
            f"Shard {shard.shard_id} in stream {stream.name} under account {stream.account} has"
            " already been merged or split, and thus is not eligible for merging or splitting."
        )
