"""What becomes of records on a running server, asked of it again and again."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kinesis_cli.errors import EndpointError, InputError
from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Reader
from kinesis_cli.following.settling import Settling
from kinesis_cli.local.client.process import ask
from kinesis_cli.local.state import Server, running_server
from kinesis_cli.putting.entry import Entry

LOOK_EVERY = 0.2  # seconds


class LocalLives:
    """The facts of a server's history, from the moment on at which it was first asked.

    Args:
        server: that runs.
        stream_arn: the stream's.

    Raises:
        EndpointError: it does not answer.
    """

    every = LOOK_EVERY
    keeps_up = True  # it is asked while records are put, since it does not keep all for ever
    tells_all = True
    clock = "this machine's clock, from the answer to the put"
    caveat = (
        "Some of what happened is not known: the local stream was started anew, or more happened "
        "than it keeps."
    )

    def __init__(self, server: Server, stream_arn: str) -> None:
        self._server, self._stream_arn = server, stream_arn
        # so far ahead that nothing of before is told
        answer = self._ask(since=(1 << 62), backlog=True)
        self._run, self._since = answer["run"], answer["next"]
        self.readers = _readers(answer)

    def put(self, settling: Settling, records: Sequence[Entry]) -> None:
        """The server knows of them by itself."""

    def look(self, settling: Settling) -> None:
        """Tell what has happened since the last time.

        Raises:
            EndpointError: it does not answer.
        """
        more = True
        while more:
            answer = self._ask(since=self._since, backlog=True)
            if answer["run"] != self._run:  # another server, whose history has just begun
                self._run, self._since = answer["run"], 0
                settling.started_anew()
                continue
            if answer["missed"]:
                settling.missed()
            settling.happened(msgspec.convert(answer["facts"], list[Fact]), answer["ahead"])
            self._since, more = answer["next"], answer["more"]
        settling.read_by(_readers(answer), time.monotonic())

    def close(self) -> None:
        """Nothing is held."""

    def _ask(self, **request: object) -> Any:  # noqa: ANN401 - JSON
        """The answer of the server, or of the one that has taken its place."""
        question = {"stream": self._stream_arn, **request}
        try:
            return ask(self._server, "lives", question)
        except EndpointError:
            now = running_server(Path(self._server.state))
            if now is None or now.token == self._server.token:
                raise
            self._server = now
            return ask(now, "lives", question)
        except InputError as error:
            raise EndpointError(
                "the local stream is of an older kcli, which keeps no record's life",
                advice="`kcli local stop` ends it; it starts anew with the next command.",
            ) from error


def _readers(answer: Any) -> list[Reader]:  # noqa: ANN401 - JSON
    return msgspec.convert(answer["mappings"], list[Reader])
