"""Items of moto's tables whose time to live has passed; imported with moto only.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

_TOO_OLD_SECONDS = 5 * 365 * 86_400.0  # a time so far back is taken for a mistake


def has_time_to_live(table: Table) -> bool:
    """Whether items of a table are deleted when their time has passed."""
    return table.ttl.get("TimeToLiveStatus") == "ENABLED"


def expired_items(table: Table, now: float) -> Iterator[tuple[Table, Item]]:
    """The items to be deleted now, epoch seconds, each with its table."""
    if not has_time_to_live(table):
        return
    attribute = table.ttl["AttributeName"]
    for held in list(table.items.values()):
        items: list[Any] = list(held.values()) if table.has_range_key else [held]
        for item in items:
            at = _number(item, attribute)
            if at is not None and now - _TOO_OLD_SECONDS < at <= now:
                yield table, item


def _number(item: Item, attribute: str) -> float | None:
    """The time in an item, epoch seconds; None: it has none, or of another type."""
    value = item.attrs.get(attribute)
    try:
        return float(value.value) if value is not None and value.type == "N" else None
    except (TypeError, ValueError):
        return None
