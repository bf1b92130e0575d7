"""Where on-failure documents are: a queue, a bucket, a file."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kinesis_cli.aws.functions import function_name
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError
from kinesis_cli.event_source_mapping.failure_documents import FailureDocument, read_documents
from kinesis_cli.project.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Seconds for which a message is nobody else's: while it is acted on, and while it is looked at.
# After a kill -9 it comes back when they are over.
HOLD, HOLD_TO_SHOW = 900, 60
_AT_ONCE = 10  # messages of one call, SQS's limit

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document, and where it was."""

    id: str  # of the message; the object's key; its number in the file
    document: FailureDocument
    handle: str  # what deleting it needs


class DocumentSource(Protocol):
    """A place with documents."""

    name: str  # for people
    is_ours: bool  # documents can be deleted

    def documents(self) -> Iterator[FoundDocument]:
        """All that are there. What is no document of a stream is warned about and left."""
        ...

    def delete(self, found: FoundDocument) -> None:
        """Take one away, for good."""
        ...

    def close(self) -> None:
        """Give back to others what was not deleted."""
        ...


class QueueSource:
    """An SQS queue.

    Args:
        connection: to what.
        url: of the queue.
        hold: seconds for which its messages are held.
        warn: told of messages that are something else.
    """

    is_ours = True

    def __init__(self, connection: Connection, url: str, hold: int, warn: Warn) -> None:
        self.name = url
        self._connection, self._hold, self._warn = connection, hold, warn
        self._client: SQSClient = connection.client("sqs")
        self._held: dict[str, str] = {}  # message → receipt handle

    def documents(self) -> Iterator[FoundDocument]:
        """See `DocumentSource`."""
        seen: set[str] = set()
        while messages := [each for each in self._receive() if each["MessageId"] not in seen]:
            seen |= {each["MessageId"] for each in messages}
            self._held |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
            for each in messages:
                id_ = each["MessageId"]
                for document in _read(each["Body"], f"message {id_}", self._warn):
                    yield FoundDocument(id_, document, each["ReceiptHandle"])

    def _receive(self) -> "list[MessageTypeDef]":
        with self._connection.explained("sqs"):
            answer = self._client.receive_message(
                QueueUrl=self.name,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=self._hold,
                # A call that waits asks all of SQS's servers, so that nothing means that.
                WaitTimeSeconds=0 if self._connection.target.is_local else 1,
            )
        return answer.get("Messages", [])

    def delete(self, found: FoundDocument) -> None:
        """See `DocumentSource`."""
        with self._connection.explained("sqs"):
            self._client.delete_message(QueueUrl=self.name, ReceiptHandle=found.handle)
        self._held.pop(found.id, None)

    def close(self) -> None:
        """See `DocumentSource`."""
        held = iter(list(self._held.values()))
        with self._connection.explained("sqs"):
            while some := list(islice(held, _AT_ONCE)):
                self._client.change_message_visibility_batch(
                    QueueUrl=self.name,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                        for number, handle in enumerate(some)
                    ],
                )
        self._held.clear()


class BucketSource:
    """Objects of an S3 bucket.

    Args:
        connection: to what.
        bucket: its name.
        prefix: of the keys.
        warn: told of objects that are something else.
    """

    is_ours = True

    def __init__(self, connection: Connection, bucket: str, prefix: str, warn: Warn) -> None:
        self.name = f"s3://{bucket}/{prefix}"
        self._connection, self._bucket, self._prefix = connection, bucket, prefix
        self._warn = warn
        self._client: S3Client = connection.client("s3")

    def documents(self) -> Iterator[FoundDocument]:
        """See `DocumentSource`."""
        with self._connection.explained("s3"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for key in [each["Key"] for each in page.get("Contents", ())]:
                    body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
                    text = body.decode("utf-8", "replace")
                    for document in _read(text, key, self._warn):
                        yield FoundDocument(key, document, key)

    def delete(self, found: FoundDocument) -> None:
        """See `DocumentSource`."""
        with self._connection.explained("s3"):
            self._client.delete_object(Bucket=self._bucket, Key=found.handle)

    def close(self) -> None:
        """Nothing is held."""


class FileSource:
    """A file, or standard input.

    Args:
        path: "-" is standard input.
    """

    is_ours = False

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == "-" else path
        try:
            data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
            self._text = data.decode()
        except OSError as error:
            raise InputError(f"{error.strerror}", place=path) from error
        except UnicodeDecodeError as error:
            raise InputError("no text", place=self.name) from error

    def documents(self) -> Iterator[FoundDocument]:
        """See `DocumentSource`; here all of it must be documents."""
        found = list(read_documents(self._text, self.name))
        for number, document in enumerate(found, 1):
            yield FoundDocument(str(number), document, "")

    def delete(self, found: FoundDocument) -> None:
        """Never asked for: a file is the user's."""
        raise AssertionError(found)

    def close(self) -> None:
        """Nothing is held."""


def _read(text: str, place: str, warn: Warn) -> list[FailureDocument]:
    try:
        return list(read_documents(text, place))
    except InputError as error:
        warn(f"{error}; it is left where it is")
        return []


def open_source(
    named: str | None, connection: Connection, settings: Settings, *, hold: int, warn: Warn
) -> DocumentSource:
    """The documents that the user means.

    Args:
        named: a queue's URL or ARN, `s3://bucket/prefix`, a file, or "-"; None: the failure queue
            that is set, or the destination of the function's event source mapping.
        connection: to what.
        settings: name the queue and the function.
        hold: seconds for which messages of a queue are held.
        warn: told of what is no document.

    Raises:
        InputError: there is no such file, or no destination.
        EndpointError: there is no such queue.
    """
    if named is None:
        queue = settings.failure_queue_url
        named = queue.value if queue else mapping_destination(connection, settings)
    if named.startswith("arn:") and ":sqs:" in named:
        named = queue_url(connection, named)
    if named.startswith(("http://", "https://")):
        return QueueSource(connection, named, hold, warn)
    bucket = named.removeprefix("s3://") if named.startswith("s3://") else ""
    if named.startswith("arn:") and ":s3:" in named:
        bucket = named.rpartition(":::")[2]
    if bucket:
        name, _, prefix = bucket.partition("/")
        return BucketSource(connection, name, prefix, warn)
    if named.startswith("arn:"):
        raise InputError(
            f"{named} keeps no messages", advice="Name a queue, an s3://bucket/prefix or a file."
        )
    return FileSource(named)


def queue_url(connection: Connection, arn: str) -> str:
    """The URL of a queue.

    Raises:
        EndpointError: there is none, or it may not be used.
    """
    account, name = arn.split(":")[-2:]
    client: SQSClient = connection.client("sqs")
    with connection.explained("sqs"):
        return client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def mapping_destination(connection: Connection, settings: Settings) -> str:
    """The ARN of the on-failure destination of the function's first Kinesis mapping that has one.

    Raises:
        InputError: none has one.
    """
    client: LambdaClient = connection.client("lambda")
    name = function_name(connection, settings)
    with connection.explained("lambda"):
        pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=name)
        for page in pages:
            for mapping in page["EventSourceMappings"]:
                is_stream = ":kinesis:" in mapping.get("EventSourceArn", "")
                on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
                if is_stream and (destination := on_failure.get("Destination")):
                    return destination
    raise InputError(
        f"no event source mapping of {name} has an on-failure destination",
        advice="Name a queue's URL, an s3://bucket/prefix or a file.",
    )
