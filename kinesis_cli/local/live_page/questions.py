"""What the page asks when something is clicked: a call, a record, what was given up."""

import time

import msgspec

from kinesis_cli.following.fact import Fact
from kinesis_cli.following.followed import Put
from kinesis_cli.local.http.messages import Request
from kinesis_cli.local.live_page.around import Surroundings
from kinesis_cli.local.live_page.calls import CallWatch, call_row
from kinesis_cli.local.live_page.failures import documents
from kinesis_cli.local.live_page.invoked import invoked_call
from kinesis_cli.local.live_page.lives import life_here
from kinesis_cli.local.live_page.logs import lines_of_fact
from kinesis_cli.local.live_page.records import shown_whole
from kinesis_cli.stream.table_arn import is_of_table

MAX_NUMBERS = 1_000  # of a call, that are told


class Questions:
    """Answers them.

    Args:
        around: what they are about.
        calls: those that are kept.
    """

    def __init__(self, around: Surroundings, calls: CallWatch) -> None:
        self._around, self._calls = around, calls

    async def call(self, request: Request) -> object:
        """One call, with its records' numbers and its log lines; None: it is not kept any more."""
        number = _id(request)
        fact, row = self._fact(number), self._calls.row_of(number)
        if fact is None:
            return row and {
                **msgspec.structs.asdict(row),
                **{"numbers": None, "failed_numbers": None, "logs": [], "logs_cut": True},
            }
        logs, cut = await lines_of_fact(self._around, fact)
        return {
            **msgspec.structs.asdict(row or call_row(fact)),
            "numbers": fact.sequence_numbers[:MAX_NUMBERS],
            "failed_numbers": fact.failures[:MAX_NUMBERS],
            "logs": logs,
            "logs_cut": cut,
        }

    async def invoked(self, request: Request) -> object:
        """One call that no mapping made, with its log lines; None: it is not kept any more."""
        return await invoked_call(self._around, _id(request))

    def _fact(self, number: int) -> Fact | None:
        service = self._around.functions.service
        if service is None or number < 1:
            return None
        found = service.history.since(number - 1, limit=1).facts
        is_it = bool(found) and found[0].number == number and found[0].what == "called"
        return found[0] if is_it else None

    async def record(self, request: Request) -> object:
        """One record and its life; None: there is no such stream."""
        name, shard_id = request.query("stream"), request.query("shard")
        number, around = request.query("number"), self._around
        arn = self._arn(name)
        if arn is None:
            return None
        found, now = around.data_plane.record(arn, shard_id, number), around.data_plane.clock.now()
        arrived = found["ApproximateArrivalTimestamp"] if found else now
        life: dict[str, object] = {"calls": [], "steps": [], "endings": []}
        if (service := around.functions.service) is not None:
            life = await life_here(
                service,
                arn,
                Put(0, shard_id, number, arrived),
                is_there=found is not None or (is_of_table(arn) and _is_number(number)),
                known_since=around.server.started + now - time.time(),
            )
        return {"record": shown_whole(name, shard_id, found) if found else None, **life}

    def _arn(self, name: str) -> str | None:
        """The stream of this name; that of the project's own region first."""
        around = self._around
        arns = [each.arn for each in around.data_plane.glances() if each.name == name]
        arns += [each["arn"] for each in around.functions.tables() if each["name"] == name]
        arns.sort(key=lambda arn: f":{around.server.region}:" not in arn)
        return arns[0] if arns else None

    async def failures(self, _request: Request) -> object:
        """The documents that wait."""
        return await documents(self._around)


def _id(request: Request) -> int:
    """The number of what is asked for; 0: none is named."""
    named = request.query("id")
    return int(named) if _is_number(named) and len(named) < 16 else 0


def _is_number(text: str) -> bool:
    """Whether this can be a sequence number."""
    return text.isascii() and text.isdigit() and len(text) <= 128
