"""What `kcli local` prints."""

import sys
from collections.abc import Iterable, Iterator, Mapping

from kinesis_cli.local.state import Server
from kinesis_cli.local.status import LocalStatus, MappingStatus, StreamStatus
from kinesis_cli.show.console import escape, plain, stdout_console, write_document
from kinesis_cli.show.shapes import machine as shapes


def show_ready(status: LocalStatus, state_option: str) -> None:
    """The endpoint that has just started: address, streams, and how to point a client at it.

    Args:
        status: of a server that runs.
        state_option: ` --state DIR`, where the user named one.
    """
    server = status.server
    assert server is not None
    kept = "in memory, gone when it ends" if server.in_memory else f"kept in {status.state}"
    streams = [
        f"  {each.name}: {_count(each.shards, 'shard')}, {_count(each.records, 'record')}"
        for each in status.streams
    ]
    tables = [f"  stream of table {each.name}" for each in status.tables]
    show_lines(
        [
            f"Local stream on {server.endpoint}, region {server.region}, {kept}.",
            *streams,
            *tables,
            f'Point any client at it: eval "$(kcli local env{state_option})"',
            *status.notes,
            *problem_lines(status),
        ]
    )


def problem_lines(status: LocalStatus) -> Iterator[str]:
    """What does not run or feed anything, and what is not on this machine; with the reasons."""
    for each in status.problems:
        yield f"Does not run: {each.name}: {each.reason}"
    if status.not_made:
        names = ", ".join(f"{each.name} ({each.reason})" for each in status.not_made)
        yield f"Not on this machine: {names}"


def show_status(status: LocalStatus, output: str) -> None:
    """Print the status.

    Args:
        status: of an endpoint, running or not.
        output: "table", "json" or "ndjson".
    """
    if output != "table":
        write_document(as_document(status), output)
    else:
        _show_table(status)


def as_document(status: LocalStatus) -> shapes.LocalStatus:
    """The status as JSON, version 1."""
    server = status.server
    return shapes.LocalStatus(
        version=1,
        running=server is not None,
        pid=server.pid if server else None,
        endpoint=server.endpoint if server else None,
        state=str(status.state),
        streams=[_stream_document(each) for each in status.streams],
        tables=[_stream_document(each) for each in status.tables],
        mappings=[
            shapes.LocalMapping(
                function=each.function,
                stream=each.stream,
                state=each.state,
                backlog=each.backlog,
                iterator_age_seconds=each.iterator_age,
            )
            for each in status.mappings
        ],
        notes=status.notes,
        problems=[shapes.Problem(name=each.name, reason=each.reason) for each in status.problems],
        not_made=[shapes.NotMade(name=each.name, type=each.reason) for each in status.not_made],
    )


def _stream_document(stream: StreamStatus) -> shapes.LocalStream:
    return shapes.LocalStream(
        name=stream.name, arn=stream.arn, shards=stream.shards, records=stream.records
    )


def _show_table(status: LocalStatus) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = stdout_console()
    console.print(plain(_headline(status)), soft_wrap=True)
    for title, streams in (("Stream", status.streams), ("Table's stream", status.tables)):
        if not streams:
            continue
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column(title, overflow="fold")
        table.add_column("Shards", justify="right")
        table.add_column("Records", justify="right")
        for each in streams:
            table.add_row(plain(each.name), f"{each.shards:,}", f"{each.records:,}")
        console.print(table)
    if status.mappings:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in ("Function", "Fed by", "State"):
            table.add_column(name, overflow="fold")
        table.add_column("Backlog", justify="right")
        table.add_column("Iterator age", justify="right")
        for mapping in status.mappings:
            names = (mapping.function, mapping.stream, mapping.state)
            table.add_row(*map(plain, names), f"{mapping.backlog:,}", _age(mapping))
        console.print(table)
    for line in (*status.notes, *problem_lines(status)):
        console.print(plain(line), soft_wrap=True)


def _age(mapping: MappingStatus) -> str:
    return "" if mapping.iterator_age is None else f"{mapping.iterator_age:,.1f} s"


def _headline(status: LocalStatus) -> str:
    server = status.server
    if server is None:
        return f"No local stream runs; its state would be in {status.state}."
    kept = "in memory" if server.in_memory else f"state in {status.state}"
    return f"Local stream on {server.endpoint}, process {server.pid}, {kept}."


def show_lines(lines: Iterable[str]) -> None:
    """Print lines for a shell or a reader, as they come."""
    for line in lines:
        sys.stdout.write(f"{escape(line)}\n")
        sys.stdout.flush()


def show_faults(faults: Mapping[str, object]) -> None:
    """Print the faults that are switched on."""
    show_lines(_fault_lines(faults))


def _fault_lines(faults: Mapping[str, object]) -> Iterator[str]:
    if not faults:
        yield "No faults are switched on."
    for name, value in faults.items():
        yield f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def started_note(server: Server, state_option: str) -> str:
    """What a command says that started the local endpoint on its way."""
    address = server.endpoint.partition("//")[2]
    return f"local stream started on {address}; `kcli local stop{state_option}` ends it"
