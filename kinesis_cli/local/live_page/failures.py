"""What Lambda gave up: the documents that wait at the mappings' destinations, and their records.

Queues are looked into without receiving, which would hide their messages from others. A record is
put again as `kcli redrive --replay --delete` does.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kinesis_cli.aws.failure_sources import BucketSource, DocumentSource, FoundDocument, QueueSource
from kinesis_cli.aws.session import Connection
from kinesis_cli.errors import InputError, KcliError
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.mapping.sources.choice import source_name
from kinesis_cli.local.neighbours.moto_server import in_thread
from kinesis_cli.project.target import Target, TargetKind
from kinesis_cli.stream.escaping import escape
from kinesis_cli.stream.on_failure_reading import FailureDocument, read_documents

if TYPE_CHECKING:
    from kinesis_cli.local.neighbours.moto_queues import QueuedMessage, QueueGlance

MAX_DOCUMENTS = 100


class DocumentRow(msgspec.Struct, frozen=True):
    """A document that waits."""

    id: str  # of the message; the object's key
    destination: str  # ARN
    at: float | None  # epoch seconds; None: it is not told
    function: str
    stream: str
    shard_id: str
    condition: str
    request_id: str
    attempts: int
    records: int
    first: str  # sequence number; "": a window's final call, which names no record
    last: str
    can_redrive: bool
    why_not: str = ""


class Destination(msgspec.Struct, frozen=True):
    """Where mappings send what they give up."""

    arn: str
    function: str  # of the first mapping that does
    prefix: str  # of the keys in a bucket

    @property
    def service(self) -> str:
        """Of the ARN, "sqs"."""
        return self.arn.split(":")[2]

    @property
    def name(self) -> str:
        """For people."""
        return escape(self.arn.rpartition(":")[2])


def destinations(around: Surroundings) -> list[Destination]:
    """All of them, each once."""
    found: dict[str, Destination] = {}
    service = around.functions.service
    for mapping in service.store.mappings() if service else ():
        try:
            arn = mapping.settings.destination
        except InputError:
            continue  # a template's settings that are not valid
        if arn:
            is_bucket = arn.split(":")[2] == "s3"
            prefix = f"aws/lambda/{mapping.uuid}/" if is_bucket else ""
            found.setdefault(arn + prefix, Destination(arn, mapping.function, prefix))
    return list(found.values())


def waiting_documents(around: Surroundings) -> dict[str, object]:
    """How many documents wait, as far as they can be counted at a glance.

    What changes here tells the page to ask for the list of documents anew.
    """
    service = around.functions.service
    glances = [(each, _glance(around, each)) for each in destinations(around)]
    return {
        "waiting": sum(glance.waiting for _, glance in glances if glance),
        "held": sum(glance.held for _, glance in glances if glance),
        "listed": MAX_DOCUMENTS,
        "given_up": sum(each.discarded for each in service.shards()) if service else 0,
        "destinations": [
            {
                "arn": escape(each.arn),
                "name": each.name,
                "waiting": glance.waiting if glance else None,
            }
            for each, glance in glances
        ],
    }


async def documents(around: Surroundings) -> dict[str, object]:
    """The oldest documents that wait, the newest of them last; so many of each destination."""
    rows: list[DocumentRow] = []
    problems: list[str] = []
    more = 0
    for each in destinations(around):
        if each.service == "sqs":
            glance = _glance(around, each)
            more += max((glance.waiting if glance else 0) - MAX_DOCUMENTS, 0)
            for message in around.neighbours.queued(*_queue(each), MAX_DOCUMENTS):
                rows += _of_message(each, message, problems)
        elif each.service == "s3":
            try:
                rows += await in_thread(partial(_of_bucket, around, each, problems))
            except KcliError as error:
                problems.append(str(error))
        else:
            problems.append(f"{each.name} keeps no messages: they went to whoever listens there.")
    return {"documents": rows, "more": more, "problems": [escape(each) for each in problems]}


async def redrive(around: Surroundings, arn: str, id_: str) -> dict[str, object] | None:
    """Put a document's records on their stream again, and delete it when all of them were put.

    Returns:
        What came of it; None: there is no such document, or somebody else holds it.

    Raises:
        InputError: no mapping sends anything there.
        EndpointError: the endpoint refused, as a fault that is on may let it.
    """
    found = [each for each in destinations(around) if each.arn == arn]
    if not found:
        raise InputError("no mapping sends what it gives up there", place=arn)
    return await in_thread(lambda: _redriven(around, found, id_))


def _redriven(
    around: Surroundings, places: list[Destination], id_: str
) -> dict[str, object] | None:
    from kinesis_cli.redriving.actions import Replay, redrive
    from kinesis_cli.redriving.failed_records import named_records

    connection = _connection(around)
    warnings: list[str] = []
    for place in places:
        with closing(_source(connection, place, warnings.append)) as source:
            document = next((each for each in source.documents() if each.id == id_), None)
            if document is None:
                continue
            named = named_records(document.document, connection, None, warnings.append)
            pair = [(document, named)]
            done = next(iter(redrive(pair, Replay(connection, None), source.delete)))
            return {
                "outcome": done.outcome,
                "records": len(done.records),
                "remark": escape(", ".join(filter(None, [done.remark, *warnings]))),
                "deleted": done.deleted,
            }
    return None


def _of_message(
    place: Destination, message: "QueuedMessage", problems: list[str]
) -> Iterator[DocumentRow]:
    try:
        found = list(read_documents(message.body, f"message {message.id}"))
    except InputError as error:
        problems.append(str(error))
        return
    why_not = "" if message.is_visible else "another reader holds it"
    for document in found[:1]:
        yield _row(place, message.id, document, message.sent, why_not)


def _of_bucket(around: Surroundings, place: Destination, problems: list[str]) -> list[DocumentRow]:
    rows: list[DocumentRow] = []
    found: FoundDocument
    with closing(_source(_connection(around), place, problems.append)) as source:
        for found in source.documents():
            if len(rows) == MAX_DOCUMENTS:
                problems.append(f"{place.name} has more documents: kcli redrive shows all.")
                break
            rows.append(_row(place, found.id, found.document, None, ""))
    return rows


def _row(
    place: Destination, id_: str, document: FailureDocument, sent: float | None, why_not: str
) -> DocumentRow:
    if not why_not and not document.kind.has_data:
        why_not = f"records of {document.kind.title} cannot be put on a stream"
    if not why_not and not document.start:
        why_not = "it names no record: a window's final call"
    return DocumentRow(
        *(id_, place.arn, sent, escape(place.function), escape(source_name(document.stream))),
        *(escape(document.shard_id), escape(document.condition), escape(document.request_id)),
        attempts=document.invoke_count,
        records=document.batch_size,
        first=document.start,
        last=document.end,
        can_redrive=not why_not,
        why_not=why_not,
    )


def _glance(around: Surroundings, place: Destination) -> "QueueGlance | None":
    if place.service != "sqs":
        return None
    return around.neighbours.glance_at_queue(*_queue(place), MAX_DOCUMENTS)


def _queue(place: Destination) -> tuple[str, str, str]:
    """Account, region and name."""
    _, _, _, region, account, name = place.arn.split(":", 5)
    return account, region, name


def _connection(around: Surroundings) -> Connection:
    server = around.server
    target = Target(
        kind=TargetKind.LOCAL,
        reason="the live page",
        endpoint_url=None,
        found_by_botocore=False,
        profile=None,
        region=server.region,
        stack=None,
        stream=None,
        function=None,
    )
    limits = server.limits
    return Connection(target, server.endpoint, server.certificate, local_limits=limits)


def _source(
    connection: Connection, place: Destination, warn: Callable[[str], None]
) -> DocumentSource:
    match place.service:
        case "sqs":
            account, _, name = _queue(place)
            return QueueSource(connection, f"{connection.endpoint_url}/{account}/{name}", warn)
        case "s3":
            bucket = place.arn.rpartition(":")[2]
            return BucketSource(connection, bucket, place.prefix, warn)
    raise InputError("keeps no messages", place=place.arn)
