"""From a template's function to what its code does."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kinesis_cli.errors import InputError
from kinesis_cli.lint.facts import HandlerCode
from kinesis_cli.lint.reading.python_code import Judged, judge
from kinesis_cli.lint.reading.python_modules import sources_of, uses_only
from kinesis_cli.lint.text.document import shown
from kinesis_cli.project.functions.choosing import merged_properties
from kinesis_cli.project.functions.code import code_folder
from kinesis_cli.project.functions.context import Reading
from kinesis_cli.project.template.template import Template

_OPENS = re.compile(r"de-?aggregat|UserRecord|aws_kinesis_agg|kinesis-aggregation", re.I)
_AGGREGATES = re.compile(
    r"aws_kinesis_agg\.aggregator|aws_kinesis_agg import aggregator|\bRecordAggregator\b"
    r"|kinesis\.producer\.(KinesisProducer|\*)|\.addUserRecord\("
)
# Packages that open no aggregates, besides Python's own.
_INERT = {"aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore", "pydantic", "requests"}


def code_of(template: Template, logical_id: str) -> HandlerCode:
    """What a function's code does, as far as its files are here."""
    found = _folder(template, logical_id)
    if found is None:
        return HandlerCode()
    folder, handler, runtime = found
    judged = _judged(template, logical_id, folder, handler, runtime)
    if judged is None:
        return HandlerCode()
    texts = list(_texts(template, logical_id, folder, handler, runtime))
    opens: bool | None = any(_OPENS.search(text) for _, text in texts)
    if not opens and not (runtime.startswith("python") and uses_only(folder, handler, _INERT)):
        opens = None  # what is not read here may do it
    place = _place(judged.file, judged.line, folder)
    return HandlerCode(judged.reports, place, judged.word, opens)


def aggregates_at(template: Template, logical_id: str) -> str:
    """Where a function's code makes aggregates of the KPL; "": nowhere that is read here."""
    found = _folder(template, logical_id)
    if found is None:
        return ""
    folder, handler, runtime = found
    for file, text in _texts(template, logical_id, folder, handler, runtime):
        if match := _AGGREGATES.search(text):
            return _place(file, text.count("\n", 0, match.start()) + 1, folder)
    return ""


def _folder(template: Template, logical_id: str) -> tuple[Path, str, str] | None:
    reading = Reading(template, logical_id)
    reading.properties = merged_properties(template, logical_id)
    try:
        folder = code_folder(reading)
    except (InputError, OSError, ValueError):
        return None
    handler, runtime = reading.value("Handler", ""), reading.value("Runtime", "")
    return folder, str(handler), str(runtime)


def _judged(
    template: Template, logical_id: str, folder: Path, handler: str, runtime: str
) -> Judged | None:
    if runtime.startswith("python"):
        return judge(folder, handler)
    from kinesis_cli.lint.reading.other_code import judge_text  # start-up counts

    return judge_text(folder, handler, runtime, _entries(template, logical_id))


def _texts(
    template: Template, logical_id: str, folder: Path, handler: str, runtime: str
) -> Iterator[tuple[Path, str]]:
    if not runtime.startswith("python"):
        from kinesis_cli.lint.reading.other_code import handler_files

        entries = _entries(template, logical_id)
        yield from handler_files(folder, handler, runtime, entries).items()
        return
    for file in sources_of(folder, handler):
        try:
            yield file, file.read_text("utf-8", "replace")
        except OSError:
            continue


def _entries(template: Template, logical_id: str) -> list[str]:
    """What SAM's esbuild is told to bundle."""
    resource = template.resource(logical_id) or {}
    metadata = resource.get("Metadata")
    properties = metadata.get("BuildProperties") if isinstance(metadata, Mapping) else None
    entries = properties.get("EntryPoints") if isinstance(properties, Mapping) else None
    return [str(each) for each in entries] if isinstance(entries, list) else []


def _place(file: Path, line: int, folder: Path) -> str:
    """`src/app.py:12`; of code that stands in the template `index.py:12`."""
    name = shown(file)
    if "/.cache/" in file.as_posix() or name.startswith("/"):
        name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
    return f"{name}:{line}"
