"""The changes that a table's stream holds now, read with a client that the caller brings.

For tests, whose client is mostly moto's: one call after the other in the caller's own thread, no
waiting. What moto's stream has and DynamoDB's would not have is put right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from kinesis_cli.aws.consuming.held_records import HeldRecords
from kinesis_cli.aws.described_streams import described
from kinesis_cli.errors import InputError
from kinesis_cli.payloads.changes.sizes import size_bytes
from kinesis_cli.stream.kinds.change_as_sent import as_lambda_sends
from kinesis_cli.stream.kinds.dynamodb import change_record

_MOTO_VERSION = "1.0"  # eventVersion of its records; DynamoDB writes 1.1
_NOT_SERVED = "404"  # what moto answers at an address that it does not serve
_CONFIG = 'Config(account_id_endpoint_mode="disabled")'

Client = Any  # boto3's, for `dynamodbstreams`
Seen = MutableMapping[str, set[str]]  # stream's ARN → event ids that were read


def default_streams_client() -> Client:
    """Return a client with the caller's own settings, that moto serves too.

    boto3 sends a call that names an ARN to an address of the account's own, which moto does not
    know.
    """
    import boto3
    from botocore.config import Config

    return boto3.client("dynamodbstreams", config=Config(account_id_endpoint_mode="disabled"))


def held_changes(client: Client, table: str, seen: Seen) -> HeldRecords:
    """Return all records of a table's stream that were not read yet.

    Args:
        client: of boto3, for `dynamodbstreams`.
        table: its name, or the stream's ARN.
        seen: what was read; kept up to date. Not by sequence number: moto's start again.

    Raises:
        InputError: the table has no stream, or the client does not reach it.
        ClientError: the service refused a call.
    """
    from botocore.exceptions import ClientError

    try:
        arn = table if table.startswith("arn:") else _stream_of(client, table)
        return _held(client, arn, seen.setdefault(arn, set()))
    except ClientError as error:
        if error.response["Error"]["Code"] != _NOT_SERVED:
            raise
        raise InputError(
            f"{table}: moto does not serve the address that this client uses for streams",
            advice=f'Leave client out, or make it so: boto3.client("dynamodbstreams", '
            f"config={_CONFIG}).",
        ) from error


def _stream_of(client: Client, table: str) -> str:
    streams = client.list_streams(TableName=table)["Streams"]
    if not streams:
        raise InputError(
            f"there is no table {table!r} whose stream is on",
            advice="Turn it on: create_table(…, StreamSpecification="
            '{"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}).',
        )
    # Of a stream that was turned off and on again both are listed.
    return str(max(streams, key=lambda each: each["StreamLabel"])["StreamArn"])


def _held(client: Client, arn: str, seen: set[str]) -> HeldRecords:
    found = HeldRecords([])
    for shard in (each for page in described(client, arn) for each in page["Shards"]):
        shard_id = shard["ShardId"]
        found.parents[shard_id] = (shard["ParentShardId"],) if shard.get("ParentShardId") else ()
        records = [as_lambda_sends(each, arn) for each in _records(client, arn, shard_id)]
        for record in _as_dynamodb_has_them(records):
            if record["eventID"] not in seen:
                found.records.append(change_record(record, shard_id=shard_id))
        seen.update(str(record["eventID"]) for record in records)
    return found


def _records(client: Client, arn: str, shard_id: str) -> Iterator[Any]:
    answer = client.get_shard_iterator(
        StreamArn=arn, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = answer.get("ShardIterator")
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        if not page["Records"]:
            return
        yield from page["Records"]
        iterator = page.get("NextShardIterator")


def _as_dynamodb_has_them(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records, and of moto's only those that DynamoDB would have, as it would have them.

    moto has a record for a write that changes nothing, and two for an update that makes an item:
    of the bare key, and of the item.
    """
    held: dict[str, Any] | None = None
    for record in records:
        if record["eventVersion"] != _MOTO_VERSION:
            yield record
            continue
        if held is not None and not _is_made_again(held, record):
            yield held
        held = None if _changes_nothing(record) else _put_right(record)
    if held is not None:
        yield held


def _is_made_again(earlier: dict[str, Any], later: dict[str, Any]) -> bool:
    """Whether an item is inserted that was inserted just before."""
    both_insert = earlier["eventName"] == later["eventName"] == "INSERT"
    return both_insert and bool(earlier["dynamodb"]["Keys"] == later["dynamodb"]["Keys"])


def _changes_nothing(record: dict[str, Any]) -> bool:
    change = record["dynamodb"]
    old, new = change.get("OldImage"), change.get("NewImage")
    return old is not None and new is not None and _in_order(old) == _in_order(new)


def _in_order(value: Any) -> Any:  # noqa: ANN401 - JSON
    """An image with its sets in one order: they have none."""
    if isinstance(value, dict):
        return {
            name: sorted(each)
            if name in ("SS", "NS", "BS") and isinstance(each, list)
            else _in_order(each)
            for name, each in value.items()
        }
    return list(map(_in_order, value)) if isinstance(value, list) else value


def _put_right(record: dict[str, Any]) -> dict[str, Any]:
    change = record["dynamodb"]
    images = (change["Keys"], change.get("NewImage"), change.get("OldImage"))
    change = {**change, "SizeBytes": size_bytes(*images)}
    return {**record, "eventVersion": "1.1", "dynamodb": change}
