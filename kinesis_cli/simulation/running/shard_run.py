"""What a run keeps of a shard."""

from collections.abc import Callable

import msgspec

from kinesis_cli.event_source_mapping.delivery import ShardDelivery
from kinesis_cli.event_source_mapping.polling import Polls


class ShardRun(msgspec.Struct):
    """What a run keeps of a shard."""

    shard_id: str
    rank: int  # of its family
    delivery: ShardDelivery
    polls: Polls
    new_id: Callable[[], str]  # of requests, and of the objects of a bucket
    poll_is_due: bool = False
    is_finished: bool = False
    has_aggregates: bool = False  # some were opened, see UNSURE(foreign-inner)
