"""What the function answers, and whether the mapping listens. Pure but for the code it asks for."""

from collections.abc import Iterator

from kinesis_cli.lint.checks import checks
from kinesis_cli.lint.facts import MappingFacts, Reports
from kinesis_cli.lint.rule import Change, Finding, Rule, Severity
from kinesis_cli.lint.words import listed

_REPORTING = (
    "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html"
)
REPORT_IGNORED = Rule(
    "K003",
    "report-ignored",
    Severity.ERROR,
    "The code reports failed records, and the mapping does not listen",
    _REPORTING,
)
NEVER_REPORTS = Rule(
    "K004",
    "never-reports",
    Severity.WARNING,
    "The mapping listens for reports, and the code never makes one",
    _REPORTING,
)
AGGREGATES_UNOPENED = Rule(
    "K024",
    "aggregates-unopened",
    Severity.WARNING,
    "The producer aggregates records, and the function does not open aggregates",
    "https://docs.aws.amazon.com/streams/latest/dev/kinesis-kpl-consumer-deaggregation.html",
)


@checks(REPORT_IGNORED)
def report_ignored(mapping: MappingFacts) -> Iterator[Finding]:
    """The function returns batchItemFailures, and ReportBatchItemFailures is off."""
    function = mapping.function
    if mapping.reports is not False or function is None or function.other_feeders:
        return
    code = function.read_code()
    if code.reports not in (Reports.YES, Reports.MENTIONED):
        return
    is_sure = code.reports is Reports.YES
    how = "returns batchItemFailures" if is_sure else f"has {code.word}"
    yield Finding(
        REPORT_IGNORED,
        f"{code.place} {how}, and the mapping lacks ReportBatchItemFailures: Lambda ignores what "
        "is returned.",
        "A reported record counts as handled: 1 call, no retry, no document; it is lost.",
        "Set FunctionResponseTypes to [ReportBatchItemFailures].",
        mapping.at("FunctionResponseTypes"),
        file=code.place,
        changes=(Change(mapping.place, "FunctionResponseTypes", ["ReportBatchItemFailures"]),),
        severity=None if is_sure else Severity.WARNING,
    )


@checks(NEVER_REPORTS)
def never_reports(mapping: MappingFacts) -> Iterator[Finding]:
    """ReportBatchItemFailures is on, and no return of the handler can be a report."""
    function = mapping.function
    if mapping.reports is not True or function is None:
        return
    code = function.read_code()
    if code.reports is not Reports.NEVER:
        return
    size = mapping.number("BatchSize")
    again = f"all of its up to {size:,} records" if size else "its whole batch"
    yield Finding(
        NEVER_REPORTS,
        f"ReportBatchItemFailures is on, and {code.place} never returns batchItemFailures.",
        f"A call that ends normally counts as a success of every record; one that raises delivers "
        f"{again} again, as without it.",
        'Return {"batchItemFailures": [{"itemIdentifier": SEQUENCE_NUMBER}]} for the first record '
        "that failed, or leave FunctionResponseTypes out.",
        mapping.at("FunctionResponseTypes"),
        file=code.place,
    )


@checks(AGGREGATES_UNOPENED)
def aggregates_unopened(mapping: MappingFacts) -> Iterator[Finding]:
    """The KPL's aggregates arrive whole where the mapping does not read through a consumer."""
    producers = mapping.stream.producers if mapping.stream else ()
    if not producers or mapping.function is None or mapping.is_consumer is not False:
        return
    code = mapping.function.read_code()
    if code.opens_aggregates is not False:
        return
    yield Finding(
        AGGREGATES_UNOPENED,
        f"{listed(producers)} puts aggregates of the KPL on the stream, and the function does not "
        "open them.",
        "Many records in 1: what arrives begins with the bytes F3 89 9A C2 and is not their data.",
        "Open them with aws_kinesis_agg (or its like), or read through an enhanced fan-out "
        "consumer, for which Lambda opens them.",
        mapping.at("EventSourceArn"),
        file=code.place,
    )
