"""Writing the lines that Lambda itself writes into a function's log, as text or as JSON.

`lines` reads them: who changes one form changes the other.

Source: https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html,
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html (the level of
each JSON line; text has no levels)
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kinesis_cli.function_log.levels import SYSTEM_LOG_LEVELS

INIT_TYPE = "on-demand"


@dataclass(frozen=True, slots=True)
class Logged:
    """What the lines say of a function, whatever the call."""

    name: str
    version: str  # "$LATEST", "7"
    memory_size: int  # MB
    system_log_level: str  # decides which lines there are as JSON
    runtime_version: str  # "python:3.11"
    runtime_arn: str
    now: Callable[[], str]  # the time as Lambda writes it: 2026-01-31T12:00:00.000Z
    new_id: Callable[[], str]  # of a process


@dataclass(frozen=True, slots=True)
class Trouble:
    """That something did not succeed, as a report says it."""

    status: str  # "timeout", "error"; "failure": the process ended
    error_type: str  # "Runtime.ImportModuleError"; a time-out has none


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one call."""

    request_id: str
    duration: float  # seconds
    memory_size: int  # MB
    max_memory_used: int  # MB
    init_duration: float | None = None  # seconds; None: the process was warm
    trouble: Trouble | None = None

    def document(self) -> dict[str, object]:
        """The figures under the names of the telemetry schema."""
        document: dict[str, object] = {"requestId": self.request_id, **self.metrics()}
        if self.trouble is not None:
            document["status"] = self.trouble.status
        return document

    def metrics(self) -> dict[str, object]:
        """Durations and memory. Initialisation is billed, too."""
        metrics: dict[str, object] = {
            "durationMs": _milliseconds(self.duration),
            "billedDurationMs": math.ceil((self.duration + (self.init_duration or 0)) * 1000),
            "memorySizeMB": self.memory_size,
            "maxMemoryUsedMB": self.max_memory_used,
        }
        if self.init_duration is not None:
            metrics["initDurationMs"] = _milliseconds(self.init_duration)
        return metrics


class TextLog:
    """LogFormat: Text."""

    def __init__(self, logged: Logged) -> None:
        self._logged = logged

    def init_start(self) -> list[str]:
        """A process starts."""
        version, arn = self._logged.runtime_version, self._logged.runtime_arn
        return [f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}"]

    def init_report(self, duration: float, phase: str, trouble: Trouble | None) -> list[str]:
        """Its initialisation is over; there is a line only where it has failed.

        Args:
            duration: seconds.
            phase: "init", or "invoke" for the second try, which is part of the call.
            trouble: how it has failed.
        """
        if trouble is None:
            return []
        line = f"INIT_REPORT Init Duration: {_milliseconds(duration):.2f} ms\tPhase: {phase}"
        return [line + _status(trouble)]

    def start(self, request_id: str, _arn: str) -> list[str]:
        """A call begins."""
        return [f"START RequestId: {request_id} Version: {self._logged.version}"]

    def timed_out(self, request_id: str, timeout: float) -> list[str]:
        """The call has used up its time, seconds."""
        return [f"{self._logged.now()} {request_id} Task timed out after {timeout:.2f} seconds", ""]

    def exited(self, message: str) -> list[str]:
        """The process has ended."""
        return [message, "Runtime.ExitError"]

    def report(self, report: Report) -> list[str]:
        """The call is over."""
        metrics = report.metrics()
        parts = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {metrics['durationMs']:.2f} ms",
            f"Billed Duration: {metrics['billedDurationMs']} ms",
            f"Memory Size: {report.memory_size} MB",
            f"Max Memory Used: {report.max_memory_used} MB",
        ]
        if report.init_duration is not None:
            parts.append(f"Init Duration: {metrics['initDurationMs']:.2f} ms")
        # UNSURE(report-status): we say it for time-outs and ended processes only, as recorded. Or
        # also for the exceptions of a handler, as the JSON form does?
        if report.trouble is not None and report.trouble.status != "error":
            parts.append(_status(report.trouble).lstrip("\t"))
        return [f"END RequestId: {report.request_id}", "\t".join([*parts, ""])]


class JsonLog:
    """LogFormat: JSON."""

    def __init__(self, logged: Logged) -> None:
        self._logged = logged
        self._least = SYSTEM_LOG_LEVELS.index(logged.system_log_level)

    def init_start(self) -> list[str]:
        """A process starts."""
        return self._record(
            "INFO",
            "platform.initStart",
            {
                "initializationType": INIT_TYPE,
                "phase": "init",
                "runtimeVersion": self._logged.runtime_version,
                "runtimeVersionArn": self._logged.runtime_arn,
                "functionName": self._logged.name,
                "functionVersion": self._logged.version,
                "instanceId": self._logged.new_id(),
                "instanceMaxMemory": self._logged.memory_size * 1024 * 1024,
            },
        )

    def init_report(self, duration: float, phase: str, trouble: Trouble | None) -> list[str]:
        """As in `TextLog`, also of one that has succeeded."""
        level = "WARN" if trouble else "DEBUG"
        common = {"initializationType": INIT_TYPE, "phase": phase, **_members(trouble)}
        metrics = {"metrics": {"durationMs": _milliseconds(duration)}}
        return [
            *self._record(level, "platform.initRuntimeDone", common),
            *self._record(level, "platform.initReport", {**common, **metrics}),
        ]

    def start(self, request_id: str, arn: str) -> list[str]:
        """A call begins."""
        return self._record(
            "INFO",
            "platform.start",
            {"requestId": request_id, "functionArn": arn, "version": self._logged.version},
        )

    def timed_out(self, _request_id: str, _timeout: float) -> list[str]:
        """Nothing of its own: the report has the status."""
        # UNSURE(json-timeout-line): is there the text line, too?
        return []

    def exited(self, _message: str) -> list[str]:
        """Nothing of its own: the report has the status."""
        return []

    def report(self, report: Report) -> list[str]:
        """The call is over."""
        common = {"requestId": report.request_id, **_members(report.trouble)}
        done = {**common, "metrics": {"durationMs": _milliseconds(report.duration)}}
        return [
            *self._record("WARN" if report.trouble else "DEBUG", "platform.runtimeDone", done),
            *self._record(
                "WARN" if report.trouble else "INFO",
                "platform.report",
                {**common, "metrics": report.metrics()},
            ),
        ]

    def _record(self, level: str, kind: str, record: Mapping[str, object]) -> list[str]:
        if SYSTEM_LOG_LEVELS.index(level) < self._least:
            return []
        return [json.dumps({"time": self._logged.now(), "type": kind, "record": record})]


PlatformLog = TextLog | JsonLog


def _status(trouble: Trouble) -> str:
    if trouble.status == "timeout":
        return "\tStatus: timeout"
    return f"\tStatus: error\tError Type: {trouble.error_type}"


def _members(trouble: Trouble | None) -> dict[str, object]:
    if trouble is None:
        return {"status": "success"}
    kind = {"errorType": trouble.error_type} if trouble.error_type else {}
    return {"status": trouble.status, **kind}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
