"""What a check has found as a page: `kcli check --report`."""

import json
from collections.abc import Iterator
from itertools import accumulate

from kinesis_cli.places.url import Place
from kinesis_cli.project.interpreter import Interpreter
from kinesis_cli.show.cells import bytes_cell, counted
from kinesis_cli.show.function import function_origin
from kinesis_cli.show.pictures.one_file import write_page
from kinesis_cli.show.pictures.told import Part, told_page
from kinesis_cli.stream.record import SHOWN_DATA_BYTES
from kinesis_cli.stream.user_records import data_of
from kinesis_cli.testing.search.report import CheckReport, Failure

MAX_RECORDS = 100  # of a failure
_SIGNS = {"held": "✓ holds", "failed": "✗ does not hold", "left out": "– left out"}


def write_check_report(path: Place, report: CheckReport, interpreter: Interpreter | None) -> None:
    """Write the page of a check.

    Args:
        path: of the file.
        report: what was found.
        interpreter: that runs the function, where it is Python.

    Raises:
        InputError: it cannot be written.
    """
    write_page(path, check_page(report, interpreter))


def check_page(report: CheckReport, interpreter: Interpreter | None) -> str:
    """The page."""
    verdicts = [each.verdict for each in report.results]
    figures = [
        ("hold", f"{verdicts.count('held'):,}"),
        ("do not hold", f"{verdicts.count('failed'):,}"),
        ("left out", f"{verdicts.count('left out'):,}"),
        ("batches tried", f"{report.batches:,}"),
        ("seed", f"{report.seed}"),
    ]
    lead = [
        function_origin(report.handler_origin, interpreter),
        f"{counted(report.samples, 'payload')} of {report.samples_origin}",
        *report.notes,
    ]
    lead += ["Ended by Ctrl-C: not all was looked at."] if report.is_interrupted else []
    rows = [[each.name, _SIGNS[each.verdict], each.why or each.meaning] for each in report.results]
    parts = [Part("Properties", head=["Property", "Verdict", "What it says"], rows=rows)]
    for each in report.failures:
        assert each.failure is not None
        parts += _failure(each.name, each.failure, report.command)
    settings = [
        [name, value if isinstance(value, str) else json.dumps(value)]
        for name, value in report.mapping.items()
    ]
    origin = [f"From {report.mapping_origin}"]
    parts.append(Part("Mapping", origin, ["Setting", "Value"], settings))
    parts.append(Part("The same again", text=report.command))
    return told_page(f"Check of {report.handler} ({report.runtime})", lead, figures, parts)


def _failure(name: str, failure: Failure, command: str) -> Iterator[Part]:
    facts = []
    if failure.before:
        facts.append(f"after {counted(len(failure.before), 'batch')} before it")
    left_out = len(failure.records) - MAX_RECORDS
    if left_out > 0:
        facts.append(f"{counted(left_out, 'more record')}")
    facts += [f"the function: {line}" for line in failure.did]
    if failure.aftermath is not None:
        facts.append(f"Lambda then: {failure.aftermath.sentence}")
    if failure.test_file:
        facts.append(f"written: {failure.test_file}, event {failure.event_file}")
    rows = [
        [
            f"{number}",
            record.partition_key,
            bytes_cell(data_of(record)[:SHOWN_DATA_BYTES]),
            ", ".join(filter(None, (how, f"{repeat:,} times" if repeat > 1 else ""))),
        ]
        for number, record, how, repeat in zip(
            accumulate(failure.repeats, initial=1),
            failure.records[:MAX_RECORDS],
            failure.made_of,
            failure.repeats,
            strict=False,
        )
    ]
    head = ["Record", "Partition key", "Payload", "Made how"]
    again = f"{command} --only {name}"
    yield Part(f"✗ {name}: {failure.sentence}", facts, head, rows, again)
