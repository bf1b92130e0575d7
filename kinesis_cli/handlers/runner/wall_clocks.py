"""The wall clocks of a process of the function's own, moved without any extension.

Put in before the function's code is imported: whoever imports `time` or `datetime` later gets
these. `datetime.now` is replaced in the type itself, so that there is one `datetime.datetime` as
ever, for `isinstance`, for pickling, and for libraries that ask for the exact type.
"""

from __future__ import annotations

import datetime
import gc
import sys
import time
from typing import Any

_NANOSECONDS = 1_000_000_000

_at_ns: int | None = None  # what the clocks show; None: the real time

_real_time, _real_time_ns = time.time, time.time_ns
_real_gmtime, _real_localtime, _real_ctime = time.gmtime, time.localtime, time.ctime
_real_strftime, _real_asctime = time.strftime, time.asctime
_real_clock_gettime, _real_clock_gettime_ns = time.clock_gettime, time.clock_gettime_ns
_real_now = vars(datetime.datetime)["now"]
_real_utcnow = vars(datetime.datetime)["utcnow"]
_real_today = vars(datetime.date)["today"]


class PatchedClocks:
    """`WallClocks` of this process; there is one function in it."""

    def start(self, at_ns: int) -> None:
        """Stand still at `at_ns`, nanoseconds since the epoch."""
        global _at_ns
        _at_ns = at_ns
        _patch_uuid()

    def shift(self, seconds: float) -> None:
        """Move them on."""
        global _at_ns
        assert _at_ns is not None
        _at_ns += round(seconds * _NANOSECONDS)

    def stop(self) -> None:
        """Show the real time."""
        global _at_ns
        _at_ns = None


def install() -> None:
    """Put the clocks in, for good: between calls they show the real time."""
    for function in (
        _time,
        _time_ns,
        _gmtime,
        _localtime,
        _ctime,
        _asctime,
        _strftime,
        _clock_gettime,
        _clock_gettime_ns,
    ):
        setattr(time, function.__name__[1:], function)
    _patch_type(datetime.datetime, now=classmethod(_now), utcnow=classmethod(_utcnow))
    _patch_type(datetime.date, today=classmethod(_today))


def _patch_type(kind: type, **methods: Any) -> None:  # noqa: ANN401 - class methods
    """Replace methods of a type that is written in C: its dictionary is behind a read-only view."""
    (members,) = gc.get_referents(vars(kind))
    members.update(methods)
    _forget_cached_methods(kind)


def _forget_cached_methods(kind: type) -> None:
    """Let Python look methods up anew, where something has called them before us."""
    try:
        from ctypes import py_object, pythonapi
    except ImportError:  # a Python without libffi; nothing has called them this early as a rule
        return
    pythonapi.PyType_Modified(py_object(kind))


def _patch_uuid() -> None:
    """Let `uuid1` ask Python's clock, and forget the latest time that it gave."""
    uuid: Any = sys.modules.get("uuid")
    if uuid is not None:
        uuid._generate_time_safe = uuid._UuidCreate = None
        for name in ("_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7"):
            if hasattr(uuid, name):
                setattr(uuid, name, None)


def _time() -> float:
    """Return the time in seconds since the epoch."""
    return _real_time() if _at_ns is None else _at_ns / _NANOSECONDS


def _time_ns() -> int:
    """Return the time in nanoseconds since the epoch."""
    return _real_time_ns() if _at_ns is None else _at_ns


def _gmtime(seconds: float | None = None, /) -> time.struct_time:
    """Convert seconds since the epoch to UTC; by default the current time."""
    return _real_gmtime(_time() if seconds is None else seconds)


def _localtime(seconds: float | None = None, /) -> time.struct_time:
    """Convert seconds since the epoch to local time; by default the current time."""
    return _real_localtime(_time() if seconds is None else seconds)


def _ctime(seconds: float | None = None, /) -> str:
    """Convert seconds since the epoch to a text in local time; by default the current time."""
    return _real_ctime(_time() if seconds is None else seconds)


def _asctime(moment: Any = None, /) -> str:  # noqa: ANN401 - what the real one takes
    """Convert a time tuple to a text; by default the current local time."""
    return _real_asctime(_localtime() if moment is None else moment)


def _strftime(form: str, moment: Any = None, /) -> str:  # noqa: ANN401 - what the real one takes
    """Convert a time tuple to a text of a form; by default the current local time."""
    return _real_strftime(form, _localtime() if moment is None else moment)


def _clock_gettime(clock: int, /) -> float:
    """Return the time of a clock."""
    is_ours = _at_ns is not None and clock == time.CLOCK_REALTIME
    return _time() if is_ours else _real_clock_gettime(clock)


def _clock_gettime_ns(clock: int, /) -> int:
    """Return the time of a clock as nanoseconds."""
    is_ours = _at_ns is not None and clock == time.CLOCK_REALTIME
    return _time_ns() if is_ours else _real_clock_gettime_ns(clock)


def _now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    """Return the current time, in the time zone `tz`; by default local, without one."""
    if _at_ns is None:
        return _real_now.__get__(None, cls)(tz)  # type: ignore[no-any-return]
    return cls.fromtimestamp(_time(), tz)


def _utcnow(cls: type[datetime.datetime]) -> datetime.datetime:
    """Return the current time in UTC, without a time zone."""
    if _at_ns is None:
        return _real_utcnow.__get__(None, cls)()  # type: ignore[no-any-return]
    return cls.fromtimestamp(_time(), datetime.timezone.utc).replace(tzinfo=None)


def _today(cls: type[datetime.date]) -> datetime.date:
    """Return the current date, in local time."""
    if _at_ns is None:
        return _real_today.__get__(None, cls)()  # type: ignore[no-any-return]
    return cls.fromtimestamp(_time())
