"""Options that say what records carry; `event` and `put` share them."""

from pathlib import Path
from typing import Annotated

import typer

from kinesis_cli.errors import InputError
from kinesis_cli.payloads.own_data import data_argument
from kinesis_cli.payloads.readings import Readings
from kinesis_cli.payloads.series import Series, SeriesKind
from kinesis_cli.payloads.settings import PayloadSettings

CountOption = Annotated[
    int | None,
    typer.Option(
        "--count",
        metavar="N",
        min=0,
        help="How many records; default: 1, with --from as many as FILE has.",
    ),
]
SensorsOption = Annotated[
    int,
    typer.Option(
        "--sensors", metavar="N", help="Readings of N sensors in turn, keys sensor-1 to sensor-N."
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", metavar="DEGREES", help="Temperature of every reading."),
]
TimestampOption = Annotated[
    int | None,
    typer.Option(
        "--timestamp",
        metavar="MILLISECONDS",
        help="readingTimestamp of every reading, since the epoch; default: when it arrives.",
    ),
]
PartitionKeyOption = Annotated[
    str | None,
    typer.Option("--partition-key", metavar="KEY", help="Partition key of every record."),
]
SeriesOption = Annotated[
    SeriesKind,
    typer.Option("--series", help="How the temperature of a sensor changes."),
]
MinimumOption = Annotated[
    float, typer.Option("--min", metavar="DEGREES", help="Lowest temperature of the series.")
]
MaximumOption = Annotated[
    float, typer.Option("--max", metavar="DEGREES", help="Highest temperature of the series.")
]
PeriodOption = Annotated[
    int,
    typer.Option("--period", metavar="N", help="Readings of a sensor per wave (sine) or spike."),
]
StepOption = Annotated[
    float,
    typer.Option("--step", metavar="DEGREES", help="Most that a walk changes at once."),
]
HotRateOption = Annotated[
    float,
    typer.Option(
        "--hot-rate", metavar="SHARE", help="Share of readings above 100 degrees, 0 to 1."
    ),
]
InvalidRateOption = Annotated[
    float,
    typer.Option(
        "--invalid-rate",
        metavar="SHARE",
        help="Share of payloads broken on purpose, 0 to 1: no JSON, cut off, NaN, ...",
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="TEXT|@FILE|-",
        help="Your payload: this text, a file's content, or standard input.",
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE|-",
        help="Your payloads: one a line, or those of a recording or an event.",
    ),
]
KeyFieldOption = Annotated[
    str | None,
    typer.Option(
        "--key-field",
        metavar="PATH",
        help="Take the partition key from this field of a JSON payload, e.g. sensor.id.",
    ),
]
PayloadTemplateOption = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="Your payloads from a Jinja2 template, which knows index, now, random, uuid() "
        "and fake (Faker).",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODULE:MODEL",
        help="Your payloads as random instances of a pydantic model.",
    ),
]


def payload_settings(
    *,
    sensors: int,
    temperature: float | None,
    timestamp: int | None,
    partition_key: str | None,
    series: Series,
    hot_rate: float,
    invalid_rate: float,
    data: str | None,
    from_file: str | None,
    key_field: str | None,
    template: Path | None,
    model: str | None,
) -> PayloadSettings:
    """The settings that these options describe.

    Raises:
        InputError: they contradict each other, or a file cannot be read.
    """
    if data == "-" and from_file == "-":
        raise InputError("--data and --from cannot be used together")
    return PayloadSettings(
        readings=Readings(
            sensors=sensors,
            series=series,
            temperature=temperature,
            timestamp=timestamp,
            hot_rate=hot_rate,
        ),
        data=None if data is None else data_argument(data),
        from_file=from_file,
        template=template,
        model=model,
        partition_key=partition_key,
        key_field=key_field,
        invalid_rate=invalid_rate,
    )
