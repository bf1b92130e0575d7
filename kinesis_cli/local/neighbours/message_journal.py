"""Queues and their messages, kept across restarts; imported with moto only.

What is kept is compared with what moto holds after each request, so that it does not matter by
which call or protocol a message came or went.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from moto.core.utils import camelcase_to_underscores
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from kinesis_cli.local.database import opened
from kinesis_cli.local.journals import MESSAGES, MESSAGES_VERSION

_SCHEMA = """
CREATE TABLE queue (
    row INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    attributes BLOB NOT NULL, -- JSON
    UNIQUE (account, region, name)
);
CREATE TABLE message (
    row INTEGER PRIMARY KEY, -- in the order of the queue
    queue INTEGER NOT NULL REFERENCES queue ON DELETE CASCADE,
    id TEXT NOT NULL,
    document BLOB NOT NULL, -- MessagePack
    UNIQUE (queue, id)
);
"""

# Of a queue: what its owner may set.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_ATTRIBUTES = (
    *("ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue"),
    *("FifoThroughputLimit", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId"),
    *("MaximumMessageSize", "MessageRetentionPeriod", "Policy", "ReceiveMessageWaitTimeSeconds"),
    *("RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout"),
)

# Of a message: what moto's object holds of it. Receipts and visibility end with the process.
_MEMBERS = (
    *("body", "message_attributes", "system_attributes", "sender_id", "sent_timestamp"),
    *("approximate_first_receive_timestamp", "approximate_receive_count", "deduplication_id"),
    *("group_id", "sequence_number", "delayed_until"),
)

Key = tuple[str, str, str]  # account, region, name


class MessageJournal:
    """The queues of moto, in a file.

    Args:
        state: the directory of the file. What is in it is given to moto.

    Raises:
        InputError: the file is damaged, foreign or of another version; it is not changed.
    """

    def __init__(self, state: Path) -> None:
        self._lock = threading.Lock()
        self._database = opened(state / MESSAGES, _SCHEMA, MESSAGES_VERSION)
        self._rows: dict[Key, int] = {}
        self._attributes: dict[Key, bytes] = {}
        self._known: dict[Key, set[str]] = {}
        self._restore()

    def catch_up(self) -> None:
        """Write down what has changed since the last time."""
        with self._lock, self._database:
            queues = {
                (b.account_id, b.region_name, q.name): q
                for b in _backends()
                for q in list(b.queues.values())
            }
            for gone in self._rows.keys() - queues.keys():
                self._database.execute("DELETE FROM queue WHERE row = ?", (self._rows.pop(gone),))
                del self._attributes[gone], self._known[gone]
            for key, queue in queues.items():
                self._keep_attributes(key, queue)
                self._keep_messages(key, list(queue._messages))

    def _keep_attributes(self, key: Key, queue: Queue) -> None:
        attributes = msgspec.json.encode(_attributes(queue))
        if self._attributes.get(key) == attributes:
            return
        if key in self._rows:
            self._database.execute(
                "UPDATE queue SET attributes = ? WHERE row = ?", (attributes, self._rows[key])
            )
        else:
            added = self._database.execute(
                "INSERT INTO queue (account, region, name, attributes) VALUES (?, ?, ?, ?)",
                (*key, attributes),
            )
            assert added.lastrowid is not None
            self._rows[key], self._known[key] = added.lastrowid, set()
        self._attributes[key] = attributes

    def _keep_messages(self, key: Key, messages: list[Message]) -> None:
        row, known = self._rows[key], self._known[key]
        held = {message.id for message in messages}
        self._database.executemany(
            "DELETE FROM message WHERE queue = ? AND id = ?", [(row, id_) for id_ in known - held]
        )
        self._database.executemany(
            "INSERT INTO message (queue, id, document) VALUES (?, ?, ?)",
            [(row, each.id, _document(each)) for each in messages if each.id not in known],
        )
        self._known[key] = held

    def _restore(self) -> None:
        """Give moto the queues that it does not have, and all messages."""
        rows = self._database.execute("SELECT row, account, region, name, attributes FROM queue")
        kept = [
            (row, (account, region, name), attributes)
            for row, account, region, name, attributes in rows
        ]
        for row, key, attributes in kept:
            account, region, name = key
            backend = sqs_backends[account][region]
            made = msgspec.json.decode(attributes, type=dict[str, Any])
            made.pop("RedrivePolicy", None)  # it names another queue, which may come later
            queue = backend.queues.get(name) or backend.create_queue(name, **made)
            self._rows[key], self._attributes[key], self._known[key] = row, attributes, set()
            for id_, document in self._database.execute(
                "SELECT id, document FROM message WHERE queue = ? ORDER BY row", (row,)
            ):
                queue._messages.append(_message(id_, document))
                self._known[key].add(id_)
        for _, (account, region, name), attributes in kept:
            policy = msgspec.json.decode(attributes).get("RedrivePolicy")
            if policy:
                sqs_backends[account][region].set_queue_attributes(name, {"RedrivePolicy": policy})


def _backends() -> Iterator[SQSBackend]:
    for regions in list(sqs_backends.values()):
        yield from list(regions.values())


def _attributes(queue: Queue) -> dict[str, Any]:
    # One by one: `queue.attributes` counts messages, which takes long where there are many.
    absent = () if queue.fifo_queue else Queue.FIFO_ATTRIBUTES
    values = {
        name: getattr(queue, camelcase_to_underscores(name), None)
        for name in _ATTRIBUTES
        if name not in absent
    }
    if not values["KmsMasterKeyId"]:
        del values["KmsMasterKeyId"], values["KmsDataKeyReusePeriodSeconds"]
    return {name: _text(value) for name, value in values.items() if value not in (None, "", {})}


def _text(value: object) -> object:
    """Return it as SQS does: every attribute is a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else value


def _document(message: Message) -> bytes:
    return msgspec.msgpack.encode({name: getattr(message, name) for name in _MEMBERS})


def _message(id_: str, document: bytes) -> Message:
    members = msgspec.msgpack.decode(document)
    message = Message(id_, members.pop("body"))
    for name, value in members.items():
        setattr(message, name, value)
    return message
