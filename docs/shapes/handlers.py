"""What `kcli invoke`, `kcli check` and `kcli lint` print."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, UnsetType, field

from docs.shapes.base import Count, Open, Shape, Version, says
from docs.shapes.parts import Finding, Function, FunctionError, Record, SequenceNumber, Severity

Milliseconds = Annotated[float, says("Milliseconds.")]
Megabytes = Annotated[float, says("MB.")]


class Report(Shape, forbid_unknown_fields=False):
    """What the REPORT line says, under the telemetry schema's names; AWS may say more."""

    request_id: str | UnsetType | None = UNSET
    status: Annotated[str, says('"success", "error", "timeout"')] | UnsetType = UNSET
    error_type: Annotated[str, says('"Runtime.ExitError"')] | UnsetType = UNSET
    xray_trace_id: Annotated[str, says("Of X-Ray.")] | UnsetType = UNSET
    duration_ms: Milliseconds | UnsetType = UNSET
    billed_duration_ms: Milliseconds | UnsetType = UNSET
    memory_size_mb: Megabytes | UnsetType = field(default=UNSET, name="memorySizeMB")
    max_memory_used_mb: Megabytes | UnsetType = field(default=UNSET, name="maxMemoryUsedMB")
    init_duration_ms: Annotated[float, says("Milliseconds, of a cold start.")] | UnsetType = UNSET
    restore_duration_ms: Annotated[float, says("Milliseconds, of SnapStart.")] | UnsetType = UNSET
    billed_restore_duration_ms: Milliseconds | UnsetType = UNSET


class Call(Shape):
    """A call of the function with one event."""

    version: Version
    function: Function
    request_id: str
    response: Annotated[Any, says("What the function returned; null after an error, too.")]
    batch_item_failures: Annotated[
        list[SequenceNumber], says("Records that Lambda takes as failed.")
    ]
    error: Annotated[FunctionError | None, says("null: it answered.")]
    duration_ms: Annotated[float, says("Milliseconds.")]
    logs: Annotated[list[str], says("Lines.")]
    report: Annotated[Report | None, says("null: where it ran, no REPORT line is written.")]


class Difference(Shape):
    """Where two answers differ; a side that has nothing there is absent."""

    path: Annotated[str, says("Into the answer.")]
    here: Annotated[Any, says("On this machine.")] = UNSET
    remote: Annotated[Any, says("Deployed.")] = UNSET


class CallComparison(Shape):
    """What `--compare-remote` prints."""

    version: Version
    differences: list[Difference]
    here: Call
    remote: Call


class Samples(Shape):
    """What the records are made of."""

    origin: Annotated[str, says("Where the payloads are from.")] = field(name="from")
    payloads: Count


class Aftermath(Shape):
    """What Lambda would do after the failure, with the mapping's settings."""

    then: Annotated[str, says("In one sentence.")]
    records: Count
    succeeded: Count
    discarded: Count
    expired: Count
    invocations: Count
    blocked_seconds: Annotated[float, says("For which the shard stood still.")]


class Failure(Shape):
    """The smallest batch that breaks a property."""

    problem: str
    records: list[Record]
    made_of: Annotated[list[str], says("How each record was made.")]
    repeats: Annotated[list[int], says("How many times each record stands there.")]
    before: Annotated[list[list[Record]], says("Batches that were delivered first.")]
    function: Annotated[list[str], says("What the function did.")]
    aftermath: Aftermath | None = field(name="lambda")
    test: Annotated[str | None, says("The test that was written.")]
    event: Annotated[str | None, says("The event that was written for it.")]


class Property(Shape):
    """Something that a handler should keep to."""

    name: str
    meaning: str
    verdict: Literal["held", "failed", "left out"]
    why: Annotated[str | None, says("Why it was left out.")]
    failure: Failure | None


class CheckHead(Shape):
    """What was tried."""

    version: Version
    function: Function
    mapping: Annotated[Open, says("Settings under CreateEventSourceMapping's names.")]
    samples: Samples
    seed: int
    batches: Count
    command: Annotated[str, says("That shows the same again.")]


class Check(CheckHead):
    """What `kcli check` found."""

    properties: list[Property]


class CheckRow(CheckHead):
    """The first line."""

    type: Literal["check"]


class PropertyRow(Property):
    """A line for each property."""

    type: Literal["property"]


class LintFinding(Finding):
    """A finding in a template, and where."""

    mapping: Annotated[str, says("Of which mapping, by name.")]
    file: Annotated[str | None, says("null: a deployed stack.")]
    line: Annotated[int | None, says("1 for the first; null: it is said of the whole.")]
    code: Annotated[str | None, says("The function's source file, where that is meant.")]
    diff: Annotated[str | None, says("That mends it, for `git apply`.")]
    unsure: Annotated[list[str], says("Names of points in docs/fidelity.md.")]
    source: Annotated[str, says("AWS's page.")]


class IgnoredFinding(LintFinding):
    """A finding that a comment, or the settings, ignore."""

    reason: Annotated[str, says("Empty where none is given.")]


class LintTemplate(Shape):
    """One template."""

    path: str
    mappings: Annotated[int, says("Event source mappings in it.")]
    findings: list[LintFinding]
    ignored: list[IgnoredFinding]


class LintSummary(Shape):
    """How many there are."""

    error: Count
    warning: Count
    note: Count
    ignored: Count


class Lint(Shape):
    """What `kcli lint` found."""

    version: Version
    templates: list[LintTemplate]
    summary: LintSummary


class Rule(Shape):
    """A rule."""

    id: str
    name: str
    severity: Severity
    title: str
    source: Annotated[str, says("AWS's page.")]


class Rules(Shape):
    """What `kcli lint --rules` prints."""

    version: Version
    rules: list[Rule]
