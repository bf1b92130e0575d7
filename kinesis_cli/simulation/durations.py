"""How long a call of the function takes: a constant, a model of its batch, or fitted to a log."""

import math
import re
from collections.abc import Sequence

import msgspec

from kinesis_cli.errors import InputError
from kinesis_cli.function_log.measured_call import MeasuredCall

KB = 1024  # bytes
_TERM = re.compile(r"(?P<seconds>\d+(?:\.\d*)?|\.\d+)\s*(?:/\s*(?P<unit>records?|KB))?", re.I)
_PLACE = "--invocation-duration"


class CallDuration(msgspec.Struct, frozen=True):
    """Seconds of a call, besides its own sleeps."""

    base: float = 0.0
    per_record: float = 0.0
    per_kb: float = 0.0  # of the event's JSON

    def of(self, records: int, payload_bytes: int) -> float:
        """Seconds of a call with so many records and bytes."""
        return self.base + self.per_record * records + self.per_kb * payload_bytes / KB

    def __str__(self) -> str:
        """As `--invocation-duration` takes it."""
        terms = [f"{self.base:.6g}"]
        terms += [f"{self.per_record:.6g}/record"] if self.per_record else []
        terms += [f"{self.per_kb:.6g}/KB"] if self.per_kb else []
        return "+".join(terms)


USUAL = CallDuration(0.1)


def call_duration(text: str) -> CallDuration | None:
    """What `--invocation-duration` says; None for `measured`.

    Raises:
        InputError: it is neither seconds, nor a sum such as 0.05+0.002/record+0.001/KB.
    """
    if text.strip() == "measured":
        return None
    seconds = {"": 0.0, "record": 0.0, "kb": 0.0}
    named: set[str] = set()
    for term in text.split("+"):
        found = _TERM.fullmatch(term.strip())
        unit = (found["unit"] or "").lower().removesuffix("s") if found else ""
        if found is None or unit in named or len(found["seconds"]) > 300:
            raise InputError(
                f"{text!r} is not a length of time",
                place=_PLACE,
                advice="Write seconds, such as 0.25; or seconds with what each record and KB adds, "
                "such as 0.05+0.002/record+0.001/KB; or measured.",
            )
        named.add(unit)
        seconds[unit] = float(found["seconds"])
    return CallDuration(seconds[""], seconds["record"], seconds["kb"])


class FittedDuration(msgspec.Struct, frozen=True):
    """What a log says of the duration of calls."""

    duration: CallDuration
    calls: int
    sizes: int  # different numbers of records, of the calls whose number is known
    cold_start: float | None  # seconds, the mean of those that there were


def fitted(calls: Sequence[MeasuredCall], place: str) -> FittedDuration:
    """The duration that fits measured calls best, by least squares; neither term is negative.

    Raises:
        InputError: there are no calls.
    """
    if not calls:
        raise InputError(
            "there is no REPORT line in it",
            place=place,
            advice="Give a log of the function, for example what "
            "`kcli tail-logs --since 1h --no-follow --raw` prints.",
        )
    starts = [call.init_seconds for call in calls if call.init_seconds is not None]
    sized = [(call.records, call.seconds) for call in calls if call.records is not None]
    return FittedDuration(
        _line(sized) or CallDuration(round(_mean([call.seconds for call in calls]), 6)),
        len(calls),
        len({records for records, _ in sized}),
        round(_mean(starts), 6) if starts else None,
    )


def _mean(numbers: Sequence[float]) -> float:
    # Not that of `statistics`, whose import costs each start ten milliseconds.
    return math.fsum(numbers) / len(numbers)


def _line(points: Sequence[tuple[int, float]]) -> CallDuration | None:
    """The line through records and seconds; None where all calls have the same size, or none."""
    if len({records for records, _ in points}) < 2:
        return None
    middle = _mean([records for records, _ in points])
    mean = _mean([seconds for _, seconds in points])
    spread = sum((records - middle) ** 2 for records, _ in points)
    slope = sum((records - middle) * (seconds - mean) for records, seconds in points) / spread
    base = mean - slope * middle
    if slope <= 0:  # larger calls were no slower: a constant says as much
        return CallDuration(round(mean, 6))
    if base < 0:  # the best line through nothing
        slope = sum(r * s for r, s in points) / sum(r * r for r, _ in points)
        base = 0.0
    return CallDuration(round(base, 6), round(slope, 9))
