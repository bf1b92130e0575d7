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


def messages_of(account: str, region: str, name: str) -> list[QueuedMessage] | None:
    """The messages of a queue, the oldest first; None: there is no such queue."""
    queue = _queue(account, region, name)
    if queue is None:
        return None
    return [
        QueuedMessage(each.id, each.body, (each.sent_timestamp or 0) / 1000, each.visible)
        for each in list(queue._messages)
    ]


def _queue(account: str, region: str, name: str) -> Queue | None:
    return sqs_backends[account][region].queues.get(name)
