"""Asking a local endpoint for its status."""

from pathlib import Path
from typing import Any

from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import running_server
from kinesis_cli.local.status import LocalStatus, MappingStatus, Problem, stream_status


def local_status(state: Path) -> LocalStatus:
    """The status of the endpoint of a state directory.

    Raises:
        EndpointError: it runs and does not answer.
    """
    server = running_server(state)
    if server is None:
        return LocalStatus(state, None, ())
    answer: Any = ask(server, "status")
    mappings = tuple(MappingStatus(**each) for each in answer["mappings"])
    return LocalStatus(
        state,
        server,
        stream_status(answer["streams"]),
        mappings,
        problems=tuple(Problem(**each) for each in answer["problems"]),
        not_made=tuple(Problem(**each) for each in answer["not_made"]),
        # What follows a server of an older kcli does not tell.
        notes=tuple(answer.get("notes", ())),
        tables=stream_status(answer.get("tables", ())),
    )
