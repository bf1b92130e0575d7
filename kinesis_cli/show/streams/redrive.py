"""What `kcli redrive` prints: each document, its records, what came of it."""

import sys
from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec.structs import asdict

from kinesis_cli.redriving.actions import Redriven
from kinesis_cli.show.cells import counted, cut, payload_cell, shard_cell, time_cell, wrapped
from kinesis_cli.show.console import (
    escape,
    plain,
    stdout_console,
    write_json,
    write_line,
    write_text,
)
from kinesis_cli.show.failed_record import NOT_NAMED, SHARED_NUMBER, share_a_number, why_lines
from kinesis_cli.show.shapes import redrive as shapes
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import data_of

FEW = 20  # records of a document that are shown
WIDE = 130  # columns from which on all of a record fits one line
_OUTCOMES = {
    "shown": "",
    "handled": "handled",
    "failed": "failed",
    "replayed": "put again",
    "saved": "saved",
    "expired": "gone",
}


def show_redrive(
    documents: Iterable[Redriven], source: str, output: str, *, is_selection: bool
) -> Counter[str]:
    """Print documents as they are taken up, then how many came to what.

    Args:
        documents: in the order of the source.
        source: where they are, for people and programs.
        output: "table", "json" or "ndjson".
        is_selection: there may be others.

    Returns:
        outcome → documents.
    """
    counts: Counter[str] = Counter()
    tally: Counter[str] = Counter()
    kept: list[shapes.RedrivenDocument] = []
    try:
        for each in documents:
            counts[each.outcome] += 1
            tally.update(
                documents=1,
                records=len(each.records),
                missing=each.missing,
                deleted=int(each.deleted),
            )
            _show(each, output, kept)
    except BaseException:  # Ctrl-C too: what was done, and deleted, is told
        if tally["documents"]:
            _finish(source, output, kept, tally, counts)
        raise
    if output == "table" and not tally["documents"]:
        meant = " that --select names" if is_selection else ""
        write_text(f"No on-failure document{meant} in {escape(source)}.\n")
    else:
        _finish(source, output, kept, tally, counts)
    return counts


def _show(each: Redriven, output: str, kept: list[shapes.RedrivenDocument]) -> None:
    if output == "table":
        _show_table(each)
    elif output == "ndjson":
        write_line(as_document(each, shapes.RedrivenRow))
    else:
        kept.append(as_document(each))
    if sys.stdout is not None:
        sys.stdout.flush()


def _finish(
    source: str,
    output: str,
    kept: list[shapes.RedrivenDocument],
    tally: Counter[str],
    counts: Counter[str],
) -> None:
    summary = _summary(tally, counts)
    if output == "json":
        write_json(shapes.Redrive(version=1, source=source, documents=kept, summary=summary))
    elif output == "ndjson":
        write_line(shapes.RedriveSummaryRow(version=1, source=source, **asdict(summary)))
    else:
        write_text(f"{_sentence(tally, counts, source)}\n")


def as_document(
    each: Redriven, shape: type[shapes.RedrivenDocument] = shapes.RedrivenDocument
) -> shapes.RedrivenDocument:
    """A document as JSON."""
    document = each.document
    return shape(
        id=each.id,
        condition=document.condition,
        request_id=document.request_id,
        shard_id=document.shard_id,
        start_sequence_number=document.start or None,
        end_sequence_number=document.end or None,
        records=[msgspec.Raw(record.line) for record in each.records],
        missing=each.missing,
        batch_item_failures=list(dict.fromkeys(record.sequence_number for record in each.failed)),
        outcome=each.outcome,
        remark=each.remark or None,
        deleted=each.deleted,
    )


def _summary(tally: Counter[str], counts: Counter[str]) -> shapes.RedriveSummary:
    return shapes.RedriveSummary(
        documents=tally["documents"],
        records=tally["records"],
        missing=tally["missing"],
        deleted=tally["deleted"],
        **{name: counts[name] for name in _OUTCOMES},
        left=tally["documents"] - tally["deleted"],
    )


def _sentence(tally: Counter[str], counts: Counter[str], source: str) -> str:
    parts = [f"{counted(tally['documents'], 'document')}, {counted(tally['records'], 'record')}"]
    parts += [
        f"{counts[name]:,} {word}" for name, word in _OUTCOMES.items() if word and counts[name]
    ]
    parts += [f"{counted(tally['missing'], 'record')} left the stream"] if tally["missing"] else []
    left = tally["documents"] - tally["deleted"]
    parts.append(f"{tally['deleted']:,} deleted, {left:,} of them left in {escape(source)}")
    return "; ".join(parts) + "."


def _show_table(each: Redriven) -> None:
    document, console = each.document, stdout_console()
    calls = f" after {counted(document.invoke_count, 'call')}" if document.invoke_count else ""
    _line(
        f"{document.request_id or each.id}: {document.condition}{calls}, shard "
        f"{shard_cell(document.shard_id)} of {document.kind.source_name(document.stream)}",
        "bold",
    )
    outcome = _OUTCOMES[each.outcome]
    said = ", ".join(filter(None, (outcome, each.remark, "deleted" if each.deleted else "")))
    if said:
        _line(f"  {said}", "red" if each.outcome in ("failed", "expired") else "green")
    records = each.failed or each.records  # those that are left
    for record in records[:FEW]:
        for line in _lines(record, console.width):
            _line(line)
        if (why := each.whys.get(record.sequence_number)) is not None:
            for line in why_lines(why or NOT_NAMED, console.width):
                _line(line)
    if share_a_number(each.failed):
        for line in wrapped(SHARED_NUMBER, max(console.width - 2, 20)):
            _line(f"  {line}")
    if len(records) > FEW:
        _line(f"  and {counted(len(records) - FEW, 'more record')}; --output json has all")


def _lines(record: Record, width: int) -> list[str]:
    """A record in lines of `width`; the sequence number whole, for --select."""
    key = cut(escape(record.partition_key), 20)
    rest = f"{time_cell(record.arrival)}  {key}  {escape(payload_cell(data_of(record))[:300])}"
    if width >= WIDE:
        return [cut(f"  {record.sequence_number}  {rest}", width)]
    return [f"  {record.sequence_number}", cut(f"    {rest}", width)]


def _line(text: str, style: str = "") -> None:
    stdout_console().print(plain(text), style=style, soft_wrap=True)
