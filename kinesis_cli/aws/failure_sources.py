"""Where on-failure documents are: a queue, a bucket, a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol

from kinesis_cli.aws.answers import ADVICE
from kinesis_cli.aws.functions import function_name
from kinesis_cli.aws.mappings import arn_of_stream, destination, stream_mappings
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import EndpointError, InputError, KcliError
from kinesis_cli.project.settings import Settings
from kinesis_cli.recordings.opening import open_regular, text_in
from kinesis_cli.stream.on_failure_reading import FailureDocument, read_documents

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Seconds for which a message is nobody else's. It is renewed while kcli works, and comes back by
# itself when kcli was killed.
HOLD = 30
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
        """All that are there. What is not a document of a stream is warned about and left."""
        ...

    def delete(self, found: FoundDocument) -> None:
        """Take one away, for good."""
        ...

    def close(self) -> None:
        """Give back to others what was not deleted."""
        ...


class QueueSource:
    """An SQS queue. Its messages are held while they are worked on, however long that takes.

    Args:
        connection: to what.
        url: of the queue.
        warn: told of messages that are something else, or that somebody else holds.

    Raises:
        InputError: it is a FIFO queue.
    """

    is_ours = True

    def __init__(self, connection: Connection, url: str, warn: Warn) -> None:
        if url.endswith(".fifo"):
            # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
            raise InputError("a FIFO queue is no on-failure destination of a stream", place=url)
        self.name = url
        self._connection, self._warn = connection, warn
        self._client: SQSClient = connection.client("sqs")
        self._held: dict[str, str] = {}  # message → receipt handle
        self._lock = Lock()  # of what is held
        self._closed = Event()
        self._holding = Thread(target=self._hold_on, daemon=True)

    def documents(self) -> Iterator[FoundDocument]:
        """See `DocumentSource`."""
        self._holding.start()
        seen: set[str] = set()
        while messages := [each for each in self._receive() if each["MessageId"] not in seen]:
            seen |= {each["MessageId"] for each in messages}
            for each in messages:
                id_ = each["MessageId"]
                if document := _read(each["Body"], f"message {id_}", self._warn):
                    yield FoundDocument(id_, document, each["ReceiptHandle"])
        self._tell_of_others()

    def _receive(self) -> "list[MessageTypeDef]":
        with self._connection.explained("sqs"), self._lock:
            answer = self._client.receive_message(
                QueueUrl=self.name,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=HOLD,
                # A call that waits asks all of SQS's servers, so that nothing means that.
                WaitTimeSeconds=0 if self._connection.target.is_local else 1,
            )
            messages = answer.get("Messages", [])
            self._held |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
        return messages

    def _hold_on(self) -> None:
        while not self._closed.wait(HOLD / 3):
            try:
                self._change_visibility(HOLD)
            except KcliError as error:
                self._warn(f"{error}; others may take messages that this command works on")

    def _change_visibility(self, seconds: int) -> None:
        with self._connection.explained("sqs"), self._lock:
            handles = list(self._held.values())
            for start in range(0, len(handles), _AT_ONCE):
                # A message that somebody has deleted or taken is answered as failed: not ours.
                self._client.change_message_visibility_batch(
                    QueueUrl=self.name,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                        for n, handle in enumerate(handles[start : start + _AT_ONCE])
                    ],
                )

    def _tell_of_others(self) -> None:
        """Say whether there is more, which somebody else holds: maybe a killed kcli's."""
        try:
            _, held = queue_depth(self._connection, self.name)
        except EndpointError:  # reading a queue needs no right to look at its attributes
            return
        if (others := held - len(self._held)) > 0:
            self._warn(
                f"{others} more in {self.name} held by another reader now; what a killed kcli held "
                f"is back after {HOLD} s"
            )

    def delete(self, found: FoundDocument) -> None:
        """See `DocumentSource`."""
        with self._connection.explained("sqs"), self._lock:
            self._client.delete_message(QueueUrl=self.name, ReceiptHandle=found.handle)
            self._held.pop(found.id, None)

    def close(self) -> None:
        """See `DocumentSource`."""
        self._closed.set()
        if self._holding.is_alive():
            self._holding.join()  # else it might hold them once more, after they were given back
        self._change_visibility(0)
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
                    if document := _read(body.decode("utf-8", "replace"), key, self._warn):
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
        file, self.name = open_regular(path)
        with file:
            self._text = text_in(file, self.name)

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


