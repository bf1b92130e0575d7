"""Options that say what records carry; `event`, `put` and `invoke` share them."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

from kinesis_cli.cli.options.inputs import FormatOption, RawOption, reading
from kinesis_cli.cli.options.takes import flag, given, only
from kinesis_cli.errors import InputError
from kinesis_cli.payloads.series import Series, SeriesKind
from kinesis_cli.project.own import foreign_project
from kinesis_cli.show.console import note

if TYPE_CHECKING:
    from kinesis_cli.payloads.settings import PayloadSettings

MAX_NAMED_SAMPLES = 3

CountOption = Annotated[
    int | None,
    typer.Option(
        "--count",
        metavar="N",
        min=0,
        help="How many records; default: 1, with --from as many as FILE has.",
    ),
]
_DEFAULT = Series()

_TEMPLATE_HELP = (
    "Your payloads from a Jinja2 template, which knows index, now, random, uuid() and fake (Faker)."
)


class Payloads(msgspec.Struct, frozen=True):
    """What records carry."""

    sensors: Annotated[
        int | None,
        typer.Option(
            "--sensors",
            metavar="N",
            help="Readings of N sensors in turn, keys sensor-1 to sensor-N; default: 1.",
        ),
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", metavar="DEGREES", help="Temperature of every reading."),
    ] = None
    timestamp: Annotated[
        int | None,
        typer.Option(
            "--timestamp",
            metavar="MILLISECONDS",
            help="readingTimestamp of every reading, since the epoch; default: when it arrives.",
        ),
    ] = None
    hot_rate: Annotated[
        float | None,
        typer.Option(
            "--hot-rate", metavar="SHARE", help="Share of readings above 100 degrees, 0 to 1."
        ),
    ] = None
    series: Annotated[
        SeriesKind | None,
        typer.Option(
            "--series", help=f"How the temperature of a sensor changes; default: {_DEFAULT.kind}."
        ),
    ] = None
    min: Annotated[
        float | None,
        typer.Option(
            "--min",
            metavar="DEGREES",
            help=f"Lowest temperature of the series; default: {_DEFAULT.minimum}.",
        ),
    ] = None
    max: Annotated[
        float | None,
        typer.Option(
            "--max",
            metavar="DEGREES",
            help=f"Highest temperature of the series; default: {_DEFAULT.maximum}.",
        ),
    ] = None
    period: Annotated[
        int | None,
        typer.Option(
            "--period",
            metavar="N",
            help=f"Readings of a sensor per wave (sine) or spike; default: {_DEFAULT.period}.",
        ),
    ] = None
    step: Annotated[
        float | None,
        typer.Option(
            "--step",
            metavar="DEGREES",
            help=f"Largest single change of a walk; default: {_DEFAULT.step}.",
        ),
    ] = None
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="TEXT|@FILE|-",
            help="Your payload: this text, a file's content, or standard input.",
        ),
    ] = None
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|URL|-",
            help="Your payloads: those of an event, a recording, get-records or EventBridge Pipes "
            "output or a Firehose backup, a JSON document or an array of them, or one a line, byte "
            "for byte; lines of a pipe are taken as they come.",
        ),
    ] = None
    raw: RawOption = None
    format_: FormatOption = None
    payload_template: Annotated[
        Path | None,
        typer.Option(
            "--payload-template",
            metavar="FILE",
            help=_TEMPLATE_HELP,
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODULE:MODEL",
            help="Your payloads as random instances of a pydantic model or a dataclass.",
        ),
    ] = None
    invalid_rate: Annotated[
        float | None,
        typer.Option(
            "--invalid-rate",
            metavar="SHARE",
            help="Share of payloads broken on purpose, 0 to 1: not JSON, cut off, NaN, ...",
        ),
    ] = None
    partition_key: Annotated[
        str | None,
        typer.Option("--partition-key", metavar="KEY", help="Partition key of every record."),
    ] = None
    key_field: Annotated[
        str | None,
        typer.Option(
            "--key-field",
            metavar="PATH",
            help="Take the partition key from this field of a JSON payload, e.g. sensor.id.",
        ),
    ] = None


# Of commands that read no template of a project.
PAYLOADS = only(
    Payloads,
    payload_template=Annotated[
        Path | None,
        typer.Option("--template", "--payload-template", metavar="FILE", help=_TEMPLATE_HELP),
    ],
)

_READINGS = ("sensors", "temperature", "timestamp", "hot_rate")
_SERIES = ("series", "min", "max", "period", "step")
_OWN_DATA = ("data", "from_", "payload_template", "model")
FORM = ("raw", "format_")


def says_payloads(options: Payloads) -> bool:
    """Return whether the options say what the records carry, be it readings."""
    return not {*_READINGS, *_SERIES, *_OWN_DATA, *FORM}.isdisjoint(given(options))


def named_files(options: Payloads) -> list[str]:
    """Return the files, or URLs, that the options name."""
    data = options.data or ""
    named = [options.from_, data[1:] if data.startswith("@") else None]
    return [each for each in named if each]


def payload_settings(options: Payloads, template: Path | None = None) -> "PayloadSettings":
    """Return the settings that the options describe.

    Args:
        options: as given on the command line.
        template: the project's, where it was named.

    Raises:
        InputError: they contradict each other, a file cannot be read, or they say nothing of
            payloads in a project that is not kcli's own.
    """
    from kinesis_cli.payloads.own_data import data_argument  # start-up of `invoke` counts
    from kinesis_cli.payloads.readings import Readings
    from kinesis_cli.payloads.settings import PayloadSettings

    values = given(options)
    _refuse_ignored(values)
    if not says_payloads(options) and (project := foreign_project(template)):
        raise nothing_to_send(project, "--from {}")
    names = {"series": "kind", "min": "minimum", "max": "maximum"}
    readings = Readings(
        **{name: values[name] for name in _READINGS if name in values},
        series=Series(
            **{names.get(name, name): values[name] for name in _SERIES if name in values}
        ),
    )
    return PayloadSettings(
        readings=readings,
        data=None if options.data is None else data_argument(options.data),
        from_file=options.from_,
        reading=reading(options.raw, options.format_),
        tell=note,
        template=options.payload_template,
        model=options.model,
        partition_key=options.partition_key,
        key_field=options.key_field,
        invalid_rate=options.invalid_rate or 0.0,
    )


def nothing_to_send(project: Path, how: str) -> InputError:
    """The error where nobody said what records carry.

    Args:
        project: the file that makes it a project of the user's.
        how: how the command takes a file of records; `{}` for its name.
    """
    from kinesis_cli.project.samples import sample_events

    here = Path.cwd()
    advice = [
        "Give --data TEXT|@FILE, --from FILE, --payload-template FILE or --model MODULE:MODEL; "
        "--temperature 20 makes a reading all the same."
    ]
    for sample in sample_events(project.parent, here)[:MAX_NAMED_SAMPLES]:
        name = os.path.relpath(sample.path, here)
        holds = f"{name} holds {sample.records} record{'' if sample.records == 1 else 's'}"
        advice.append(f"{holds}: {how.format(shlex.quote(name))}.")
    return InputError(
        "nothing says what the records carry, and kcli makes up sensor readings for its own "
        f"sample function only; this is the project of {os.path.relpath(project, here)}",
        advice="\n".join(advice),
    )


def _refuse_ignored(given: Mapping[str, Any]) -> None:
    """Each option must mean something beside the others."""
    if given.get("data") == given.get("from_") == "-":
        raise InputError("--data and --from cannot be used together")
    if "from_" not in given and (how := [name for name in FORM if given.get(name)]):
        raise InputError(f"{flag(how[0])} says how to read a file", advice="Name it with --from.")
    own = [name for name in _OWN_DATA if name in given]
    readings = [name for name in (*_READINGS, *_SERIES) if name in given]
    if own and readings:
        _refuse(f"{flag(readings[0])} is about readings, and {flag(own[0])} brings other data")
    series = [name for name in _SERIES if name in given]
    if "temperature" in given and series:
        _refuse(f"{flag(series[0])} is about a series, and --temperature is that of every reading")
    kind = given.get("series", _DEFAULT.kind)
    if "period" in given and kind not in (SeriesKind.SINE, SeriesKind.SPIKE):
        raise InputError("--period is for --series sine and --series spike")
    if "step" in given and kind is not SeriesKind.WALK:
        raise InputError("--step is for --series walk")


def _refuse(problem: str) -> NoReturn:
    raise InputError(problem, advice="Leave one of the two out.")
