"""What `kcli redrive` prints: each document, its records, what came of it."""

import sys
from collections import Counter
from collections.abc import Iterable

import msgspec

from kinesis_cli.aws.redrive import Redriven
from kinesis_cli.show.cells import counted, cut, number_cell, payload_cell, shard_cell, time_cell
from kinesis_cli.show.console import (
    escape,
    plain,
    stdout_console,
    write_json,
    write_line,
    write_text,
)
from kinesis_cli.stream.event import KinesisEventRecord
from kinesis_cli.stream.record import Record

FEW = 20  # records of a document that have a row each
WIDE = 150  # columns from which on sequence numbers fit whole
_OUTCOMES = {
    "shown": "",
    "handled": "handled",
    "failed": "failed again",
    "replayed": "put again",
    "saved": "saved",
    "expired": "gone",
}


def show_redrive(documents: Iterable[Redriven], source: str, output: str) -> Counter[str]:
    """Print documents as they are taken up, then how many came to what.

    Args:
        documents: in the order of the source.
        source: where they are, for people and programs.
        output: "table", "json" or "ndjson".

    Returns:
        outcome → documents.
    """
    counts: Counter[str] = Counter()
    tally: Counter[str] = Counter()
    kept: list[dict[str, object]] = []
    try:
        for each in documents:
            counts[each.outcome] += 1
            tally.update(
                documents=1, records=len(each.records), missing=each.missing, deleted=each.deleted
            )
            _show(each, output, kept)
    except BaseException:  # Ctrl-C too: what was done, and deleted, is told
        if tally["documents"]:
            _finish(source, output, kept, tally, counts)
        raise
    _finish(source, output, kept, tally, counts)
    return counts


def _show(each: Redriven, output: str, kept: list[dict[str, object]]) -> None:
    if output == "table":
        _show_table(each)
    elif output == "ndjson":
        write_line({"type": "document", **as_document(each)})
    else:
        kept.append(as_document(each))
    if sys.stdout is not None:
        sys.stdout.flush()


def _finish(
    source: str,
    output: str,
    kept: list[dict[str, object]],
    tally: Counter[str],
    counts: Counter[str],
) -> None:
    summary = _summary(tally, counts)
    if output == "json":
        write_json({"version": 1, "source": source, "documents": kept, "summary": summary})
    elif output == "ndjson":
        write_line({"type": "summary", "version": 1, "source": source, **summary})
    else:
        write_text(f"{_sentence(tally, counts, source)}\n")


def as_document(each: Redriven) -> dict[str, object]:
    """A document as JSON, see the contract of `kcli redrive --output json`."""
    document = each.document
    return {
        "id": each.id,
        "condition": document.condition,
        "requestId": document.request_id,
        "shardId": document.shard_id,
        "startSequenceNumber": document.start or None,
        "endSequenceNumber": document.end or None,
        "records": [msgspec.Raw(record.raw) for record in each.records],
        "missing": each.missing,
        "outcome": each.outcome,
        "remark": each.remark or None,
        "deleted": each.deleted,
    }


def _summary(tally: Counter[str], counts: Counter[str]) -> dict[str, object]:
    outcomes = {name: counts[name] for name in _OUTCOMES}
    left = tally["documents"] - tally["deleted"]
    numbers = {name: tally[name] for name in ("documents", "records", "missing", "deleted")}
    return {**numbers, **outcomes, "left": left}


def _sentence(tally: Counter[str], counts: Counter[str], source: str) -> str:
    if not tally["documents"]:
        return f"No on-failure document in {escape(source)}."
    parts = [f"{counted(tally['documents'], 'document')}, {counted(tally['records'], 'record')}"]
    parts += [
        f"{counts[name]:,} {word}" for name, word in _OUTCOMES.items() if word and counts[name]
    ]
    parts += [f"{counted(tally['missing'], 'record')} left the stream"] if tally["missing"] else []
    left = tally["documents"] - tally["deleted"]
    parts.append(f"{tally['deleted']:,} deleted, {left:,} of them left in {escape(source)}")
    return "; ".join(parts) + "."


def _show_table(each: Redriven) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = stdout_console()
    document = each.document
    outcome = _OUTCOMES[each.outcome]
    head = ", ".join(filter(None, (document.condition, f"shard {shard_cell(document.shard_id)}")))
    console.print(plain(f"{each.id}: {head}"), style="bold", soft_wrap=True)
    said = ", ".join(filter(None, (outcome, each.remark, "deleted" if each.deleted else "")))
    if said:
        bad = each.outcome in ("failed", "expired")
        console.print(plain(said), style="red" if bad else "green", soft_wrap=True)
    if each.records:
        table = Table(
            "Sequence number",
            "Partition key",
            "Arrival",
            "Payload",
            box=SIMPLE_HEAD,
            pad_edge=False,
        )
        rows = [_cells(record, whole=console.width >= WIDE) for record in each.records[:FEW]]
        room = console.width - 12 - max(sum(map(len, row[:-1])) for row in rows)
        for *cells, payload in rows:
            table.add_row(*map(plain, cells), plain(cut(escape(payload), max(room, 8))))
        console.print(table)
    if len(each.records) > FEW:
        more = f"and {counted(len(each.records) - FEW, 'more record')}; --output json has all"
        console.print(more, soft_wrap=True)


def _cells(record: Record, *, whole: bool) -> list[str]:
    data = msgspec.json.decode(record.raw, type=KinesisEventRecord).kinesis.data
    return [
        number_cell(record.sequence_number, whole=whole),
        escape(cut(record.partition_key, 40 if whole else 13)),
        time_cell(record.arrival)[0 if whole else 11 :],
        payload_cell(data[:300]),
    ]
