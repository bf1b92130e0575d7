"""The log lines of one call, from the local CloudWatch Logs."""

from dataclasses import dataclass

from kinesis_cli.following.fact import Fact
from kinesis_cli.function_log.entries import LogEvent, LogReader
from kinesis_cli.function_log.words import message_lines
from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.neighbours.client import NeighbourError
from kinesis_cli.local.service.function_service import FunctionService
from kinesis_cli.stream.escaping import escape

MAX_LINES = 500
_MAX_PAGES = 3  # of events that are looked through
_BEFORE_SECONDS, _AFTER_SECONDS = 2.0, 30.0  # of a call, in which its lines were written
_FILTER = "Logs_20140328.FilterLogEvents"


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """Where the lines of a call are."""

    group: str
    request_id: str
    began: float  # epoch seconds of the endpoint's clock, as `ended`
    ended: float


async def lines_of_fact(around: Surroundings, fact: Fact) -> tuple[list[str], bool]:
    """The lines of a call of a mapping, whose end a fact tells; see `lines_of_call`."""
    service = around.functions.service
    mapping = service.mapping(fact.mapping) if service else None
    if service is None or mapping is None:
        return [], False
    target = service.registry_of(mapping).find(mapping.reference)
    if target is None:
        return [], False
    call = LoggedCall(target.function.log_group, fact.request_id, fact.began, fact.at)
    return await lines_of_call(around, service, call)


async def lines_of_call(
    around: Surroundings, service: FunctionService, call: LoggedCall
) -> tuple[list[str], bool]:
    """The lines of a call.

    Args:
        around: tells how far the endpoint's clock has been moved.
        service: has the logs.
        call: where they are.

    Returns:
        At most so many lines, and whether there are more.
    """
    clock = around.data_plane.clock
    offset = clock.offset if isinstance(clock, ShiftableClock) else 0.0
    request: dict[str, object] = {
        "logGroupName": call.group,
        "startTime": int((call.began - offset - _BEFORE_SECONDS) * 1000),
        "endTime": int((call.ended - offset + _AFTER_SECONDS) * 1000),
        "interleaved": True,
    }
    events = await _events(service, request)
    entries = (entry for block in LogReader().read(events) for entry in block)
    wanted = [each.event.message for each in entries if each.request_id == call.request_id]
    lines = [line for message in wanted for line in message_lines(message)]
    return [escape(line) for line in lines[:MAX_LINES]], len(lines) > MAX_LINES


async def _events(service: FunctionService, request: dict[str, object]) -> list[LogEvent]:
    calls = service.neighbours_of(service.place)
    found: list[LogEvent] = []
    for _ in range(_MAX_PAGES):
        try:
            page = await calls.json("logs", _FILTER, request)
        except NeighbourError:  # nothing was ever written there
            break
        group = str(request["logGroupName"])
        found += [
            LogEvent(each["timestamp"], 0, group, each["logStreamName"], None, each["message"])
            for each in page["events"]
        ]
        if not page.get("nextToken"):
            break
        request = {**request, "nextToken": page["nextToken"]}
    return found
