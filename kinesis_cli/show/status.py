"""What `kcli status` prints: one screen, or one document."""

import sys
from collections.abc import Iterator

from kinesis_cli.aws.status import MINUTES, MappingState, Metric, Status, StreamStatus
from kinesis_cli.lint.deployed import deployed_findings
from kinesis_cli.lint.rule import Finding
from kinesis_cli.show.cells import counted, wrapped
from kinesis_cli.show.console import escape, plain, stdout_console, write_document
from kinesis_cli.show.mapping_in_words import Effect, effects
from kinesis_cli.show.shapes import lint as lint_shapes
from kinesis_cli.show.shapes import status as shapes

_BARS = "▁▂▃▄▅▆▇█"
_VALUES = 36  # columns for a setting and its value; what is longer has a line of its own
_NARROWEST = 20  # columns of a text that is wrapped


def show_status(status: Status, place: str, output: str) -> None:
    """Print a status.

    Args:
        status: what was found.
        place: where, for people and programs.
        output: "table", "json" or "ndjson".
    """
    if output != "table":
        write_document(as_document(status, place), output)
    elif sys.stdout is not None:
        _show_screen(status, place)


def as_document(status: Status, place: str) -> shapes.Status:
    """A status as JSON, version 1."""
    stream, destinations = status.stream, status.destinations.value
    mappings, metrics = status.mappings.value, status.metrics.value
    return shapes.Status(
        version=1,
        endpoint=place,
        stream=shapes.DeployedStream(
            name=stream.name,
            arn=stream.arn,
            status=stream.status,
            mode=stream.mode,
            open_shards=stream.open_shards,
            retention_hours=stream.retention_hours,
            max_record_size_ki_b=stream.max_record_kib,
            consumers=stream.consumers,
            view=stream.view,
        ),
        mappings=None
        if mappings is None
        else [_mapping_document(each, stream) for each in mappings],
        metrics=None if metrics is None else [_metric_document(each) for each in metrics],
        destinations=None
        if destinations is None
        else [
            shapes.Destination(place=each.place, waiting=each.waiting, in_flight=each.in_flight)
            for each in destinations
        ],
        problems=list(_problems(status)),
    )


def _metric_document(metric: Metric) -> shapes.Metric:
    return shapes.Metric(
        of=metric.of, name=metric.label, unit=metric.unit, per_minute=metric.values
    )


def _mapping_document(mapping: MappingState, stream: StreamStatus) -> shapes.DeployedMapping:
    findings = _findings(mapping, stream)
    return shapes.DeployedMapping(
        uuid=mapping.uuid,
        function_arn=mapping.function_arn,
        state=mapping.state,
        reason=mapping.reason or None,
        last_processing_result=mapping.last_result or None,
        settings=mapping.settings.to_aws(),
        risks=[each.message for each in findings],
        findings=[
            lint_shapes.Finding(
                id=each.rule.id,
                name=each.rule.name,
                severity=each.level,
                message=each.message,
                effect=each.effect,
                advice=each.advice,
            )
            for each in findings
        ],
    )


def _findings(mapping: MappingState, stream: StreamStatus) -> list[Finding]:
    """What `kcli lint` would say of it."""
    return deployed_findings(
        mapping.settings,
        name=stream.name,
        retention_hours=stream.retention_hours,
        shards=stream.open_shards,
        is_on_demand=stream.mode == "ON_DEMAND",
    )


def _problems(status: Status) -> Iterator[str]:
    for part in (status.mappings, status.metrics, status.destinations):
        if part.problem:
            yield part.problem


def _show_screen(status: Status, place: str) -> None:
    stream = status.stream
    _line(f"Stream {'of table ' if stream.view else ''}{stream.name} at {place}", "bold")
    _line(f"  {', '.join(_traits(stream))}")
    for mapping in status.mappings.value or ():
        _show_mapping(mapping, stream)
    if status.mappings.value == ():
        _line("")
        _wrapped("", _no_mapping(stream), "yellow")
    _show_metrics(status)
    _show_destinations(status)
    for problem in _problems(status):
        _line("")
        _wrapped("Not known: ", problem, "yellow")


def _traits(stream: StreamStatus) -> Iterator[str]:
    yield stream.status
    yield stream.view or ("on demand" if stream.mode == "ON_DEMAND" else "provisioned")
    yield counted(stream.open_shards, "open shard")
    yield f"keeps records {stream.retention_hours:,} h"
    if stream.max_record_kib is not None:
        yield f"each up to {stream.max_record_kib:,} KiB"
    if stream.consumers:
        yield counted(stream.consumers, "fan-out consumer")


