"""All that may be said of changes, as one value: what `event` and `invoke` are told."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.changes.attribute_values import Item
from kinesis_cli.payloads.changes.items import again_and_again, items_in, items_of
from kinesis_cli.payloads.changes.keys import TableKeys
from kinesis_cli.payloads.changes.on_kinesis import on_kinesis
from kinesis_cli.payloads.changes.table_stream import ChangeMaker, stream_arn
from kinesis_cli.payloads.changes.views import View
from kinesis_cli.payloads.changes.writes import (
    Change,
    NewItem,
    Write,
    changed_item,
    lives,
    writes,
)
from kinesis_cli.payloads.settings import PayloadSettings, evenly
from kinesis_cli.stream.event import STREAM_ARN, region_of
from kinesis_cli.stream.kinds.dynamodb import change_record
from kinesis_cli.stream.record import Record

READINGS_KEYS = TableKeys("sensor")  # of items that are made-up readings
_STREAM_ARN = re.compile(
    r"arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/([a-zA-Z0-9_.-]{3,255})/stream/[\d:.TZ-]+"
)
_TABLE = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Which items are written, what is done to them, and where that is told.

    Args:
        keys: of the table.
        changes: what is done to each item, in this order.
        items: a file of items; None: the payloads are items.
        payloads: where items come from that are not in a file.
        key_name: the attribute that gets a payload's partition key; None: none does.
        view: what the table's stream shows; None: the changes are told on a Kinesis stream.
        table: its name.
        source_arn: of the stream; None: of one for the table.
    """

    keys: TableKeys
    changes: tuple[Change, ...] = (Change.PUT,)
    items: str | None = None
    payloads: PayloadSettings = field(default_factory=PayloadSettings)
    key_name: str | None = None
    view: View | None = View.NEW_AND_OLD_IMAGES
    table: str = "kcli"
    source_arn: str | None = None

    def records(
        self,
        random: Random,
        first: float,
        interval: float,
        count: int | None,
        *,
        shards: int = 1,
    ) -> Iterator[Record]:
        """The records of the changes, as Lambda reads them; arguments as for `writes`."""
        found = self.writes(random, first, interval, count)
        if self.view is None:
            return self._on_kinesis(found, random, first, shards)
        arn = self.source_arn or stream_arn(self.table, first)
        maker = ChangeMaker(
            self.keys, self.view, stream_arn=arn, random=random, created=first, shards=shards
        )
        made = maker.records(found)
        return (change_record(raw, shard_id=shard_id) for shard_id, raw in made)

    def _on_kinesis(
        self, found: Iterator[tuple[float, Write]], random: Random, first: float, shards: int
    ) -> Iterator[Record]:
        arn = self.source_arn or STREAM_ARN
        stream = ArrivingRecords(shards, first, event_source_arn=arn)
        region = region_of(arn)
        return stream.records(
            on_kinesis(found, self.keys, table=self.table, region=region, random=random)
        )

    def writes(
        self, random: Random, first: float, interval: float, count: int | None
    ) -> Iterator[tuple[float, Write]]:
        """The writes, each with its time.

        Args:
            random: seeded for the same ones each time.
            first: time of the first, epoch seconds.
            interval: seconds from one to the next.
            count: how many; None: each item of a file is used once, and each change made.

        Raises:
            InputError: an item cannot be made, or is not one.
        """
        times = evenly(first, interval, count)
        new, changed = self._items(random, first, interval, count)
        found = writes(new, self.changes, self.keys.identity, changed)
        return zip(times, found, strict=False)

    def _items(
        self, random: Random, first: float, interval: float, count: int | None
    ) -> tuple[Iterator[NewItem], Callable[[Item], Item]]:
        needed = len(lives(self.changes))
        if self.items is not None:
            known = items_in(self.items, self.keys)
            endless = again_and_again(known)
            new = endless if count is not None else islice(endless, max(len(known), needed))
            return new, _Changed(self.keys, iter(()))
        payloads = self.payloads.payloads(random, evenly(first, interval, None))
        made = items_of(payloads, self.keys, self.key_name)
        has_end = self.payloads.from_file is not None
        wanted = made if has_end or count is not None else islice(made, needed)
        # What was given has no other version of itself; what is made up has.
        others = iter(()) if has_end or self.payloads.data is not None else made
        return map(NewItem, wanted), _Changed(self.keys, others)


class _Changed:
    """Another version of an item: the rest of another one that is made, or an attribute changed."""

    def __init__(self, keys: TableKeys, others: Iterator[Item]) -> None:
        self._keys, self._others = keys, others

    def __call__(self, item: Item) -> Item:
        other = next(self._others, None)
        version = None if other is None else {**other, **self._keys.of(item)}
        return changed_item(item, self._keys.names) if version in (None, item) else version


def checked_table(name: str, place: str = "--table") -> str:
    """Return the name of a table.

    Raises:
        InputError: DynamoDB would not take it.

    Source: TableName of botocore's model dynamodb/2012-08-10
    """
    if _TABLE.fullmatch(name):
        return name
    raise InputError(
        f"{name!r} is not the name of a table: 3 to 255 letters, digits, '_', '-' and '.'",
        place=place,
    )


def checked_stream_arn(arn: str, place: str = "--event-source-arn") -> str:
    """Return the ARN of a table's stream.

    Raises:
        InputError: it is another one.
    """
    if _STREAM_ARN.fullmatch(arn):
        return arn
    example = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-31T12:00:00.000"
    raise InputError(
        f"{arn!r} is not an ARN of a table's stream, which reads like {example}", place=place
    )
