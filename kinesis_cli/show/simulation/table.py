"""A simulation for people: what runs, its calls as they come, what failed, what it means."""

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TypeVar

from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.show.cells import (
    assumed,
    bytes_cell,
    counted,
    cut,
    marked,
    number_cell,
    shard_cell,
    since_cell,
    time_cell,
    wrapped,
)
from kinesis_cli.show.console import escape, plain, stdout_console
from kinesis_cli.show.failed_record import (
    PASSED_AS_IT_IS,
    SHARED_NUMBER,
    payload_lines,
    share_a_number,
    why_lines,
)
from kinesis_cli.show.function import function_origin
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.words import (
    calls_in_words,
    consequences,
    lanes_in_words,
    mapping_in_words,
    points_to_tell,
)
from kinesis_cli.simulation.trace import (
    Attempt,
    Destination,
    ExpiredRecords,
    FailedRecord,
    FilteredRecords,
    Invocation,
    Row,
    Summary,
)

T = TypeVar("T")
WHOLE_NUMBERS_FROM = 150  # columns
FIRST_ROWS, LAST_ROWS = 12, 4  # what stays of a long list without --all
OUTCOME_STYLES = {"success": "green", "partial": "yellow", "failed": "red", "throttled": "magenta"}


class TableView:
    """For people, from top to bottom: what runs, the invocations, what failed, what it means.

    Invocations are shown as they come; of a long list the middle is left out, unless all are asked
    for. What is kept until the end is bounded.
    """

    def __init__(self, run: Run, *, show_all: bool) -> None:
        self._run, self._show_all = run, show_all
        self._console = stdout_console()
        self._whole_numbers = self._console.width >= WHOLE_NUMBERS_FROM
        self._shown = 0
        self._last: deque[Invocation] = deque(maxlen=LAST_ROWS)
        self._folded = 0
        self._failed: list[FailedRecord] = []
        self._documents: list[Destination] = []
        # Records of batches that never reached the function → first attempt, last one
        self._never_called: dict[tuple[str, ...], tuple[Attempt, Attempt]] = {}
        self._left_out: Counter[str] = Counter()
        self._explanations: dict[str, str] = {}
        self._head()

    def row(self, row: Row) -> None:
        """Show an invocation, or keep what comes below them."""
        match row:
            case Invocation():
                self._invocation(row)
            case FailedRecord():
                self._keep(self._failed, row, "record")
            case Attempt():
                first, _ = self._never_called.get(row.sequence_numbers, (row, row))
                self._never_called[row.sequence_numbers] = first, row
            case Destination():
                self._keep(self._documents, row, "document")
            case FilteredRecords(explanations=explanations):
                self._explanations.update(explanations)
            case ExpiredRecords():
                pass

    def finish(self, summary: Summary) -> None:
        """Show the rest."""
        for row in self._last:
            self._print_invocation(row)
        if not self._shown and not self._last:
            self._line("  none", "dim")
        self._attempts()
        self._failed_records()
        self._filtered_records(summary)
        self._on_failure_documents()
        self._summary(summary)

    def _keep(self, rows: list[T], row: T, noun: str) -> None:
        if self._show_all or len(rows) < FIRST_ROWS + LAST_ROWS:
            rows.append(row)
        else:
            self._left_out[noun] += 1

    # What runs

    def _head(self) -> None:
        run = self._run
        records = f"{counted(run.records, 'record')} on {counted(run.shards, 'shard')}"
        origin = function_origin(run.handler_origin, run.interpreter)
        self._labelled("handler", f"{run.handler} ({run.runtime})", origin)
        self._labelled("mapping", mapping_in_words(run.mapping), f"from {run.mapping_origin}")
        self._labelled(
            "stream",
            f"{records}, from {run.source}",
            f"virtual time starts at {time_cell(run.start_at)}" if run.records else "",
        )
        self._heading("Invocations")

    def _labelled(self, label: str, text: str, origin: str) -> None:
        self._console.print(plain(f"{label:9}"), style="bold", end="")
        self._wrapped(text, indent=9)
        if origin:
            self._console.print(" " * 9, end="")
            self._wrapped(origin, indent=9, style="dim")

    # Invocations

    def _invocation(self, row: Invocation) -> None:
        if self._show_all or self._shown < FIRST_ROWS:
            self._shown += 1
            self._print_invocation(row)
            return
        if len(self._last) == LAST_ROWS:
            self._folded += 1
        self._last.append(row)

    def _print_invocation(self, row: Invocation) -> None:
        if row is (self._last[0] if self._last else None) and self._folded:
            folded = f"  … {counted(self._folded, 'more invocation')} (--all shows them all)"
            self._line(folded, "dim")
        if row.index == 0:
            heading = f"{'#':>5} {'time':>9} {'shard':>5} {'try':>3} {'size':>5}  {'outcome':9}  "
            self._line(f"{heading}what followed")
        at = since_cell(row.at - self._run.start_at)
        shard = cut(shard_cell(row.shard_id), 5)
        size = len(row.sequence_numbers)
        cells = f"{row.index:>5} {at:>9} {shard:>5} {row.attempt:>3} {size:>5}  "
        outcome = f"{row.outcome:9}  "
        self._console.print(plain(cells), end="")
        self._console.print(plain(outcome), style=OUTCOME_STYLES[row.outcome], end="")
        self._wrapped(self._shorter(without_points(row.reason)), indent=len(cells) + len(outcome))

    def _shorter(self, reason: str) -> str:
        """The reason with its long numbers cut, where the terminal is narrow."""
        if self._whole_numbers:
            return reason
        return re.sub(r"\d{20,}", lambda number: number_cell(number[0]), reason)

    def _attempts(self) -> None:
        """Tell of the batches that never reached the function, a line each."""
        if not self._never_called:
            return
        self._heading("Attempts that never reached the function")
        shown = list(self._never_called.values())
        if not self._show_all:
            del shown[FIRST_ROWS:]
        for first, last in shown:
            at = since_cell(first.at - self._run.start_at)
            cells = f"{'-':>5} {at:>9} {cut(shard_cell(first.shard_id), 5):>5}  "
            covered = self._covered(first.sequence_numbers)
            times = f"{counted(last.attempt, 'attempt')}, " if last.attempt > 1 else ""
            self._hanging(cells, f"{covered}: {times}{self._shorter(without_points(last.reason))}")
        self._more(len(self._never_called) - len(shown), "more batch")

    def _covered(self, numbers: Sequence[str]) -> str:
        """`2 records, …588898 to …588901`."""
        covered = counted(len(numbers), "record")
        if numbers:
            covered += f", {number_cell(numbers[0], whole=self._whole_numbers)}"
        if len(numbers) > 1:
            covered += f" to {number_cell(numbers[-1], whole=self._whole_numbers)}"
        return covered

    # What failed

    def _failed_records(self) -> None:
        if not self._failed:
            return
        self._heading("Records that failed (batchItemFailures, or alone in a failed call)")
        width = 56 if self._whole_numbers else 13
        self._line(
            f"  {'sequence number':{width}} {'shard':>5}  {self._run.key_title:14} {'arrived':>10} "
            f"{'calls':>5}  ended"
        )
        for record in self._failed:
            self._failed_record(record, width)
        if any(record.packing for record in self._failed):
            self._wrapped(f"  {PASSED_AS_IT_IS}", indent=2, style="dim")
        self._more(self._left_out["record"], "more record")
        if share_a_number(self._failed):
            self._hanging("  ", SHARED_NUMBER)

    def _failed_record(self, record: FailedRecord, width: int) -> None:
        number = number_cell(record.sequence_number, whole=self._whole_numbers)
        key = cut(escape(record.partition_key), 14)
        arrived = since_cell(record.arrival - self._run.start_at)
        style = "green" if record.ended == "succeeded" else "red"
        shard = cut(shard_cell(record.shard_id), 5)
        heading = max(width, 15)
        self._console.print(
            plain(
                f"  {number:{heading}} {shard:>5}  {key:14} {arrived:>10} {record.deliveries:>5}  "
            ),
            end="",
        )
        self._console.print(record.ended, style=style)
        for line in payload_lines(_payload_of(record), self._console.width):
            self._line(line, "dim")
        for line in why_lines(record.why, self._console.width):
            self._line(line)

    def _filtered_records(self, summary: Summary) -> None:
        if not summary.filtered:
            return
        self._heading("Records that match no filter")
        for number, explanation in self._explanations.items():
            cell = number_cell(number, whole=self._whole_numbers)
            self._hanging(f"  {cell}  ", explanation)
        left_out = summary.filtered - len(self._explanations)
        if left_out:
            self._line(
                f"  … {counted(left_out, 'more record')} (--explain tells of any one)", "dim"
            )

    def _on_failure_documents(self) -> None:
        if not self._documents:
            return
        on_failure = self._destination_arn()
        self._heading(
            f"On-failure documents → {on_failure or 'nowhere: no destination configured'}"
        )
        for row in self._documents:
            self._document(row)
        self._more(self._left_out["document"], "more document")

    def _document(self, row: Destination) -> None:
        context = row.document["requestContext"]
        assert isinstance(context, Mapping)
        covered = self._covered(row.sequence_numbers)
        at = since_cell(row.at - self._run.start_at)
        count = context["approximateInvokeCount"]
        shard = shard_cell(row.shard_id)
        condition = f"{context['condition']}, count {count}"
        self._hanging(f"  {at:>10}  ", f"{condition}: shard {shard}, {covered}")
        if row.s3_key is not None:
            self._line(f"              {row.s3_key}", "dim")

    def _destination_arn(self) -> str | None:
        config = self._run.mapping.get("DestinationConfig")
        on_failure = config.get("OnFailure") if isinstance(config, Mapping) else None
        arn = on_failure.get("Destination") if isinstance(on_failure, Mapping) else None
        return str(arn) if arn else None

    # What it means

    def _summary(self, summary: Summary) -> None:
        self._heading("Summary")
        ends = [
            (summary.succeeded, "succeeded", "green"),
            (summary.discarded, "discarded", "red"),
            (summary.expired, "expired", "red"),
            (summary.filtered, "filtered", ""),
            (summary.skipped, "skipped (before the starting position)", ""),
            (summary.undelivered, "undelivered", "yellow"),
        ]
        self._console.print(plain(f"  {counted(summary.records, 'record')}"), end="")
        for place, (count, name, style) in enumerate(end for end in ends if end[0]):
            self._console.print(plain(", " if place else ": "), end="")
            self._console.print(plain(f"{count:,} {name}"), style=style, end="")
        self._console.print()
        self._line(f"  {calls_in_words(summary, 'invocation')}")
        if summary.other_reading is not None:
            self._console.print("  ~ ", end="")
            self._wrapped(lanes_in_words(summary, summary.other_reading), indent=4)
        for sentence in consequences(summary, has_destination=self._destination_arn() is not None):
            self._console.print("  ! ", style="yellow", end="")
            self._wrapped(sentence, indent=4, style="yellow")
        if points := points_to_tell(summary):
            self._console.print("  ? ", style="dim", end="")
            self._wrapped(assumed(points), indent=4, style="dim")

    # Lines

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(plain(text), style="bold")

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(plain(text), style=style, soft_wrap=True)

    def _wrapped(self, text: str, *, indent: int, style: str = "") -> None:
        """Text that goes on where the cursor is, `indent` columns from the left."""
        first, *others = wrapped(escape(text), max(self._console.width - indent, 20))
        self._line(first, style)
        for line in others:
            self._line(" " * indent + line, style)

    def _hanging(self, label: str, text: str) -> None:
        """A label, and a text that is wrapped beside it."""
        self._console.print(plain(label), end="")
        self._wrapped(text, indent=len(label))

    def _more(self, count: int, noun: str) -> None:
        if count:
            self._line(f"  … {counted(count, noun)} (--all shows them all)", "dim")


def _payload_of(record: FailedRecord) -> str:
    return marked(bytes_cell(record.data), record.packing)