def _no_mapping(stream: StreamStatus) -> str:
    if not stream.consumers:
        return "No event source mapping: the stream feeds no function."
    return (
        "No event source mapping reads the stream itself. --function-name finds one that reads "
        "through a fan-out consumer, too."
    )


def _show_mapping(mapping: MappingState, stream: StreamStatus) -> None:
    _line("")
    _line(f"Event source mapping to {mapping.function_arn.rpartition('function:')[2]}", "bold")
    enabled = mapping.state == "Enabled"
    result = f", last result: {mapping.last_result}" if mapping.last_result else ""
    reason = f" ({mapping.reason})" if mapping.reason and not enabled else ""
    good = enabled and not mapping.last_result.startswith("PROBLEM")
    _line(f"  {mapping.state}{reason}{result}", "green" if good else "yellow")
    if mapping.state == "Disabled":
        hours = stream.retention_hours
        _line(f"  ! Nothing is delivered: records are gone after {hours:,} h.", "yellow")
    _show_effects(effects(mapping.settings))
    for finding in _findings(mapping, stream):
        _wrapped(f"  ! {finding.rule.id} ", finding.message, "yellow")
        _wrapped("         ", finding.effect)


def _show_effects(settings: list[Effect]) -> None:
    """A line for each setting, where it fits: name, value, effect."""
    values = [(f"  {each.name} {_value(each)}", each.effect) for each in settings]
    column = max(len(text) for text, _ in values if len(text) <= _VALUES) + 2
    for text, effect in values:
        if len(text) + 2 > column:
            _wrapped("  ", text[2:])
            text = ""
        _wrapped(text.ljust(column), effect)


def _value(setting: Effect) -> str:
    """An ARN is as good as its name here."""
    is_arn = setting.value.startswith("arn:")
    return escape(setting.value.rpartition(":")[2] if is_arn else setting.value)


def _show_metrics(status: Status) -> None:
    if status.metrics.problem:
        return
    _line("\nThe last hour", "bold")
    metrics = status.metrics.value
    if metrics is None:
        _line("  not available here: this endpoint has measured nothing")
        return
    several = len({metric.of for metric in metrics}) > 2  # more than one function and the stream
    before = ""
    for metric in metrics:
        if several and metric.of != before:
            _line(f"  {metric.of}")
        before = metric.of
        _line(f"  {metric.label:19}{_plot(metric)}")


def _plot(metric: Metric) -> str:
    """A bar for each two minutes, a space where nothing was measured; then the highest value."""
    if not metric.measured:
        return "no data"
    highest = max(metric.measured)
    bars = ""
    for minute in range(0, MINUTES, 2):
        pair = [value for value in metric.values[minute : minute + 2] if value is not None]
        bars += _bar(max(pair), highest) if pair else " "
    unit = f" {metric.unit}" if metric.unit else ""
    total = "" if metric.unit else f", {sum(metric.measured):,.0f} in all"
    return f"{bars} up to {highest:,.4g}{unit}{total}"


def _bar(value: float, highest: float) -> str:
    return _BARS[round(value / highest * (len(_BARS) - 1))] if highest > 0 else _BARS[0]


def _show_destinations(status: Status) -> None:
    destinations = status.destinations.value
    if destinations is None:
        return
    _line("\nOn-failure destination", "bold")
    if not destinations:
        _line("  none")
    for each in destinations:
        name = each.place.rpartition("/" if each.waiting is not None else ":")[2]
        if each.waiting is None:
            _line(f"  {name}: not counted here; `kcli redrive` reads the bucket")
            continue
        text = f"{counted(each.waiting, 'document')} waiting, {each.in_flight:,} in flight"
        waits = each.waiting or each.in_flight
        _line(f"  {name}: {text}", "yellow" if waits else "green")
        if waits:
            _line("  `kcli redrive` shows their records")


def _wrapped(before: str, text: str, style: str = "") -> None:
    """A text in as many lines as it needs, the second and further ones under the first."""
    room = max(stdout_console().width - len(before), _NARROWEST)
    for line in wrapped(escape(text), room):
        _line(f"{before}{line}", style)
        before = " " * len(before)


def _line(text: str, style: str = "") -> None:
    for part in text.split("\n"):
        stdout_console().print(plain(part), style=style, soft_wrap=True)
