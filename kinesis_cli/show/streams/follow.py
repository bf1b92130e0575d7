"""What `kcli put --follow` prints: what became of each record."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import asdict, astuple

from kinesis_cli.following.followed import ENDINGS, Ending, Figures, Followed, Reader
from kinesis_cli.following.words import ending_cell, ending_in_words
from kinesis_cli.show.cells import counted, cut, duration_cell, number_cell, shard_cell
from kinesis_cli.show.console import escape, flush, plain, stdout_console, write_line, write_text
from kinesis_cli.show.progress import ProgressLine
from kinesis_cli.show.shapes import following as shapes

FEW = 20  # records that have a row each; of more, only those that somebody has to look after
_SHARES = (0.5, 0.99, 1.0)
_SAID: tuple[Ending, ...] = ("handled", *(e for e in reversed(ENDINGS) if e != "handled"))
_WIDE = 150  # columns from which on numbers and request ids are shown whole


class FollowView:
    """Shows what becomes of records.

    Args:
        readers: the mappings that are followed.
        output: "table", "json" or "ndjson".
        clock: whose clock says when something ended, for people.
        caveat: what is said where something that happened may be missing.
    """

    def __init__(self, readers: Iterable[Reader], output: str, clock: str, caveat: str) -> None:
        self._output, self._clock, self._caveat = output, clock, caveat
        self._is_whole = True
        self._readers = {each.mapping: each for each in readers}
        self.figures = {mapping: Figures() for mapping in self._readers}
        self._rows: list[Followed] = []  # all for JSON, else some of the first
        self._bad: list[Followed] = []  # the first of them
        self._progress = ProgressLine()

    def add(self, rows: Sequence[Followed]) -> None:
        """Records have ended, or will not any more as far as it is seen."""
        for row in rows:
            self.figures[row.mapping].add(row)
            self._is_whole &= row.is_whole
            if self._output == "ndjson":
                write_line(shapes.FollowedRow(*astuple(row)))
            elif self._output == "json" or len(self._rows) <= FEW:
                self._rows.append(row)
            if not row.is_good and len(self._bad) < FEW:
                self._bad.append(row)
        if rows and self._output == "ndjson":
            flush()  # whoever reads them need not wait for the others

    def progress(self, still_open: int, in_call: int) -> None:
        """So many are still to end, of which so many are in a call."""
        ended = sum(each.records for each in self.figures.values())
        self._progress.say(
            lambda: f"{ended:,} ended, {still_open:,} to come, {in_call:,} in a call"
        )

    def close(self) -> None:
        """Take the progress off the screen."""
        self._progress.close()

    @property
    def bad(self) -> int:
        """Records that somebody has to look after, once for each mapping."""
        return sum(each.bad for each in self.figures.values())

    def document(self, *, timed_out: bool) -> shapes.FollowedRecords:
        """What became of all records."""
        records = [shapes.Followed(*astuple(row)) for row in self._rows]
        summary = self._summary(timed_out=timed_out)
        return shapes.FollowedRecords(**asdict(summary), records=records)

    def _summary(
        self, shape: type[shapes.FollowedSummary] = shapes.FollowedSummary, *, timed_out: bool
    ) -> shapes.FollowedSummary:
        return shape(
            timed_out=timed_out,
            clock=self._clock,
            functions=[
                _figures(self._readers[mapping], each) for mapping, each in self.figures.items()
            ],
        )

    def finish(self, *, timed_out: bool) -> None:
        """The result; of "json" the document of the put has it."""
        self.close()
        if self._output == "ndjson":
            write_line(self._summary(shapes.FollowedSummaryRow, timed_out=timed_out))
        elif self._output == "table":
            self._table()

    def _table(self) -> None:
        many = sum(each.records for each in self.figures.values()) > FEW
        rows = self._bad if many else self._rows
        rows = sorted(rows, key=lambda row: (row.index, row.function))
        if rows:
            _show_rows(rows, several=len(self._readers) > 1)
        for line in self._sentences(rows):
            write_text(f"{line}\n")
        bad = sum(each.bad for each in self.figures.values())
        if many and bad > len(self._bad):
            write_text(f"… and {bad - len(self._bad):,} more; --output ndjson has all\n")
        for mapping, each in self.figures.items():
            if each.records:
                write_text(f"{escape(_in_words(self._readers[mapping].function, each))}.\n")
        if any(each.latencies(1.0) for each in self.figures.values()):
            write_text(f"Latency by {escape(self._clock)}.\n")
        if not self._is_whole:
            write_text(f"{escape(self._caveat)}\n")

    def _sentences(self, rows: Iterable[Followed]) -> Iterator[str]:
        """Why records ended so, once for those that are alike."""
        alike: dict[tuple[str, str], list[Followed]] = {}
        for row in filter(_is_worth_a_line, rows):
            alike.setdefault((row.function, ending_in_words(row)), []).append(row)
        width = max(4 * stdout_console().width, 300)
        for (function, sentence), same in alike.items():
            whose = f"{same[0].index}"
            if inside := same[0].records - 1:
                whose += f" (and {inside:,} with it)"
            if others := len(same) - 1:
                whose += f" and {others:,} more"
            if len(self._readers) > 1:
                whose += f" of {function}"
            yield cut(escape(f"{whose}: {sentence}"), width)


def _is_worth_a_line(row: Followed) -> bool:
    return not row.is_good or row.ended == "called" or (row.deliveries or 0) > 1


def _show_rows(rows: Sequence[Followed], *, several: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.table import Table

    console = stdout_console()
    is_wide = console.width >= _WIDE
    columns: dict[str, list[str]] = {
        "#": [f"{row.index}" for row in rows],
        "Shard": [escape(shard_cell(row.shard_id)) for row in rows],
        "Number": [number_cell(row.sequence_number, whole=is_wide) for row in rows],
        "Function": [escape(row.function) for row in rows] if several else [],
        "Calls": [_calls_cell(row) for row in rows],
        "Call": [escape("".join(row.calls[-1:])[: None if is_wide else 8]) for row in rows],
        "Ended": [ending_cell(row) for row in rows],
        "Latency": [_latency_cell(row) for row in rows],
    }
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    widths = {name: max(map(cell_len, (name, *cells))) for name, cells in columns.items() if cells}
    # Where not all fits, the functions are cut: rich would take the room from all columns.
    room = console.width - 2 * len(widths) - sum(widths.values()) + widths.get("Function", 0)
    for name, width in widths.items():
        right = name in ("#", "Calls", "Latency")
        wanted = min(width, max(room, 8)) if name == "Function" else width
        table.add_column(
            name,
            justify="right" if right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=wanted,
        )
    for number, row in enumerate(rows):
        cells = [plain(columns[name][number]) for name in widths]
        table.add_row(*cells, style="" if row.is_good else "bold red")
    console.print(table)


def _calls_cell(row: Followed) -> str:
    return "not told" if row.deliveries is None else f"{row.deliveries:,}"


def _latency_cell(row: Followed) -> str:
    return "" if row.latency_seconds is None else duration_cell(row.latency_seconds)


def _in_words(function: str, figures: Figures) -> str:
    endings = figures.endings
    parts = [
        f"{endings[each]:,} {'not told' if each == 'notTold' else each}"
        for each in _SAID
        if endings[each]
    ]
    if figures.again:
        parts[0] += f" ({figures.again:,} after more than one delivery)"
    many = counted(figures.records, "record")
    if figures.packed:
        many = f"{counted(figures.records, 'aggregate')} of {counted(figures.packed, 'record')}"
    text = f"{function}: {many}: {', '.join(parts)}"
    if latencies := figures.latencies(*_SHARES):
        half, most, longest = map(duration_cell, latencies)
        text += (
            f"; latency {longest}"
            if figures.records == 1
            else (f"; latency p50 {half}, p99 {most}, longest {longest}")
        )
    return text


def _figures(reader: Reader, figures: Figures) -> shapes.FollowedFunction:
    half, most, longest = figures.latencies(*_SHARES) or (None, None, None)
    ended = figures.endings
    return shapes.FollowedFunction(
        mapping=reader.mapping,
        function=reader.function,
        records=figures.records,
        again=figures.again,
        packed=figures.packed,
        handled=ended["handled"],
        filtered=ended["filtered"],
        called=ended["called"],
        not_told=ended["notTold"],
        waiting=ended["waiting"],
        dropped=ended["dropped"],
        expired=ended["expired"],
        discarded=ended["discarded"],
        latency_seconds=shapes.Latencies(p50=half, p99=most, max=longest),
    )
