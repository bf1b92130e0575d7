"""When a record is gone by itself, and the commands that get past it before. Pure.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
https://docs.aws.amazon.com/cli/latest/reference/lambda/update-event-source-mapping.html
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kinesis_cli.aws.status import MappingState
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.settings_document import UNLIMITED
from kinesis_cli.project.target import Target, TargetKind

HOUR = 3600.0
LOCAL_ENV = 'eval "$(kcli local env)"'  # lets the AWS CLI call this machine
RETRIES = 2  # that a record gets which is to be given up


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What becomes of a record that nobody does anything about; epoch seconds."""

    leaves_stream: float
    too_old: float | None  # MaximumRecordAgeInSeconds; None: there is no limit

    @property
    def ends(self) -> float:
        """When the shard goes on without it, if not before."""
        return self.leaves_stream if self.too_old is None else min(self.leaves_stream, self.too_old)


def deadlines(arrival: float, retention_hours: int, settings: EventSourceMapping) -> Deadlines:
    """When a record is given up by its age.

    Args:
        arrival: epoch seconds.
        retention_hours: of the stream.
        settings: of the mapping.
    """
    age = settings.maximum_record_age_in_seconds
    too_old = None if age == UNLIMITED else arrival + age
    return Deadlines(arrival + retention_hours * HOUR, too_old)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and the commands for a shell that do it."""

    what: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """The options that were typed, for the commands that need them again: ` --stream orders`."""

    status: str = ""
    redrive: str = ""
    invoke: str = ""


def steps(
    mapping: MappingState, target: Target, stream_arn: str, saved: str, typed: Typed
) -> Iterator[Step]:
    """What gets past a record that fails, the best first.

    Args:
        mapping: that is stuck.
        target: where it is.
        stream_arn: of its stream.
        saved: the file that the record was saved to; "": it was not.
        typed: by the user.
    """
    file = shlex.quote(saved) if saved else "poison.ndjson"
    seen: tuple[str, ...] = (f"kcli invoke {file}{typed.invoke}",)
    if not saved:
        seen = (f"kcli status --find-poison --save {file}{typed.status}", *seen)
    yield Step("See it fail here until the function is mended", seen)
    yield Step("Deploy the mended function: the batch comes again, and nothing is lost")
    here = (LOCAL_ENV,) if target.kind is TargetKind.LOCAL else ()
    given_up = tuple(_giving_up(mapping, target, stream_arn))
    if given_up:
        yield Step(_what_giving_up_does(mapping.settings), (*here, *given_up))
    else:
        yield Step("Or wait: the mapping gives it up alone, and its destination is told of it")
    take_up = "" if target.kind is TargetKind.LOCAL else " --remote"
    name = shlex.quote(mapping.function)
    yield Step(
        "Once the function is mended, take up what was given up",
        (f"kcli redrive --function-name {name}{typed.redrive} --invoke{take_up} --delete",),
    )
    if before := _as_it_was(mapping, target):
        yield Step("And set the mapping as it was; keep its destination", (*here, before))


def _what_giving_up_does(settings: EventSourceMapping) -> str:
    tries = f"after {RETRIES} retries"
    if settings.retry_limit != UNLIMITED:
        tries = f"after its {settings.retry_limit:,} retries"
    text = f"Or have it given up {tries}, alone: batches are halved, and the others go through"
    return f"{text}; a document names it (the function's role must be allowed sqs:SendMessage)"


def _giving_up(mapping: MappingState, target: Target, stream_arn: str) -> Iterator[str]:
    settings = mapping.settings
    options: list[str] = []
    if not settings.bisect_batch_on_function_error:
        options.append("--bisect-batch-on-function-error")
    if settings.maximum_retry_attempts == UNLIMITED:
        options.append(f"--maximum-retry-attempts {RETRIES}")
    if settings.destination is None:
        queue = f"{mapping.function[:70]}-given-up"
        _, partition, _, region, account, *_ = stream_arn.split(":")
        yield _aws(target, f"sqs create-queue --queue-name {shlex.quote(queue)}")
        arn = f"arn:{partition}:sqs:{region}:{account}:{queue}"
        document = json.dumps({"OnFailure": {"Destination": arn}}, separators=(",", ":"))
        options.append(f"--destination-config {shlex.quote(document)}")
    if options:
        yield _update(mapping, target, *options)


def _as_it_was(mapping: MappingState, target: Target) -> str:
    settings = mapping.settings
    options = []
    if not settings.bisect_batch_on_function_error:
        options.append("--no-bisect-batch-on-function-error")
    if settings.maximum_retry_attempts == UNLIMITED:
        options.append(f"--maximum-retry-attempts {UNLIMITED}")
    return _update(mapping, target, *options) if options else ""


def _update(mapping: MappingState, target: Target, *options: str) -> str:
    update = f"lambda update-event-source-mapping --uuid {mapping.uuid}"
    return _aws(target, " ".join([update, *options]))


def _aws(target: Target, command: str) -> str:
    """A command of the AWS CLI that goes where the target is."""
    options = []
    if target.kind is TargetKind.LOCAL:  # the AWS CLI 1 ignores the variable for SQS
        options.append(' --endpoint-url "$AWS_ENDPOINT_URL"')
    if target.kind is TargetKind.ENDPOINT and target.endpoint_url and not target.found_by_botocore:
        options.append(f" --endpoint-url {shlex.quote(target.endpoint_url)}")
    if target.kind is not TargetKind.LOCAL:
        options += [f" --region {shlex.quote(target.region)}"] if target.region else []
        options += [f" --profile {shlex.quote(target.profile)}"] if target.profile else []
    return f"aws {command}{''.join(options)}"
