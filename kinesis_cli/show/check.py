"""The result of `kcli check`: a page for people, JSON, a line for each property, JUnit's XML."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

import msgspec
from msgspec.structs import asdict

from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.show.ansi import BOLD, DIM, GREEN, RED, coloured, is_styled, width
from kinesis_cli.show.cells import counted, cut, payload_cell, wrapped
from kinesis_cli.show.console import escape, write_json, write_line
from kinesis_cli.show.function import function_document, function_origin
from kinesis_cli.show.shapes import check as shapes
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import data_of
from kinesis_cli.testing.search.report import Aftermath, CheckReport, Failure, PropertyResult

MAX_RECORDS = 5  # of a failure that the page shows
_LABEL = 9  # columns of the words at the left
_NAME = 18
_SIGNS = {"held": "✓", "failed": "✗", "left out": "–"}
_COLOURS = {"held": GREEN, "failed": RED, "left out": DIM}


def show_check(report: CheckReport, interpreter: Interpreter | None, output: str) -> None:
    """Print a report.

    Args:
        report: what was found.
        interpreter: that runs the function, where it is Python.
        output: "table", "json" or "ndjson".
    """
    if output == "json":
        write_json(check_document(report, interpreter))
    elif output == "ndjson":
        for line in _lines(report, interpreter):
            write_line(line)
    elif sys.stdout is not None:
        _Page().show(report, interpreter)


def check_document(report: CheckReport, interpreter: Interpreter | None) -> shapes.Check:
    """A report as JSON, version 1."""
    properties = [_property(each) for each in report.results]
    return shapes.Check(**asdict(_head(report, interpreter)), properties=properties)


def _lines(
    report: CheckReport, interpreter: Interpreter | None
) -> Iterator[shapes.CheckRow | shapes.Property]:
    yield shapes.CheckRow(**asdict(_head(report, interpreter)))
    for each in report.results:
        yield _property(each, shapes.PropertyRow)


def _head(report: CheckReport, interpreter: Interpreter | None) -> shapes.CheckHead:
    return shapes.CheckHead(
        version=1,
        function=function_document(report.handler, report.runtime, interpreter),
        mapping=report.mapping,
        samples=shapes.Samples(origin=report.samples_origin, payloads=report.samples),
        seed=report.seed,
        batches=report.batches,
        command=report.command,
    )


def _property(
    result: PropertyResult, shape: type[shapes.Property] = shapes.Property
) -> shapes.Property:
    return shape(
        name=result.name,
        meaning=result.meaning,
        verdict=result.verdict,
        why=result.why or None,
        failure=None if result.failure is None else _failure(result.failure),
    )


def _failure(failure: Failure) -> shapes.Failure:
    return shapes.Failure(
        problem=failure.sentence,
        records=_records(failure.records),
        made_of=failure.made_of,
        repeats=failure.repeats,
        before=[_records(batch) for batch in failure.before],
        function=failure.did,
        aftermath=None if failure.aftermath is None else _aftermath(failure.aftermath),
        test=failure.test_file,
        event=failure.event_file,
    )


def _records(records: Iterable[Record]) -> list[Mapping[str, object]]:
    return [msgspec.json.decode(record.raw) for record in records]


def _aftermath(aftermath: Aftermath) -> shapes.Aftermath:
    summary = aftermath.summary
    block = summary.longest_block
    return shapes.Aftermath(
        then=aftermath.sentence,
        records=summary.records,
        succeeded=summary.succeeded,
        discarded=summary.discarded,
        expired=summary.expired,
        invocations=summary.invocations,
        blocked_seconds=0.0 if block is None else round(block.seconds, 3),
    )


def junit(report: CheckReport) -> str:
    """A report in JUnit's XML, a test case for each property.

    Source: https://github.com/testmoapp/junitxml
    """
    left_out = sum(each.verdict == "left out" for each in report.results)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites><testsuite name={_attribute('kcli check ' + report.handler)} "
        f'tests="{len(report.results)}" failures="{len(report.failures)}" skipped="{left_out}">',
    ]
    for each in report.results:
        case = f"<testcase classname={_attribute(report.handler)} name={_attribute(each.name)}"
        if each.failure is not None:
            text = "\n".join(_told(each.failure))
            lines += [
                f"{case}><failure message={_attribute(each.failure.sentence)}>"
                f"{_xml(text)}</failure></testcase>"
            ]
        elif each.verdict == "left out":
            lines.append(f"{case}><skipped message={_attribute(each.why)}/></testcase>")
        else:
            lines.append(f"{case}/>")
    return "\n".join([*lines, "</testsuite></testsuites>", ""])


def _told(failure: Failure) -> Iterator[str]:
    for record, count in zip(failure.records, failure.repeats, strict=True):
        times = f"  ({count:,} times)" if count > 1 else ""
        yield f"{record.partition_key}  {payload_cell(data_of(record))}{times}"
    yield from failure.did
    if failure.aftermath is not None:
        yield f"Lambda then: {failure.aftermath.sentence}"
    if failure.test_file:
        yield f"test: {failure.test_file}"


def _xml(text: str) -> str:
    # XML 1.0 has no way to write most control characters
    return xml_text("\n".join(map(escape, text.split("\n"))))


def _attribute(text: str) -> str:
    return quoteattr(escape(text))


class _Page:
    """The page for people, without rich: it takes as long to import as the rest."""

    def __init__(self) -> None:
        self._styled, self._width = is_styled(), width()

    def show(self, report: CheckReport, interpreter: Interpreter | None) -> None:
        """A report."""
        self._labelled("handler", f"{report.handler} ({report.runtime})")
        self._labelled("", function_origin(report.handler_origin, interpreter), DIM)
        self._labelled("mapping", _mapping(report))
        self._labelled("", f"from {report.mapping_origin}", DIM)
        self._labelled(
            "samples", f"{counted(report.samples, 'payload')} of {report.samples_origin}"
        )
        self._labelled("tried", f"{_batches(report.batches)}, seed {report.seed}")
        for sentence in report.notes:
            self._labelled("note", sentence)
        self._line("")
        for each in report.results:
            self._result(each)
        for each in report.failures:
            assert each.failure is not None
            self._line("")
            self._failure(each.name, each.failure, report.command)
        self._line("")
        self._line(*_verdict(report))

    def _result(self, result: PropertyResult) -> None:
        sign, colour = _SIGNS[result.verdict], _COLOURS[result.verdict]
        meaning = f"left out: {result.why}" if result.verdict == "left out" else result.meaning
        self._write(f" {sign} ", colour)
        self._write(f"{result.name:{_NAME}}", 0 if result.verdict != "left out" else DIM)
        for place, line in enumerate(wrapped(escape(meaning), self._width - _NAME - 3)):
            if place:
                self._write(" " * (_NAME + 3), 0)
            self._line(line, DIM)

    def _failure(self, name: str, failure: Failure, command: str) -> None:
        self._wrapped(f"✗ {name}: {failure.sentence}", 0, 2, RED)
        if failure.before:
            self._line(f"  after {_batches(len(failure.before))} before it", DIM)
        number = 1
        for place, record in enumerate(failure.records[:MAX_RECORDS]):
            how = failure.made_of[place] if place < len(failure.made_of) else ""
            times = f"{failure.repeats[place]:,} times" if failure.repeats[place] > 1 else ""
            self._record(number, record, ", ".join(filter(None, (how, times))))
            number += failure.repeats[place]
        if number <= len(failure.batch):
            self._line(f"  … {counted(len(failure.batch) - number + 1, 'more record')}", DIM)
        for line in failure.did:
            self._fact("function", line)
        if failure.aftermath is not None:
            self._fact("Lambda", f"then: {failure.aftermath.sentence}")
        self._write(f"  {'again':{_LABEL}}", DIM)
        self._line(f"{command} --only {name}")  # one line, to be copied
        if failure.test_file:
            self._fact("test", f"{failure.test_file}, event {failure.event_file}")

    def _record(self, number: int, record: Record, how: str) -> None:
        note = f"  ({how})" if how else ""
        key = cut(escape(record.partition_key), 12)
        room = max(self._width - len(key) - len(note) - 8, 20)
        payload = cut(escape(payload_cell(data_of(record))) or "(empty)", room)
        self._write(f"  {number}  {key}  {payload}", 0)
        self._line(note, DIM)

    def _fact(self, label: str, text: str) -> None:
        self._write(f"  {label:{_LABEL}}", DIM)
        self._wrapped(text, _LABEL + 2, _LABEL + 2, 0, first=True)

    def _labelled(self, label: str, text: str, colour: int = 0) -> None:
        self._write(f"{label:{_LABEL}}", BOLD)
        self._wrapped(text, _LABEL, _LABEL, colour, first=True)

    def _wrapped(
        self, text: str, indent: int, later: int, colour: int, *, first: bool = False
    ) -> None:
        """Lines of a text, the first of which may have begun already."""
        for place, line in enumerate(wrapped(escape(text), max(self._width - later, 20))):
            before = "" if first and not place else " " * (later if place else indent)
            self._write(before, 0)
            self._line(line, colour)

    def _line(self, text: str, colour: int = 0) -> None:
        self._write(text, colour)
        sys.stdout.write("\n")

    def _write(self, text: str, colour: int) -> None:
        sys.stdout.write(coloured(escape(text), colour if self._styled else 0))


def _mapping(report: CheckReport) -> str:
    mapping = report.mapping
    types = mapping.get("FunctionResponseTypes")
    reports = isinstance(types, list) and "ReportBatchItemFailures" in types
    retries = mapping.get("MaximumRetryAttempts", -1)
    parts = [
        f"BatchSize {mapping.get('BatchSize')}",
        "ReportBatchItemFailures" if reports else "no ReportBatchItemFailures",
        "retries without limit" if retries == -1 else f"MaximumRetryAttempts {retries}",
    ]
    if mapping.get("BisectBatchOnFunctionError"):
        parts.append("bisect")
    return ", ".join(parts)


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count:,} batches"


def _verdict(report: CheckReport) -> tuple[str, int]:
    held = sum(each.verdict == "held" for each in report.results)
    if not report.failures:
        return "1 property holds" if held == 1 else f"{held} properties hold", GREEN
    failed = len(report.failures)
    what = "1 property does not hold" if failed == 1 else f"{failed} properties do not hold"
    return f"{what}, {held} do", RED
