"""Moments and lengths of time: as users write them, and as AWS writes them."""

import math
import re
from datetime import UTC, date, datetime

import msgspec

from kinesis_cli.errors import InputError

LATEST_ARRIVAL = 253_402_300_800.0  # epoch seconds; the year 10,000

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)", re.ASCII)
_ISO = "an ISO time such as 2026-01-31T12:00:00Z"
FORMS = f"10m (ago), {_ISO}, or epoch seconds"


# As users write them.


def length_in_seconds(text: str, place: str, examples: str = "30s, 5m or 1h") -> float:
    """Read `90`, `500ms`, `30s`, `5m`, `1h` or `2d`.

    Args:
        text: what the user wrote.
        place: where, for the error.
        examples: for the error.

    Raises:
        InputError: it is not a length of time.
    """
    if found := _LENGTH.fullmatch(text):
        return float(found[1]) * _UNITS[found[2]]
    raise InputError(f"{text!r} is not a duration, such as {examples}", place=place)


def moment(text: str, now: float, place: str, others: str = "") -> float:
    """Read `10m` (ago), `+10m` (from now), an ISO time or epoch seconds; return epoch seconds.

    Args:
        text: an ISO time without a zone is UTC.
        now: epoch seconds.
        place: the option, for the error.
        others: what else it takes, for the error.

    Raises:
        InputError: it is none of these.
    """
    problem, advice = f"{text!r} is not a time", f"Write {others}{FORMS}."
    found = _LENGTH.fullmatch(text.removeprefix("+"))
    if found and found[2]:
        length = float(found[1]) * _UNITS[found[2]]
        seconds = now + length if text.startswith("+") else now - length
    elif found and not text.startswith("+"):
        seconds = float(text)
        if now < seconds / 1000 < LATEST_ARRIVAL or 0 < now - seconds / 1000 < 1e9:
            advice = "It looks like milliseconds; write seconds."
            raise InputError(problem, place=place, advice=advice)
    else:
        try:
            seconds = _in_utc(datetime.fromisoformat(text)).timestamp()
        except ValueError:
            raise InputError(problem, place=place, advice=advice) from None
    if not 0 <= seconds < LATEST_ARRIVAL:
        raise InputError(problem, place=place, advice=advice)
    return seconds


class Moment(msgspec.Struct, frozen=True):
    """A point in virtual time: absolute, or so many seconds after another one."""

    seconds: float
    is_relative: bool = False

    @classmethod
    def parse(cls, text: str, place: str, after: str = "after the first arrival") -> "Moment":
        """Read epoch seconds, an ISO 8601 time, or `+SECONDS` after something.

        Args:
            text: what the user wrote.
            place: where, "--start".
            after: what a relative moment counts from, for people.

        Raises:
            InputError: it has another form.
        """
        try:
            if text.startswith("+"):
                return cls(_finite(text[1:]), is_relative=True)
            return cls(epoch_seconds(text))
        except (ValueError, OverflowError):
            raise InputError(
                f"{text!r} is not a time",
                place=place,
                advice=f"Write epoch seconds, {_ISO}, or +SECONDS {after}.",
            ) from None

    def after(self, origin: float | None) -> float:
        """Return the moment in epoch seconds."""
        return self.seconds + (origin or 0.0) if self.is_relative else self.seconds


def _finite(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip()):
        raise ValueError(text)
    seconds = float(text)
    if math.isinf(seconds):
        raise ValueError(text)
    return seconds


def epoch_seconds(value: object) -> float:
    """Read a number, its text, an ISO 8601 text (UTC without a zone) or a date of YAML.

    Raises:
        ValueError: it is none of these, or of no use: before 1970 or beyond the year 5000.
    """
    try:
        seconds = _seconds(value)
    except OverflowError:
        raise ValueError(value) from None
    if not 0 <= seconds < 1e11:  # also refuses NaN and infinities
        raise ValueError(value)
    return seconds


def number_or_nan(value: object) -> float:
    """Return a number of JSON as a float; NaN where it is none, or larger than any float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _seconds(value: object) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):  # as YAML reads 2026-01-31
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return _in_utc(value).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    return float(value)


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


# As AWS writes them.


def utc_seconds(at: float) -> str:
    """Write epoch seconds as 2019-11-14T00:38:06Z; fractions are cut."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def utc_milliseconds(at: float) -> str:
    """Write epoch seconds as 2019-11-14T00:38:06.021Z."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_time(at: float) -> str:
    """Write epoch seconds as AWS does in documents: 2019-11-14T00:38:06.021Z, or 00:38:06Z.

    Java's Instant prints as many groups of three decimals as it needs, and none for a whole second.
    Source: https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/time/format/DateTimeFormatter.html#ISO_INSTANT;
    recorded by LocalStack and stackd for DynamoDB streams (whole seconds).
    """
    return _instant(datetime.fromtimestamp(at, UTC))


def clock_time(at: float) -> str:
    """Write a time of Lambda's own clock, which shows milliseconds in every recorded document."""
    moment = datetime.fromtimestamp(at, UTC)
    return _instant(moment.replace(microsecond=moment.microsecond // 1000 * 1000))


def _instant(moment: datetime) -> str:
    if not moment.microsecond:
        precision = "seconds"
    elif moment.microsecond % 1000 == 0:
        precision = "milliseconds"
    else:
        precision = "microseconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def object_key_time(at: float) -> str:
    """Write epoch seconds as S3 keys of Lambda's destinations have them."""
    return f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d/%Y-%m-%dT%H.%M.%S}"
