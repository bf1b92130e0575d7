"""What `kcli status` prints: one screen, or one document."""

import sys
from collections.abc import Iterator

from kinesis_cli.aws.status import MINUTES, MappingState, Metric, Status
from kinesis_cli.event_source_mapping.effects import effects, risks
from kinesis_cli.show.cells import counted
from kinesis_cli.show.console import plain, stdout_console, write_json, write_line

_BARS = "▁▂▃▄▅▆▇█"


def show_status(status: Status, place: str, output: str) -> None:
    """Print a status.

    Args:
        status: what was found.
        place: where, for people and programs.
        output: "table", "json" or "ndjson".
    """
    if output == "json":
        write_json(as_document(status, place))
    elif output == "ndjson":
        write_line(as_document(status, place))
    elif sys.stdout is not None:
        _show_screen(status, place)


def as_document(status: Status, place: str) -> dict[str, object]:
    """A status as JSON, version 1."""
    stream, queue = status.stream, status.queue.value
    mappings, metrics = status.mappings.value, status.metrics.value
    return {
        "version": 1,
        "endpoint": place,
        "stream": {
            "name": stream.name,
            "arn": stream.arn,
            "status": stream.status,
            "mode": stream.mode,
            "openShards": stream.open_shards,
            "retentionHours": stream.retention_hours,
            "maxRecordSizeKiB": stream.max_record_kib,
            "consumers": stream.consumers,
        },
        "mappings": None
        if mappings is None
        else [_mapping_document(each, stream.retention_hours) for each in mappings],
        "metrics": None
        if metrics is None
        else [{"name": m.label, "unit": m.unit, "perMinute": list(m.values)} for m in metrics],
        "failureQueue": None
        if queue is None
        else {"url": queue.url, "waiting": queue.waiting, "inFlight": queue.in_flight},
        "problems": list(_problems(status)),
    }


def _mapping_document(mapping: MappingState, retention_hours: int) -> dict[str, object]:
    return {
        "uuid": mapping.uuid,
        "functionArn": mapping.function_arn,
        "state": mapping.state,
        "reason": mapping.reason or None,
        "lastProcessingResult": mapping.last_result or None,
        "settings": mapping.settings.to_aws(),
        "risks": risks(mapping.settings, retention_hours),
    }


def _problems(status: Status) -> Iterator[str]:
    for part in (status.mappings, status.metrics, status.queue):
        if part.problem:
            yield part.problem


def _show_screen(status: Status, place: str) -> None:
    stream = status.stream
    _line(f"Stream {stream.name} at {place}", "bold")
    mode = "on demand" if stream.mode == "ON_DEMAND" else "provisioned"
    fan_out = f", {counted(stream.consumers, 'fan-out consumer')}" if stream.consumers else ""
    _line(
        f"  {stream.status}, {mode}, {counted(stream.open_shards, 'open shard')}, keeps records "
        f"{stream.retention_hours:,} h, each up to "
        f"{stream.max_record_kib:,} KiB{fan_out}"
    )
    for mapping in status.mappings.value or ():
        _show_mapping(mapping, stream.retention_hours)
    if status.mappings.value == ():
        _line("\nNo event source mapping: the stream feeds no function.", "yellow")
    _show_metrics(status)
    _show_queue(status)
    for problem in _problems(status):
        _line(f"\nNot known: {problem}", "yellow")


def _show_mapping(mapping: MappingState, retention_hours: int) -> None:
    from rich.table import Table

    _line("")
    _line(f"Event source mapping to {mapping.function_arn.rpartition('function:')[2]}", "bold")
    result = f", last result: {mapping.last_result}" if mapping.last_result else ""
    reason = f" ({mapping.reason})" if mapping.reason and mapping.state != "Enabled" else ""
    good = mapping.state == "Enabled" and not mapping.last_result.startswith("PROBLEM")
    _line(f"  {mapping.state}{reason}{result}", "green" if good else "yellow")
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(max_width=30)
    table.add_column()
    for each in effects(mapping.settings):
        value = each.value.rpartition(":")[2] if each.value.startswith("arn:") else each.value
        table.add_row(plain(f"  {each.name}"), plain(value), plain(each.effect))
    stdout_console().print(table)
    for risk in risks(mapping.settings, retention_hours):
        _line(f"  ! {risk}", "yellow")


def _show_metrics(status: Status) -> None:
    if status.metrics.problem:
        return
    _line("\nThe last hour", "bold")
    if status.metrics.value is None:
        _line("  not available here: this endpoint measures nothing")
    for metric in status.metrics.value or ():
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


def _show_queue(status: Status) -> None:
    if status.queue.problem:
        return
    queue = status.queue.value
    _line("\nFailure queue", "bold")
    if queue is None:
        _line("  none")
        return
    text = f"{counted(queue.waiting, 'document')} waiting, {queue.in_flight:,} in flight"
    waits = queue.waiting or queue.in_flight
    _line(f"  {queue.url.rpartition('/')[2]}: {text}", "yellow" if waits else "green")
    if waits:
        _line("  `kcli redrive` shows their records")


def _line(text: str, style: str = "") -> None:
    for part in text.split("\n"):
        stdout_console().print(plain(part), style=style, soft_wrap=True)