def _read(text: str, place: str, warn: Warn) -> FailureDocument | None:
    """The document of a message or an object; None, and a warning, where it is something else."""
    try:
        found = list(read_documents(text, place))
    except InputError as error:
        warn(f"{error}; it is left where it is")
        return None
    if len(found) != 1:  # they could not be deleted one by one
        warn(f"{place}: {len(found)} on-failure documents instead of one; it is left where it is")
        return None
    return found[0]


def open_source(
    named: str | None, connection: Connection, settings: Settings, warn: Warn
) -> DocumentSource:
    """The documents that the user means.

    Args:
        named: a queue's URL or ARN, `s3://bucket/prefix`, a file, or "-"; None: the failure queue
            that is set, or the destination of the event source mapping.
        connection: to what.
        settings: name the queue and the function.
        warn: told of what is not a document.

    Raises:
        InputError: there is no such file, or no destination, or none that keeps documents.
        EndpointError: there is no such queue.
    """
    if named is None:
        queue = settings.failure_queue_url
        named = queue.value if queue else mapping_destination(connection, settings)
    if named.startswith("arn:") and ":sqs:" in named:
        named = queue_url(connection, named)
    if named.startswith(("http://", "https://")):
        return QueueSource(connection, named, warn)
    if named.startswith("arn:") and ":s3:" in named:
        named = f"s3://{named.rpartition(':::')[2]}"
    if named.startswith("s3://"):
        bucket, _, prefix = named.removeprefix("s3://").partition("/")
        if not bucket:
            raise InputError("names no bucket", place=named)
        return BucketSource(connection, bucket, prefix, warn)
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


_DEPTH: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


def queue_depth(connection: Connection, url: str) -> tuple[int, int]:
    """How many messages of a queue wait, and how many somebody holds; about, as SQS says.

    Raises:
        EndpointError: there is no such queue, or it may not be asked.
    """
    client: SQSClient = connection.client("sqs")
    with connection.explained("sqs"):
        answer = client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=_DEPTH,
        )
    depth = answer["Attributes"]
    if not all(str(depth.get(name)).isdecimal() for name in _DEPTH):
        raise EndpointError(f"{url} does not say how many messages it has", advice=ADVICE)
    return (
        int(depth["ApproximateNumberOfMessages"]),
        int(depth["ApproximateNumberOfMessagesNotVisible"]),
    )


def mapping_destination(connection: Connection, settings: Settings) -> str:
    """Where the function's mappings, or else those of the stream, send what was given up.

    Returns:
        The ARN of a queue, or in a bucket the prefix of what a mapping sends there.

    Raises:
        InputError: nowhere, to several places, or neither function nor stream is named.
        EndpointError: they may not be asked for.
    """
    stream, arn, function = connection.target.stream, None, None
    if settings.function is None and stream is not None:
        whose, arn = f"stream {stream}", arn_of_stream(connection, stream)
    else:
        whose = function = function_name(connection, settings)
    mappings = stream_mappings(connection, stream_arn=arn, function=function)
    places = {place for each in mappings if (place := _place(each))}
    if not places:
        raise InputError(
            f"no event source mapping of {whose} has an on-failure destination",
            advice="Name a queue's URL, an s3://bucket/prefix or a file.",
        )
    if len(places) > 1:
        raise InputError(
            f"the event source mappings of {whose} have {len(places)} on-failure destinations",
            advice=f"Name one: {', '.join(sorted(places))}.",
        )
    return places.pop()


def _place(mapping: "EventSourceMappingConfigurationTypeDef") -> str | None:
    arn = destination(mapping)
    if arn and ":s3:" in arn:
        # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        return f"s3://{arn.rpartition(':::')[2]}/aws/lambda/{mapping['UUID']}/"
    return arn
