"""Refusals in AWS's words.

The texts are those that https://github.com/mhart/kinesalite recorded on AWS, or what answers of
2026 have in its stead (https://github.com/radkawar/stackd, testdata/aws/kinesis), except where a
comment says so.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

MAX_NAMED = 10  # broken constraints that one answer names


class ServiceError(Exception):
    """What an operation answers instead of a result.

    Args:
        code: AWS's name of the error, "ResourceNotFoundException".
        message: AWS's sentence.
        status: of the HTTP answer.
        members: what the error's shape has besides the message.
    """

    def __init__(self, code: str, message: str, status: int = 400, **members: object) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


def invalid_argument(message: str) -> ServiceError:
    """A parameter, or a combination of them, that the operation cannot take."""
    return ServiceError("InvalidArgumentException", message)


def validation(message: str) -> ServiceError:
    """A request that the stream's mode does not allow."""
    return ServiceError("ValidationException", message)


def constraint(shown: str, path: str, rule: str) -> str:
    """What is wrong with one value.

    Args:
        shown: the value as AWS prints it; empty for what it does not print: data and records.
        path: where it is, `records.1.member.data`.
        rule: what it breaks, `Member must not be null`.

    Source of a value that is not printed:
    https://github.com/awslabs/amazon-kinesis-producer/issues/680
    """
    return f"Value {f'{shown} ' if shown else ''}at '{path}' failed to satisfy constraint: {rule}"


def broken_constraints(items: Sequence[str]) -> ServiceError:
    """What is wrong with a request's values, at most ten items of it."""
    named = items[:MAX_NAMED]
    noun = "errors" if len(named) > 1 else "error"
    return ServiceError(
        "ValidationException", f"{len(named)} validation {noun} detected: {'; '.join(named)}"
    )


def limit_exceeded(message: str) -> ServiceError:
    """A quota or the rate of a control operation."""
    return ServiceError("LimitExceededException", message)


def in_use(message: str) -> ServiceError:
    """The resource is not in a state for it."""
    return ServiceError("ResourceInUseException", message)


def not_found(message: str) -> ServiceError:
    """The stream, shard or consumer is not there."""
    return ServiceError("ResourceNotFoundException", message)


def stream_not_found(name: str, account: str) -> ServiceError:
    """Unknown stream."""
    return not_found(f"Stream {name} under account {account} not found.")


def shard_not_found(shard: str, name: str, account: str) -> ServiceError:
    """Unknown shard, as SplitShard and MergeShards say it."""
    return not_found(f"Could not find shard {shard} in stream {name} under account {account}.")


def shard_missing(shard: str, name: str, account: str) -> ServiceError:
    """Unknown shard, as GetShardIterator and GetRecords say it."""
    return not_found(f"Shard {shard} in stream {name} under account {account} does not exist")


def not_active(name: str, account: str, status: str) -> ServiceError:
    """The stream is being changed."""
    return in_use(f"Stream {name} under account {account} not ACTIVE, instead in state {status}")


def throughput_exceeded(message: str) -> ServiceError:
    """A shard's throughput."""
    return ServiceError("ProvisionedThroughputExceededException", message)


def shard_rate_exceeded(shard: str, name: str, account: str) -> str:
    """The sentence of a throttled write or read."""
    return f"Rate exceeded for shard {shard} in stream {name} under account {account}."


def dry_run(operation: str) -> ServiceError:
    """The request would have succeeded."""
    return ServiceError(
        "DryRunOperationException",
        f"DryRunOperation validation succeeded while calling {operation} operation.: Request would"
        " have succeeded, but DryRun flag is set.",
    )


def internal_failure() -> ServiceError:
    """The store failed; nothing of the request was kept."""
    return ServiceError("InternalFailure", "Internal service failure.", status=500)


def iterator_expired(created: float, now: float, tolerated_seconds: float) -> ServiceError:
    """A shard iterator was used too late. Times in epoch seconds."""
    return ServiceError(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created at time {_utc(created)} while right now it "
        f"is {_utc(now)} which is further in the future than the tolerated delay of "
        f"{int(tolerated_seconds * 1000)} milliseconds.",
    )


def _utc(at: float) -> str:
    """As Java prints it: `Thu Jan 22 01:22:02 UTC 2015`, whatever the locale."""
    time = datetime.fromtimestamp(at, UTC)
    day = "MonTueWedThuFriSatSun"[3 * time.weekday() : 3 * time.weekday() + 3]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * time.month - 3 : 3 * time.month]
    return f"{day} {month} {time:%d %H:%M:%S} UTC {time.year}"
