"""Limits and settings of an account in a region."""

import msgspec

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.model import Caller, Request, Response

MAX_ON_DEMAND = 50  # streams of an account in a region

# Open shards of an account's provisioned streams in a region.
# Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
_MAX_SHARDS = {"us-east-1": 20_000, "us-west-2": 20_000, "eu-west-1": 20_000}
# UNSURE(shard-quota): "1,000 or 6,000 shards" in other regions, which are not named.
_MAX_SHARDS_ELSEWHERE = 1_000

_DAY = 86_400.0  # seconds
# UNSURE(commitment): the model says "minimum commitment windows"; 24 hours here, or longer?
_COMMITMENT_SECONDS = _DAY


def shard_limit(context: Context, caller: Caller) -> int:
    """How many open shards the caller's provisioned streams may have together."""
    if context.shard_limit is not None:
        return context.shard_limit
    return _MAX_SHARDS.get(caller.region, _MAX_SHARDS_ELSEWHERE)


def describe_limits(context: Context, _request: Request, caller: Caller) -> Response:
    """How many shards and streams there are and may be."""
    streams = context.streams(caller)
    provisioned = [stream for stream in streams if stream.settings.mode == "PROVISIONED"]
    return {
        "ShardLimit": shard_limit(context, caller),
        "OpenShardCount": sum(len(stream.open_shards) for stream in provisioned),
        "OnDemandStreamCount": len(streams) - len(provisioned),
        "OnDemandStreamCountLimit": MAX_ON_DEMAND,
    }


def describe_settings(context: Context, _request: Request, caller: Caller) -> Response:
    """The account's billing commitment, as it was set."""
    kept = context.store.value(_key(caller))
    commitment = msgspec.json.decode(kept) if kept else {"Status": "DISABLED"}
    return {"MinimumThroughputBillingCommitment": commitment}


def update_settings(context: Context, request: Request, caller: Caller) -> Response:
    """Keep the account's billing commitment. It changes nothing here."""
    now = context.clock.now()
    commitment = {"Status": request["MinimumThroughputBillingCommitment"]["Status"]}
    times = (
        {"StartedAt": now, "EarliestAllowedEndAt": now + _COMMITMENT_SECONDS}
        if commitment["Status"] == "ENABLED"
        else {"EndedAt": now}
    )
    with context.transaction():
        context.store.keep_value(_key(caller), msgspec.json.encode(commitment | times))
    return describe_settings(context, request, caller)


def is_committed(context: Context, caller: Caller) -> bool:
    """Whether the account has the billing commitment that warm throughput needs."""
    settings = describe_settings(context, {}, caller)
    return bool(settings["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED")


def _key(caller: Caller) -> str:
    return f"account {caller.account} {caller.region}"
