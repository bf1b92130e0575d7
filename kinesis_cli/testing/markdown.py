"""A run as a Markdown document, the same text each time: for snapshots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from kinesis_cli.simulation.words import (
    bytes_cell,
    duration_cell,
    number_cell,
    shard_cell,
    since_cell,
)
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.run import Call, RunFacts
from kinesis_cli.testing.sentences import which_records

MAX_ROWS = 100  # of a table
MAX_TEXT = 120  # characters of a cell


def markdown(run: RunFacts) -> str:
    """Return the run as Markdown: the calls, the records that ended otherwise, the documents."""
    lines = [f"# {_cell(run.in_short())}", "", *_mapping(run), "", "## Calls", ""]
    lines += _table(
        ("call", "at", "shard", "attempt", "records", "outcome", "why"),
        [_call(run, call) for call in run.calls],
        "calls",
    )
    others = [record for record in run.records if run.ending(record) != "succeeded"]
    if others:
        lines += ["", "## Records that did not succeed", ""]
        rows = [_record(run, record) for record in others]
        lines += _table(("record", "key", "payload", "ended", "deliveries"), rows, "records")
    if run.documents:
        lines += ["", "## On-failure documents", ""]
        rows = [_document(document) for document in run.documents]
        lines += _table(("condition", "shard", "records", "from", "to"), rows, "documents")
    summary = run.summary
    lines += [
        "",
        f"Delivered again: {summary.redelivered:,}. "
        f"Largest iterator age: {duration_cell(summary.max_iterator_age_seconds)}. "
        f"Elapsed: {duration_cell(summary.elapsed_seconds)}.",
    ]
    return "\n".join(lines) + "\n"


def _mapping(run: RunFacts) -> Iterator[str]:
    for name, value in run.mapping.to_aws().items():
        if value not in ([], {}, None, {"OnFailure": {}}):
            shown = value if isinstance(value, str) else json.dumps(value)
            yield f"- {name}: {_cell(shown)}"


def _call(run: RunFacts, call: Call) -> tuple[str, ...]:
    return (
        str(call.index),
        since_cell(call.at - run.start_at),
        shard_cell(call.shard_id),
        str(call.attempt),
        which_records(run, call),
        call.outcome,
        _cell(run.with_places(call.reason)),
    )


def _record(run: RunFacts, record: Record) -> tuple[str, ...]:
    payload = bytes_cell(record.data[:MAX_TEXT]) or "(empty)"
    ended, times = run.ending(record), int(run.deliveries(record))
    key = _cell(record.partition_key)
    return (str(run.number_of(record)), key, _cell(payload), ended, f"{times:,}")


def _document(document: dict[str, object]) -> tuple[str, ...]:
    context, info = document.get("requestContext"), document.get("KinesisBatchInfo")
    assert isinstance(context, dict)
    assert isinstance(info, dict)
    first, last = (str(info.get(f"{end}SequenceNumber", "")) for end in ("start", "end"))
    return (
        str(context.get("condition", "")),
        shard_cell(str(info.get("shardId", ""))),
        str(info.get("batchSize", "")),
        number_cell(first),
        number_cell(last),
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], what: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows[:MAX_ROWS]:
        yield f"| {' | '.join(row)} |"
    if len(rows) > MAX_ROWS:
        yield ""
        yield f"and {len(rows) - MAX_ROWS:,} more {what}"


def _cell(text: str) -> str:
    """`text` in a cell: one line, nothing in it is Markdown or acts on a terminal."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    if len(shown) > MAX_TEXT * 2:
        shown = f"{shown[: MAX_TEXT * 2]}…"
    for mark in "\\`*<|":
        shown = shown.replace(mark, f"\\{mark}")
    return shown
