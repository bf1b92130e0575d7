"""Writes a test for a property that does not hold: it fails now, and passes once that is mended."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pprint import pformat
from textwrap import wrap

from kinesis_cli.errors import InputError
from kinesis_cli.stream.kinds.known import kind_of_records
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.user_records import data_of
from kinesis_cli.testing.checks.made_records import item_of
from kinesis_cli.testing.search.registry import PROPERTIES
from kinesis_cli.testing.search.report import CheckReport, Failure, PropertyResult

MAX_INLINE = 400  # bytes of a payload that is written into the test; a longer one is in the event
_FILE = re.compile(r"test_kinesis_counterexample_(\d+)\.py")
_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Target:
    """How a test finds the function: the arguments of `function_under_check`, and where it lies."""

    folder: Path  # that tests are written to
    root: Path  # from which paths count
    arguments: Mapping[str, object]
    secrets: Sequence[str] = ()


def write_tests(report: CheckReport, target: Target) -> CheckReport:
    """Write a test and an event for each failure.

    What was written before with the same content is not written again.

    Returns:
        The report, with the files.

    Raises:
        InputError: the folder cannot be written to.
    """
    if not report.failures:
        return report
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
        known = _known(target.folder)
        results = []
        for each in report.results:
            if each.failure is None:
                results.append(each)
            else:
                failure = _written(each, each.failure, report.command, target, known)
                results.append(replace(each, failure=failure))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "--tests names another folder, --no-tests writes none."
        raise InputError(reason, place=str(target.folder), advice=advice) from error
    return replace(report, results=tuple(results))


def _known(folder: Path) -> dict[int, str]:
    """The tests that are there, by their numbers, as far as that they can be compared."""
    found = {}
    for path in sorted(folder.iterdir()):
        if match := _FILE.fullmatch(path.name):
            found[int(match[1])] = path.read_text("utf-8", "replace")
    return found


def _written(
    result: PropertyResult, failure: Failure, command: str, target: Target, known: dict[int, str]
) -> Failure:
    for number, text in known.items():
        if text == _test(result.name, failure, command, target, number):
            break
    else:
        number = max(known, default=0) + 1
        text = _test(result.name, failure, command, target, number)
    test_file = target.folder / f"test_kinesis_counterexample_{number}.py"
    event_file = target.folder / _event_name(number)
    event_file.write_bytes(kind_of_records(failure.batch).event(failure.batch) + b"\n")
    test_file.write_text(text, "utf-8")
    known[number] = text
    return replace(failure, test_file=_shown(test_file), event_file=_shown(event_file))


def _shown(path: Path) -> str:
    here = Path().resolve()
    whole = path.resolve()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def _event_name(number: int) -> str:
    return f"kinesis_counterexample_{number}.json"


def _test(name: str, failure: Failure, command: str, target: Target, number: int) -> str:
    function = PROPERTIES[name].function.__name__
    needs_event = any(map(_is_kept_apart, failure.records)) or (
        len(failure.batch) > len(failure.records)
        and len({each.partition_key for each in failure.records}) > 1
    )
    story = [f"{failure.sentence[:1].upper()}{failure.sentence[1:]}."]
    if failure.aftermath is not None:
        story.append(f"Lambda then: {failure.aftermath.sentence}.")
    lines = [
        f'"""{name} does not hold.',
        "",
        *(line for sentence in story for line in wrap(_text(sentence), _WIDTH)),
        "",
        f"Found by `{_text(command)} --only {name}`; the event is {_event_name(number)}.",
        '"""',
        "",
        "from pathlib import Path",
        "",
        "from kinesis_cli.testing import checks",
        "",
        f"ROOT = {_root(target)}",
        "",
        "",
        f"def test_{function}_{number}(kinesis):",
        *_records(failure, number, needs_event=needs_event),
        *_with(target),
        f"        checks.{function}({_call(failure, target, name)})",
        "",
    ]
    return "\n".join(lines)


def _is_kept_apart(record: Record) -> bool:
    """Whether a record is too large to be written into the test, or more than a payload."""
    item = item_of(record)
    return len(item.data) > MAX_INLINE or not item.kind.has_data


def _text(text: str) -> str:
    """A text of anybody's for a docstring: harmless, and in lines."""
    shown = text.encode("ascii", "backslashreplace").decode()
    return shown.replace("\\", "\\\\").replace('"', "'")


