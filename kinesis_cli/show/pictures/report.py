"""A run as a page: what happened in words, the timeline, what failed, and the settings."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.event_source_mapping.unsure import without_points
from kinesis_cli.lint.rule import Finding
from kinesis_cli.picture.calls import Calls, differences, packed
from kinesis_cli.picture.drawing import LETTERS, Cell, Drawing, Picture
from kinesis_cli.picture.lanes import CallLanes
from kinesis_cli.picture.waiting import Waiting
from kinesis_cli.places.url import Place
from kinesis_cli.show.cells import bytes_cell, counted, marked, since_cell, time_cell
from kinesis_cli.show.console import escape, json_text
from kinesis_cli.show.failed_record import why_in_words
from kinesis_cli.show.mapping_in_words import effects
from kinesis_cli.show.pictures.one_file import page, write_page
from kinesis_cli.show.simulation.run import Run
from kinesis_cli.show.simulation.words import calls_in_words, consequences
from kinesis_cli.simulation.trace import Destination, FailedRecord, Invocation, Row, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 270_000  # of data, for all but the picture of a run of more calls than are kept
MAX_CELLS = 400_000  # of that picture
COLUMNS = 2_000
SHOWN_NUMBERS = 100  # sequence numbers of a call


@dataclass(frozen=True, slots=True)
class About:
    """What the head of a report says."""

    run: Run
    mapping: EventSourceMapping
    command: str  # that makes it again
    findings: tuple[Finding, ...] = ()  # of kcli lint, on its mapping


class Report:
    """Takes the rows of a run, writes its report at the end. The file appears whole.

    Args:
        path: of the report; None: it is a part of another one.
        about: the run.
        told: whether the user is told where the file is.
    """

    def __init__(self, path: Place | None, about: About, *, told: bool = True) -> None:
        self._path, self._about, self._told = path, about, told
        self._summary = Summary()
        lanes = CallLanes()
        self._calls = Calls(about.run.start_at, lanes)
        self._drawing = Drawing(about.run.start_at, lanes=lanes)

    @property
    def waiting(self) -> Waiting:
        """To be told of records."""
        return self._drawing.waiting

    def row(self, row: Row) -> None:
        """Keep what happened."""
        self._calls.row(row)
        self._drawing.row(row)

    def finish(self, summary: Summary) -> None:
        """Write the report, if it is one of its own.

        Raises:
            InputError: it cannot be written.
        """
        self._summary = summary
        if self._path is not None:
            title = f"{self._about.run.source}: {self._about.run.handler}"
            write_page(self._path, page("report", title, self.document()), told=self._told)

    def document(self) -> dict[str, object]:
        """What the page draws."""
        return _document(self._about, self._summary, self._calls, self._drawing)


def write_comparison(
    path: Place,
    names: "Sequence[str]",
    reports: "Sequence[Report]",
    rows: "Sequence[Sequence[str]]",
) -> None:
    """Write the reports of several runs side by side, on the same time, below a table of figures.

    Args:
        path: of the file.
        names: of the runs.
        reports: of the runs.
        rows: of the table, each with what it tells and a cell for each run.

    Raises:
        InputError: it cannot be written.
    """
    about = reports[0]._about
    documents = [report.document() for report in reports]
    for document, name in zip(documents, names, strict=True):
        head = document["head"]
        assert isinstance(head, dict)
        head["name"] = escape(name)
    title = f"{about.run.source}: {len(names)} mappings"
    write_page(
        path,
        page(
            "report",
            title,
            {
                "runs": documents,
                "end": max(int(str(document["end"])) for document in documents),
                "comparison": {
                    "title": escape(title),
                    "names": [escape(name) for name in names],
                    "rows": rows,
                },
            },
        ),
    )


def _document(about: About, summary: Summary, calls: Calls, drawing: Drawing) -> dict[str, object]:
    document: dict[str, object] = {
        "head": _head(about, summary),
        "shards": [escape(shard_id) for shard_id in calls.shard_ids],
        "lanes": calls.lanes,
        "order": sorted(range(len(calls.shard_ids)), key=calls.shard_ids.__getitem__),
        "end": round((drawing.end - about.run.start_at) * 1e6),
        "count": calls.count,
    }
    document |= _ages_and_marks(drawing, calls.shard_ids)
    if calls.are_all_kept:
        document["calls"] = {
            name: packed(differences(column) if name == "at" else column)
            for name, column in calls.columns()
        }
    else:
        document["cells"] = _cells(drawing, calls)
    room = max(MAX_BYTES - len(json_text(document.get("calls", {}))), MAX_BYTES // 4)
    tell = partial(_told, start_at=about.run.start_at)
    document["details"], details = _as_fits(calls.details.items(), tell, room * 6 // 10)
    document["failed"], failed = _as_fits(calls.failed, tell, room * 3 // 10)
    document["documents"], documents = _as_fits(calls.documents, tell, room // 10)
    document["leftOut"] = {
        "failed": failed + calls.more_failed,
        "documents": documents + calls.more_documents,
        "details": details,
    }
    return document


def _head(about: About, summary: Summary) -> dict[str, object]:
    run = about.run
    return {
        "handler": escape(f"{run.handler} ({run.runtime})"),
        "origin": escape(run.handler_origin),
        "mappingOrigin": escape(run.mapping_origin),
        "stream": escape(
            f"{counted(run.records, 'record')} on {counted(run.shards, 'shard')}, from {run.source}"
        ),
        "startsAt": time_cell(run.start_at),
        "command": escape(about.command),
        "settings": [
            [escape(each.name), escape(each.value), escape(each.effect)]
            for each in effects(about.mapping)
        ],
        "summary": [escape(line) for line in _in_words(about, summary)],
        "endings": {
            name: getattr(summary, name)
            for name in ("succeeded", "discarded", "expired", "filtered", "skipped", "undelivered")
        },
        "unsure": list(summary.unsure),
        "findings": [
            [each.level.value, each.rule.id, *map(escape, (each.message, each.effect, each.advice))]
            for each in about.findings
        ],
    }


def _in_words(about: About, summary: Summary) -> list[str]:
    return [
        calls_in_words(summary, "call"),
        *consequences(summary, has_destination=about.mapping.destination is not None),
    ]


def _ages_and_marks(drawing: Drawing, shard_ids: "Sequence[str]") -> dict[str, object]:
    picture = drawing.picture(COLUMNS // 4)
    places = {shard_id: place for place, shard_id in enumerate(shard_ids)}
    marks = [
        [places[shard.shard_id], column, mark.discarded, mark.expired]
        for shard in picture.shards
        for column, mark in enumerate(shard.marks)
        if mark.discarded or mark.expired
    ]
    ages = [round(age, 3) if age >= 0 else None for age in picture.ages()]
    waiting = packed(picture.waiting)
    return {"columns": picture.columns, "ages": ages, "marks": marks, "waiting": waiting}


def _cells(drawing: Drawing, calls: Calls) -> dict[str, object]:
    """The picture of a run of many calls: for each lane, the worst of each column."""
    lanes = max(sum(calls.lanes), 1)
    picture: Picture = drawing.picture(max(min(COLUMNS, MAX_CELLS // lanes), 50))
    return {
        "columns": picture.columns,
        "lanes": {
            escape(shard.shard_id): ["".join(map(_letter, lane)) for lane in shard.lanes]
            for shard in picture.shards
        },
        "tries": {
            escape(shard.shard_id): [
                {str(n): cell.attempt for n, cell in enumerate(lane) if cell.failed_again}
                for lane in shard.lanes
            ]
            for shard in picture.shards
        },
    }


def _letter(cell: Cell) -> str:
    return LETTERS[cell.kind]


def _as_fits(
    things: Iterable[object], tell: Callable[[object], object], room: int
) -> tuple[list[object], int]:
    """As many as there are bytes for, and how many were left out."""
    told: list[object] = []
    left_out = 0
    for thing in things:
        document = tell(thing)
        room -= len(json_text(document))
        if room < 0:
            left_out += 1
        else:
            told.append(document)
    return told, left_out


def _told(thing: object, *, start_at: float) -> object:
    match thing:
        case (int() as place, Invocation() as row):
            return _call(place, row)
        case FailedRecord() as row:
            return {
                "number": row.sequence_number,
                "shard": escape(row.shard_id),
                "key": escape(row.partition_key),
                "arrived": since_cell(row.arrival - start_at),
                "calls": row.deliveries,
                "ended": row.ended,
                "payload": escape(marked(bytes_cell(row.data), row.packing)),
                "why": escape(why_in_words(row.why)) if row.why else "",
            }
        case Destination() as row:
            text = json_text(row.document)
            return {"at": since_cell(row.at - start_at), "document": text}
    raise AssertionError(thing)


def _call(place: int, row: Invocation) -> dict[str, object]:
    numbers = row.sequence_numbers
    told: dict[str, object] = {
        "n": place,
        "id": row.request_id,
        "shard": escape(row.shard_id),
        "reason": escape(without_points(row.reason)),
        "numbers": numbers if len(numbers) <= SHOWN_NUMBERS else [numbers[0], "…", numbers[-1]],
    }
    if row.batch_item_failures:
        told["reported"] = [escape(number) for number in row.batch_item_failures[:SHOWN_NUMBERS]]
    if row.error is not None:
        told["error"] = escape(f"{row.error.error_type}: {row.error.error_message}")
    return told
