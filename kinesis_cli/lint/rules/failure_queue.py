"""The queue that on-failure documents go to: who may send, what it keeps, who reads. Pure."""

from collections.abc import Iterator
from typing import Final

from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import UNKNOWN, DestinationFacts, MappingFacts
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity
from kinesis_cli.lint.words import span

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html
DEFAULT_RETENTION = 345_600  # seconds, 4 days: over a long weekend
MAX_RETENTION = 1_209_600
DEFAULT_VISIBILITY = 30  # seconds

_QUEUE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html"
)
_SQS_SOURCE = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"

KEPT_TOO_SHORT = Rule(
    "K019",
    "failure-queue-forgets",
    Severity.WARNING,
    "The failure queue keeps documents shorter than it takes to notice them",
    _QUEUE,
)
UNENCRYPTED = Rule(
    "K020", "failure-queue-unencrypted", Severity.NOTE, "The failure queue is not encrypted", _QUEUE
)
NO_REDRIVE = Rule(
    "K021",
    "failure-queue-loops",
    Severity.WARNING,
    "A function reads the failure queue, and what it fails on comes back without end",
    _SQS_SOURCE,
)
VISIBILITY = Rule(
    "K022",
    "visibility-below-timeout",
    Severity.ERROR,
    "A function that reads the failure queue has a longer Timeout than the queue's visibility",
    _SQS_SOURCE,
)
MAY_NOT_SEND = Rule(
    "K025",
    "may-not-send",
    Severity.ERROR,
    "The function's role may not send to the on-failure destination",
    "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
)

# What Lambda does with the function's role, by the service of the destination.
ACTIONS: Final = {"SQS": "sqs:SendMessage", "SNS": "sns:Publish", "S3": "s3:PutObject"}


def _queue(mapping: MappingFacts) -> DestinationFacts | None:
    destination = mapping.destination
    return destination if destination and destination.kind == "SQS" else None


def _seconds(queue: DestinationFacts, member: str, default: int) -> int | None:
    value = queue.properties.get(member, default)
    return int(str(value)) if str(value).isdecimal() else None


@checks(KEPT_TOO_SHORT)
def kept_too_short(mapping: MappingFacts) -> Iterator[Finding]:
    """MessageRetentionPeriod was made shorter than SQS's default."""
    if not (queue := _queue(mapping)):
        return
    kept = _seconds(queue, "MessageRetentionPeriod", DEFAULT_RETENTION)
    if kept is None or kept >= DEFAULT_RETENTION:
        return
    yield Finding(
        KEPT_TOO_SHORT,
        f"{queue.name} keeps a message {span(kept)}.",
        f"What fails is forgotten {span(kept)} later; a weekend is 48 h or more.",
        f"Set MessageRetentionPeriod to {MAX_RETENTION}, 14 days, the longest there is.",
        (*queue.place, "MessageRetentionPeriod"),
        changes=(Change(queue.place, "MessageRetentionPeriod", MAX_RETENTION),),
    )


@checks(UNENCRYPTED)
def unencrypted(mapping: MappingFacts) -> Iterator[Finding]:
    """SQS's own encryption, which is on by default, was turned off."""
    queue = _queue(mapping)
    if not queue or queue.properties.get("KmsMasterKeyId") is not None:
        return
    if str(queue.properties.get("SqsManagedSseEnabled")).lower() != "false":
        return
    yield Finding(
        UNENCRYPTED,
        f"{queue.name} has its encryption turned off.",
        "Documents lie there readable: names of function and stream, and sequence numbers, with "
        "which the records can be read.",
        "Leave SqsManagedSseEnabled out, or set it to true.",
        (*queue.place, "SqsManagedSseEnabled"),
        changes=(Change(queue.place, "SqsManagedSseEnabled", True),),
    )


@checks(NO_REDRIVE)
def no_redrive(mapping: MappingFacts) -> Iterator[Finding]:
    """A reader without a dead-letter queue behind it."""
    queue = _queue(mapping)
    if not queue or not queue.consumers or queue.properties.get("RedrivePolicy") is not None:
        return
    visible = _seconds(queue, "VisibilityTimeout", DEFAULT_VISIBILITY)
    kept = _seconds(queue, "MessageRetentionPeriod", DEFAULT_RETENTION)
    often = "often"
    if visible and kept:
        often = f"about {kept // visible:,} times in {span(kept)}"
    yield Finding(
        NO_REDRIVE,
        f"{queue.consumers[0].name} reads {queue.name}, which has no RedrivePolicy.",
        f"A document that it fails on comes back every {span(visible or DEFAULT_VISIBILITY)}, "
        f"{often}, and is then gone.",
        "Give the queue a RedrivePolicy with a dead-letter queue.",
        (*queue.place, "RedrivePolicy"),
    )


@checks(VISIBILITY)
def visibility(mapping: MappingFacts) -> Iterator[Finding]:
    """Lambda refuses to read a queue whose messages come back before a call must end."""
    if not (queue := _queue(mapping)):
        return
    visible = _seconds(queue, "VisibilityTimeout", DEFAULT_VISIBILITY)
    for consumer in queue.consumers:
        if visible is None or consumer.timeout is None or consumer.timeout <= visible:
            continue
        wanted = min(int(consumer.timeout) * 6, 43_200)
        yield Finding(
            VISIBILITY,
            f"{consumer.name} reads {queue.name} with a Timeout of {span(consumer.timeout)}, and "
            f"messages come back after {span(visible)} (VisibilityTimeout).",
            "AWS refuses the mapping, and the stack is rolled back.",
            f"Set VisibilityTimeout to {wanted}, six times the function's, as AWS advises.",
            (*queue.place, "VisibilityTimeout"),
            changes=(Change(queue.place, "VisibilityTimeout", wanted),),
        )


@checks(MAY_NOT_SEND)
def may_not_send(mapping: MappingFacts) -> Iterator[Finding]:
    """No policy of the template lets the role send."""
    arn, function = mapping.on_failure, mapping.function
    if arn is None or arn is UNKNOWN or function is None:
        return
    service = str(arn).split(":")[2].upper() if str(arn).count(":") >= 5 else ""
    action = ACTIONS.get(service)
    if action is None or function.may_send(action, str(arn)) is not False:
        return
    name = mapping.destination.name if mapping.destination else str(arn).rpartition(":")[2]
    sam = " With Type in OnFailure, SAM adds it to a role that it makes." if mapping.is_sam else ""
    yield Finding(
        MAY_NOT_SEND,
        f"No policy of the template lets {function.name} call {action} on {name}.",
        "AWS refuses the mapping, and the stack is rolled back; or else, each document is lost.",
        f"Allow {action} in the function's role.{sam}",
        mapping.at("DestinationConfig"),
        changes=(Change((*mapping.at("DestinationConfig"), "OnFailure"), "Type", service),)
        if mapping.is_sam and function.sam_makes_role
        else (),
    )