def _root(target: Target) -> str:
    folder, root = target.folder.resolve(), target.root.resolve()
    if folder.is_relative_to(root):
        depth = len(folder.relative_to(root).parts)
        return f"Path(__file__).parents[{depth}]"
    return f"Path({str(root)!r})"


def _with(target: Target) -> list[str]:
    given = [f"{name}={value!r}" for name, value in target.arguments.items()]
    arguments = [*given, "directory=ROOT"]
    line = f"    with checks.function_under_check({', '.join(arguments)}) as function:"
    if len(line) <= _WIDTH:
        return [line]
    lines = (f"        {argument}," for argument in arguments)
    return ["    with checks.function_under_check(", *lines, "    ) as function:"]


def _records(failure: Failure, number: int, *, needs_event: bool) -> list[str]:
    lines = []
    for place, before in enumerate(failure.before[: 1 if _is_repeated(failure) else None]):
        lines += _made(f"before_{place + 1}", before)
    if needs_event:
        event = f'Path(__file__).with_name("{_event_name(number)}")'
        lines.append(f"    records = checks.records_of({event})")
        return lines
    return lines + _made("records", failure.records, failure.repeats)


def _is_repeated(failure: Failure) -> bool:
    """Whether what comes first is one batch, many times."""
    first, *others = failure.before or ((),)
    return bool(others) and all(each == first for each in others)


def _made(name: str, records: Sequence[Record], repeats: Sequence[int] = ()) -> list[str]:
    """The lines that make records, some many times; of each partition key apart, in order."""
    keys = {record.partition_key for record in records}
    if len(keys) == 1:
        payloads = [data_of(record) for record in records]
        key = _str(next(iter(keys)))
        made = _shown_list(payloads)
        if any(count > 1 for count in repeats):
            runs = zip(payloads, repeats, strict=True)
            made = " + ".join(f"[{_bytes(data)}] * {count}" for data, count in runs)
        return [f"    {name} = kinesis.records({made}, key={key})"]
    parts = [
        f"        *kinesis.records([{data_of(record)!r}], key={record.partition_key!a}),"
        for record in records
    ]
    return [f"    {name} = [", *parts, "    ]"]


def _shown_list(payloads: list[bytes]) -> str:
    if len(payloads) > 1 and len(set(payloads)) == 1:
        return f"[{_bytes(payloads[0])}] * {len(payloads)}"
    text = "[" + ", ".join(map(_bytes, payloads)) + "]"
    if len(text) <= _WIDTH - 40:
        return text
    inside = "".join(f"\n        {_bytes(payload)}," for payload in payloads)
    return f"[{inside}\n    ]"


def _bytes(data: bytes) -> str:
    return "b" + _str(repr(data)[2:-1], is_escaped=True) if b"'" not in data else repr(data)


def _str(text: str, *, is_escaped: bool = False) -> str:
    """A text as formatters write it: in double quotes unless there are some in it."""
    inside = text if is_escaped else ascii(text)[1:-1]
    if not is_escaped and ascii(text)[0] == '"':
        return ascii(text)
    return f"'{inside}'" if '"' in inside else f'"{inside}"'


def _call(failure: Failure, target: Target, name: str) -> str:
    arguments = ["function", "records"]
    if failure.before:
        names = [f"before_{place + 1}" for place in range(len(failure.before))]
        is_repeated = _is_repeated(failure)
        arguments.append(f"[before_1] * {len(names)}" if is_repeated else f"[{', '.join(names)}]")
    if name == "no-secrets-in-log":
        arguments.append(pformat(list(target.secrets)))
    return ", ".join(arguments)


def arguments_of(
    handler: str | None,
    template: Path | None,
    function: str | None,
    *,
    mapping_file: Path | None,
    settings: Mapping[str, object],
    isolated: bool,
) -> dict[str, object]:
    """What the command line says of the function, for a test: what is left out is found again.

    Args:
        handler: as it was named.
        template: as it was named.
        function: as it was named.
        mapping_file: of a mapping that replaces the template's.
        settings: single settings under AWS's names; None: not given.
        isolated: whether it runs in AWS's runtime client.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    mapping: object = str(mapping_file) if mapping_file else (given or None)
    values = {
        "handler": handler,
        "template": None if template is None else str(template),
        "function": function,
        "mapping": mapping,
        "isolated": isolated or None,
    }
    return {name: value for name, value in values.items() if value is not None}
