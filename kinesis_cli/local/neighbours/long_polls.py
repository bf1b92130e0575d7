"""Waiting for messages of SQS without a thread: moto would hold one for up to 20 seconds.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

import msgspec

from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.not_here import operation_of

LOOK_EVERY = 0.5  # seconds: a message may become visible by the passing of time
MAX_SECONDS = 20

_WAIT = "WaitTimeSeconds"


@dataclass(frozen=True, slots=True)
class LongPoll:
    """A ReceiveMessage that may wait."""

    request: Request  # the same without waiting
    queue: str  # its name
    seconds: int | None  # None: as the queue says


def long_poll(request: Request) -> LongPoll | None:
    """The long poll that a request to SQS is; None: it is something else, or moto refuses it."""
    if operation_of(request) != "ReceiveMessage":
        return None
    is_json = "x-amz-target" in request.headers
    try:
        parameters = _json(request.body) if is_json else dict(parse_qsl(request.body.decode()))
        seconds = int(str(parameters[_WAIT])) if _WAIT in parameters else None
    except (ValueError, msgspec.MsgspecError):
        return None
    if seconds is not None and not 0 < seconds <= MAX_SECONDS:
        return None
    queue = str(parameters.get("QueueUrl") or request.path).rstrip("/").rpartition("/")[2]
    now = {**parameters, _WAIT: 0 if is_json else "0"}
    body = msgspec.json.encode(now) if is_json else urlencode(now).encode()
    return LongPoll(replace(request, body=body), queue, seconds)


def has_messages(response: Response) -> bool:
    """Whether the answer to a ReceiveMessage is one to send: messages, or a refusal."""
    assert isinstance(response.body, bytes)
    return response.status != 200 or b"<Message>" in response.body or b'"Messages"' in response.body


def _json(body: bytes) -> dict[str, object]:
    return msgspec.json.decode(body, type=dict[str, object])
