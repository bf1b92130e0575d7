"""What a write did to an item, as the record of it in the table's stream.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec

from kinesis_cli.local.table_streams.store import TableStream
from kinesis_cli.payloads.changes.attribute_values import Item
from kinesis_cli.payloads.changes.sizes import size_bytes
from kinesis_cli.payloads.changes.views import TTL_IDENTITY, View, event_name
from kinesis_cli.payloads.changes.writes import Write
from kinesis_cli.stream.kinds.change_as_sent import encoded_change


def changes_nothing(write: Write) -> bool:
    """Whether a write left an item as it was: it makes no record then."""
    if write.old is None or write.new is None:
        return write.old is write.new
    return _plain({"M": write.old}) == _plain({"M": write.new})


def record_of(stream: TableStream, number: int, at: float, write: Write) -> bytes:
    """The record of a change, JSON as Lambda sends it.

    Args:
        stream: in which it stands.
        number: its own there.
        at: the time of the write, epoch seconds.
        write: what was changed.
    """
    keys = {each["AttributeName"]: write.item[each["AttributeName"]] for each in stream.key_schema}
    view = View(stream.view)
    images = {"NewImage": view.new_image(write), "OldImage": view.old_image(write)}
    identity = {"userIdentity": TTL_IDENTITY} if write.by_ttl else {}
    return encoded_change(
        {
            "eventID": uuid4().hex,
            "eventName": event_name(write),
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": stream.name.table.region,
            **identity,
            "dynamodb": {
                "ApproximateCreationDateTime": math.floor(at),
                "Keys": keys,
                **{name: image for name, image in images.items() if image is not None},
                "SequenceNumber": stream.name.sequence_number(number),
                "SizeBytes": size_bytes(keys, *images.values()),
                "StreamViewType": stream.view,
            },
            "eventSourceARN": stream.name.arn,
        }
    )


def image_of(attributes: Mapping[str, Any]) -> Item:
    """An item as JSON has it, bytes as base64, cut off from what it was made of."""
    image: Item = msgspec.json.decode(msgspec.json.encode(attributes))
    return image


def as_streams_api_has_it(record: bytes) -> dict[str, Any]:
    """A record of the store as GetRecords answers it."""
    document: dict[str, Any] = msgspec.json.decode(record)
    del document["eventSourceARN"]
    if identity := document.pop("userIdentity", None):
        document["userIdentity"] = {
            "PrincipalId": identity["principalId"],
            "Type": identity["type"],
        }
    return document


def _plain(value: Mapping[str, Any]) -> object:
    """A value such that equal ones are equal: 1.0 is 1, and a set has no order."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case "L":
            return kind, [_plain(each) for each in content]
        case "M":
            return kind, {name: _plain(each) for name, each in content.items()}
    return kind, content
