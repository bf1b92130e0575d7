"""What `kcli status --find-poison` prints: the records that shards stand still for."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kinesis_cli.poison.hunt import Finding
from kinesis_cli.poison.remedies import Deadlines, Step
from kinesis_cli.poison.search import Suspect, Verdict
from kinesis_cli.show.cells import counted, cut, duration_cell, payload_cell, shard_cell, wrapped
from kinesis_cli.show.console import (
    escape,
    plain,
    stdout_console,
    write_json,
    write_line,
    write_text,
)
from kinesis_cli.show.failed_record import payload_lines, why_lines
from kinesis_cli.show.shapes import poison as shapes
from kinesis_cli.stream.times import utc_seconds
from kinesis_cli.stream.user_records import data_of

FEW = 5  # records of a shard that are shown
ANOTHER_ERROR = "It is another error than there: this may not be what is in the way."
MAX_REASON = 200  # characters in a sentence
HOUR = 3600.0


class Reported(msgspec.Struct, frozen=True):
    """A finding, and what follows from it."""

    finding: Finding
    deadlines: tuple[Deadlines, ...]  # of each suspect
    steps: tuple[Step, ...]
    now: float  # epoch seconds


def show_poison(findings: Iterable[Reported], stream: str, place: str, output: str) -> int:
    """Print what was found, as it is found; Ctrl-C leaves what was finished.

    Args:
        findings: one for each stuck shard.
        stream: its name.
        place: where it is, for people and programs.
        output: "table", "json" or "ndjson".

    Returns:
        How many there were.
    """
    documents: list[shapes.Stuck] = []
    count = 0
    try:
        for each in findings:
            count += 1
            if output == "table":
                _show(each)
            elif output == "ndjson":
                write_line(as_document(each, shapes.StuckRow))
            else:
                documents.append(as_document(each))
    finally:
        if output == "json":
            whole = shapes.Poison(version=1, endpoint=place, stream=stream, stuck=documents)
            write_json(whole)
        elif output == "ndjson":
            write_line(
                shapes.PoisonSummaryRow(version=1, endpoint=place, stream=stream, stuck=count)
            )
    if output == "table" and not count:
        write_text(f"No shard of {escape(stream)} stands still, as far as {escape(place)} tells.\n")
    return count


def as_document(each: Reported, shape: type[shapes.Stuck] = shapes.Stuck) -> shapes.Stuck:
    """A finding as JSON."""
    finding, batch = each.finding, each.finding.batch
    return shape(
        uuid=finding.mapping.uuid,
        function_arn=finding.mapping.function_arn,
        shard_id=finding.shard_id or None,
        verdict=finding.found.verdict,
        meaning=meaning(finding),
        records=[
            _record_document(suspect, until, each.now)
            for suspect, until in zip(finding.found.suspects, each.deadlines, strict=True)
        ],
        failing=None
        if batch is None
        else shapes.Failing(
            first_sequence_number=batch.first,
            last_sequence_number=batch.last,
            records=batch.records,
            attempt=batch.attempt,
            since=batch.since,
            error=batch.error or None,
            reason=batch.reason,
        ),
        read=shapes.Read(records=finding.read.records, reads=finding.read.reads),
        calls=finding.calls,
        steps=[shapes.PoisonStep(what=step.what, commands=step.commands) for step in each.steps],
    )


def _record_document(suspect: Suspect, until: Deadlines, now: float) -> shapes.PoisonRecord:
    record = suspect.record
    return shapes.PoisonRecord(
        sequence_number=record.sequence_number,
        partition_key=record.partition_key,
        arrival=record.arrival,
        payload=payload_cell(data_of(record)),
        reason=suspect.why,
        leaves_stream_at=until.leaves_stream,
        too_old_at=until.too_old,
        hours_left=round((until.ends - now) / HOUR, 3),
        record=msgspec.Raw(record.line),
    )


def meaning(finding: Finding) -> str:
    """What a finding says, in a sentence or two."""
    found, read = finding.found, counted(finding.read.records, "record")
    many = len(found.suspects)
    match found.verdict:
        case Verdict.RECORD:
            text = f"Here the function fails on {counted(many, 'record')}, alone too"
            if found.compared:
                return f"{text}; the {_others(found.compared)} tried beside it went through."
            return f"{text}. There was no other record to compare with."
        case Verdict.EVERY:
            return (
                "Here the function fails on each record that was tried: no record is to blame, but "
                f"the code, or what it needs around it: {_short(found.why)}"
            )
        case Verdict.TOGETHER if found.timed_out:
            return (
                f"Here {many:,} records together take longer than the function's Timeout, and none "
                "does alone: a smaller BatchSize or a longer Timeout helps."
            )
        case Verdict.TOGETHER:
            return f"Here the function fails on {many:,} records in one call, on none alone."
        case Verdict.UNSTEADY:
            return (
                "Here the function failed on the batch, and on the same records another time did "
                f"not: {_short(found.why)}"
            )
    return _nothing(finding, read)


def _short(why: str) -> str:
    """The first line of a reason, or its beginning."""
    return cut(why.partition("\n")[0], MAX_REASON)


def _others(count: int) -> str:
    return "1 other" if count == 1 else f"{count:,} others"


def _nothing(finding: Finding, read: str) -> str:
    where = "" if finding.shard_id else f" of {counted(finding.shards, 'shard')}"
    text = f"{read}{where} were read, and the function here fails on none of those it would get"
    elsewhere = ", or the record lies elsewhere" if finding.batch is None else ""
    return f"{text}: the deployed code or its environment is another one{elsewhere}."


def _show(each: Reported) -> None:
    finding = each.finding
    _line(_headline(finding), "bold")
    if finding.batch is not None:
        _wrapped("  ", _failing(each), "yellow")
    good = finding.found.verdict is Verdict.RECORD
    _wrapped("  ", meaning(finding), "" if good else "yellow")
    if _is_otherwise(finding):
        _wrapped("  ", ANOTHER_ERROR, "yellow")
    pairs = list(zip(finding.found.suspects, each.deadlines, strict=True))
    for suspect, until in pairs[:FEW]:
        for line in _record_lines(suspect, until, each.now):
            _line(line)
    if len(pairs) > FEW:
        _line(f"  and {counted(len(pairs) - FEW, 'more record')}; --output json has all")
    for number, step in enumerate(each.steps, 1):
        _wrapped(f"  {number} ", f"{step.what}.")
        for command in step.commands:
            _line(f"      {command}")
    _line("")


def _headline(finding: Finding) -> str:
    function = finding.mapping.function
    if not finding.shard_id:
        return f"{function} stands still on a shard that Lambda does not name"
    return f"{function} stands still on shard {shard_cell(finding.shard_id)}"


def _failing(each: Reported) -> str:
    batch = each.finding.batch
    assert batch is not None
    for_ = duration_cell(max(each.now - batch.since, 0.0))
    what = f"{batch.records:,} records from {batch.first} on"
    if batch.records == 1:
        what = f"record {batch.first}"
    why = batch.error or batch.reason
    tried = counted(batch.attempt, "attempt")
    return f"There it has failed for {for_}, {tried}, on {what}: {_short(why)}"


def _is_otherwise(finding: Finding) -> bool:
    """Whether the function fails here with an error of another type than there."""
    batch, why = finding.batch, finding.found.why
    if batch is None or not batch.error or finding.found.verdict is Verdict.NONE:
        return False
    return batch.error.partition(":")[0] != why.partition(":")[0]


def _record_lines(suspect: Suspect, until: Deadlines, now: float) -> Iterator[str]:
    record, width = suspect.record, stdout_console().width
    yield f"  {record.sequence_number}"
    arrived = utc_seconds(record.arrival)
    yield cut(f"    arrived {arrived}  key {escape(record.partition_key)}", width)
    yield from payload_lines(payload_cell(data_of(record)), width)
    yield from why_lines(suspect.why, width)
    yield from wrapped_deadline(until, now, width)


def wrapped_deadline(until: Deadlines, now: float, width: int) -> Iterator[str]:
    """When it is gone by itself, in lines of `width`."""
    hours = (until.ends - now) / HOUR
    by_age = until.too_old is not None and until.too_old <= until.leaves_stream
    what = "MaximumRecordAgeInSeconds gives it up" if by_age else "it leaves the stream"
    when = f"in {hours:,.1f} h {what}" if hours >= 0 else f"{what}: its time is over"
    lines: Sequence[str] = wrapped(f"{when}, {utc_seconds(until.ends)}", max(width - 12, 20))
    yield f"    {'until':8}{lines[0]}"
    for line in lines[1:]:
        yield f"{'':12}{line}"


def _wrapped(before: str, text: str, style: str = "") -> None:
    room = max(stdout_console().width - len(before), 20)
    for line in wrapped(escape(text), room):
        _line(f"{before}{line}", style)
        before = " " * len(before)


def _line(text: str, style: str = "") -> None:
    stdout_console().print(plain(text), style=style, soft_wrap=True)
