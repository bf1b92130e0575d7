"""Calls that no mapping made, as the page shows them: by Invoke, and the tries of events."""

from collections.abc import Iterable

import msgspec

from kinesis_cli.local.function.direct_calls import DirectCall, Kind
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.live_page.logs import LoggedCall, lines_of_call
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.stream.escaping import escape

MAX_SHOWN = 50


class InvokedRow(msgspec.Struct, frozen=True):
    """A call that has ended."""

    id: int
    request_id: str
    function: str
    kind: Kind
    attempt: int
    at: float  # epoch seconds
    duration_ms: float
    outcome: str
    error: str


def invoked(service: FunctionService | None) -> dict[str, object]:
    """The newest calls; counts are of all since the server's start."""
    if service is None:
        return {"total": 0, "running": 0, "shown": [], "problems": []}
    calls = service.direct
    return {
        "total": calls.total,
        "running": calls.running,
        "shown": _rows(calls.newest(MAX_SHOWN)),
        "problems": _rows(calls.problems(MAX_SHOWN)),
    }


async def invoked_call(around: Surroundings, number: int) -> object:
    """One call with its log lines; None: it is not kept any more."""
    service = around.functions.service
    call = service.direct.find(number) if service else None
    if service is None or call is None:
        return None
    place = LoggedCall(call.log_group, call.request_id, call.began, call.ended)
    logs, cut = await lines_of_call(around, service, place)
    return {**msgspec.structs.asdict(_row(call)), "logs": logs, "logs_cut": cut}


def _rows(calls: Iterable[DirectCall]) -> list[InvokedRow]:
    return [_row(each) for each in calls]


def _row(call: DirectCall) -> InvokedRow:
    return InvokedRow(
        id=call.number,
        request_id=call.request_id,
        function=escape(call.function),
        kind=call.kind,
        attempt=call.attempt,
        at=call.began,
        duration_ms=round(max(call.ended - call.began, 0.0) * 1000, 1),
        outcome=call.outcome,
        error=escape(call.error),
    )
