"""Something that happened to records of a stream, as whoever delivers them tells it."""

from typing import Literal

import msgspec

What = Literal["opened", "calling", "called", "notCalled", "ended"]


class Fact(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """Something that happened to records of a shard."""

    number: int  # 1, 2, … since the start of the server
    stream: str  # ARN
    mapping: str  # UUID
    function: str
    shard_id: str
    at: float  # epoch seconds of the endpoint's clock, which may have been moved
    # opened: an aggregate of the KPL was taken apart; its sequence number stands for each of the
    # records inside, of which there are `attempt`. calling, called: a call begins, and ends.
    # notCalled: an attempt that never reached the function. ended: nothing more will happen.
    what: What
    sequence_numbers: tuple[str, ...]  # in stream order; those of an aggregate share theirs
    request_id: str = ""
    attempt: int = 0  # 1-based, of this batch
    # called: success, partial, failed, throttled; ended: handled, discarded, filtered, expired
    outcome: str = ""
    reason: str = ""  # one sentence; of discarded records the condition
    error: str = ""  # "ValueError: text"; of discarded records why the document did not get there
    destination: str = ""  # ARN that the document of discarded records went to
    failures: tuple[str, ...] = ()  # sequence numbers that the function reported
    began: float = 0.0  # called: when, epoch seconds
    iterator_age: float = 0.0  # called: of the last record when it was called, seconds
