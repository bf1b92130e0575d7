"""A look at moto's queues without a call; imported with moto only."""

from dataclasses import dataclass

from moto.sqs.models import Queue, sqs_backends


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that waits."""

    id: str
    body: str
    sent: float  # epoch seconds
    is_visible: bool  # False: somebody has received it, and not deleted it yet


@dataclass(frozen=True, slots=True)
class QueueGlance:
    """What is seen of a queue without reading all of it."""

    waiting: int  # messages
    held: int  # of the oldest, which were looked at: received by somebody, and not deleted yet


def seconds_of(account: str, region: str, name: str) -> int:
    """How long a ReceiveMessage waits that does not say; 0 also where there is no such queue."""
    queue = _queue(account, region, name)
    return int(getattr(queue, "receive_message_wait_time_seconds", 0) or 0)


def may_have_messages(account: str, region: str, name: str) -> bool:
    """Whether a queue has messages to receive now, or is gone, which the call tells."""
    queue = _queue(account, region, name)
    if queue is None:
        return True
    return any(each.visible and not each.delayed for each in list(queue._messages))


def glance_at(account: str, region: str, name: str, most: int) -> QueueGlance | None:
    """A queue at a glance, which takes no longer where it is long; None: there is no such queue.

    Args:
        account, region, name: the queue.
        most: messages that are looked at.
    """
    queue = _queue(account, region, name)
    if queue is None:
        return None
    held = sum(not each.visible for each in queue._messages[:most])
    return QueueGlance(len(queue._messages), held)


def messages_of(account: str, region: str, name: str, most: int) -> list[QueuedMessage]:
    """The oldest messages of a queue, the oldest first; none where there is no such queue."""
    queue = _queue(account, region, name)
    return [
        QueuedMessage(each.id, each.body, (each.sent_timestamp or 0) / 1000, each.visible)
        for each in (queue._messages[:most] if queue else ())
    ]


def _queue(account: str, region: str, name: str) -> Queue | None:
    return sqs_backends[account][region].queues.get(name)
