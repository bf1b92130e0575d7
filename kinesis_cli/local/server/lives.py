"""What became of a stream's records, for our own commands: the answer to `lives`."""

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Reader

if TYPE_CHECKING:
    from kinesis_cli.local.service.function_service import FunctionService


class LivesRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is asked for."""

    stream: str  # ARN
    since: int = 0  # the number of the last fact that is known; 0: all that is kept
    sequence_number: str | None = None  # of one record; None: all
    backlog: bool = False  # whether to count what waits


class Lives(msgspec.Struct, frozen=True, rename="camel"):
    """The answer."""

    run: str  # names the life of this server: another one knows nothing of what was before
    next: int  # ask for what happened since this number
    missed: bool  # some of what was asked for is gone
    more: bool  # there is more already
    ahead: float  # seconds that the endpoint's clock is ahead of the machine's
    mappings: list[Reader]
    facts: list[Fact]


_RUN = uuid.uuid4().hex


async def lives(service: "FunctionService | None", document: Mapping[str, Any]) -> dict[str, Any]:
    """What happened to the records of a stream.

    Args:
        service: the functions; None: there are none.
        document: a `LivesRequest`.

    Raises:
        InputError: it is none.
    """
    try:
        request = msgspec.convert(document, LivesRequest)
    except msgspec.ValidationError as error:
        raise InputError(str(error), place="lives") from error
    if service is None:
        return _answer(Lives(_RUN, 0, missed=False, more=False, ahead=0.0, mappings=[], facts=[]))
    history = service.history
    # first the mappings: of one that is told to wait for nothing, no fact is left out
    mappings = await _readers(service, request)
    if request.sequence_number is not None:
        page = history.life(request.stream, request.sequence_number)
    else:
        page = history.since(request.since, stream=request.stream)
    return _answer(
        Lives(
            _RUN,
            page.next,
            page.missed,
            page.more,
            service.now() - time.time(),
            mappings,
            page.facts,
        )
    )


async def _readers(service: "FunctionService", request: LivesRequest) -> list[Reader]:
    from kinesis_cli.local.service.readers import mappings_of, reader_of

    return [
        await reader_of(service, each, with_backlog=request.backlog)
        for each in mappings_of(service, request.stream)
    ]


def _answer(answer: Lives) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(answer)
    return document
