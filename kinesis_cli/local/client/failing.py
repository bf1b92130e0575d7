"""Asking a local endpoint which batches fail and are tried again."""

from typing import Any

from kinesis_cli.errors import InputError
from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import Server
from kinesis_cli.poison.stuck_batch import StuckBatch


def failing_batches(server: Server) -> list[StuckBatch]:
    """The batches that fail now, of all mappings.

    Raises:
        InputError: the server is of an older kcli, which does not tell.
        EndpointError: it does not answer.
    """
    try:
        answer: Any = ask(server, "failing")
    except InputError as error:
        raise InputError(
            "the local stream was started by an older kcli, which does not tell what fails",
            advice="Start it anew: `kcli local stop`, `kcli local start --detach`.",
        ) from error
    return [StuckBatch(**each) for each in answer["batches"]]
