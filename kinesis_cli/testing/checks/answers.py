"""Properties of a function's answer: its shape, whom it names, whether the mapping reads it."""

from collections.abc import Mapping, Sequence

from kinesis_cli.event_source_mapping.misread import misread_report
from kinesis_cli.event_source_mapping.response import Malformed, Reported
from kinesis_cli.stream.record import Record
from kinesis_cli.testing.checks.batches import batch_of
from kinesis_cli.testing.checks.failing import CheckFailedError
from kinesis_cli.testing.checks.made_records import item_of, made_records
from kinesis_cli.testing.checks.observing import Seen, Subject
from kinesis_cli.testing.checks.subjects import Checked, subject_of
from kinesis_cli.testing.checks.words import did, quoted

_ERROR_WORDS = ("[ERROR]", '"level": "ERROR"', '"level":"ERROR"', "Traceback (most recent call")


def answer_shape(function: Checked, records: Sequence[Record]) -> None:
    """Check that Lambda can read the answer as it is meant.

    Raises:
        CheckFailedError: it cannot be sent, or it looks like a report that Lambda does not read.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        if seen.has_no_answer:
            assert seen.result.error is not None
            problem = f"the answer cannot be sent: {quoted(seen.result.error.error_message)}"
            raise CheckFailedError("answer-shape", problem, records, did(seen))
        if why := misread_report(seen.result.response):
            raise CheckFailedError("answer-shape", f"the answer has a {why}", records, did(seen))
        if isinstance(seen.verdict, Malformed) and not _foreign(seen):
            problem = f"Lambda cannot read the report, and fails the whole batch: {_why(seen)}"
            raise CheckFailedError("answer-shape", problem, records, did(seen))


def ids_of_batch(function: Checked, records: Sequence[Record]) -> None:
    """Check that each record that is reported is one of the batch.

    Raises:
        CheckFailedError: another one is named.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        if isinstance(seen.verdict, Malformed) and (foreign := _foreign(seen)):
            problem = f"it reports {quoted(foreign)}, {_what_it_is(foreign, records)}"
            raise CheckFailedError("ids-of-batch", problem, records, did(seen))


def mapping_fits(function: Checked, records: Sequence[Record]) -> None:
    """Check that the mapping reads reports if the function makes some, and the reverse.

    Raises:
        CheckFailedError: it reports, and the mapping has no ReportBatchItemFailures; or the mapping
            has it, and the function never fails a record, whatever that holds.
    """
    __tracebackhide__ = True
    with subject_of(function) as subject:
        (seen,) = subject.deliver(records)
        if not subject.mapping.report_batch_item_failures:
            if _tries_to_report(seen):
                problem = (
                    "it reports failed records, and the mapping has no ReportBatchItemFailures: "
                    "Lambda takes them for handled"
                )
                raise CheckFailedError("mapping-fits", problem, records, did(seen))
            return
        if _fails(seen) or not records:
            return
        tried = [seen, *_broken(subject, records)]
        if any(_fails(each) or misread_report(each.result.response) for each in tried):
            return
        logs_errors = [each for each in tried if _has_logged_an_error(each)]
        if not (logs_errors or subject.names_failures is False or _is_silent(subject, tried)):
            return  # it may report what cannot be provoked here: a table that refuses a write
        shown = (logs_errors or tried[1:])[0]
        logged = ", and an error is logged" if logs_errors else ""
        problem = (
            "the mapping has ReportBatchItemFailures, and the function never fails a record: "
            f"{len(tried) - 1} broken payloads count as handled{logged}"
        )
        raise CheckFailedError("mapping-fits", problem, shown.batch, did(shown))


def _broken(subject: Subject, records: Sequence[Record]) -> list[Seen]:
    """What comes of the first record, broken in several ways."""
    item = item_of(records[0])
    broken = made_records(item.kind).broken(item.data)
    batches = [batch_of([item._replace(data=data)]) for data in broken]
    return [subject.deliver(batch, fresh=False)[0] for batch in batches]


def _is_silent(subject: Subject, tried: Sequence[Seen]) -> bool:
    """Whether broken payloads pass without a word in code that nothing else can make fail."""
    usual = len(tried[0].result.logs)
    return subject.depends_on_payloads_only and all(
        len(each.result.logs) <= usual for each in tried
    )


def _fails(seen: Seen) -> bool:
    return seen.first_failed is not None


def _has_logged_an_error(seen: Seen) -> bool:
    return any(word in line for line in seen.result.logs for word in _ERROR_WORDS)


def _tries_to_report(seen: Seen) -> bool:
    if isinstance(seen.verdict, Reported | Malformed):
        return True
    return misread_report(seen.result.response) is not None


def _foreign(seen: Seen) -> str:
    """The first identifier of a report that no record of the batch has; "": there is none."""
    response = seen.result.response
    items = response.get("batchItemFailures") if isinstance(response, Mapping) else None
    numbers = {record.sequence_number for record in seen.batch}
    for item in items if isinstance(items, list) else ():
        identifier = item.get("itemIdentifier") if isinstance(item, Mapping) else None
        if isinstance(identifier, str) and identifier and identifier not in numbers:
            return identifier
    return ""


def _why(seen: Seen) -> str:
    assert isinstance(seen.verdict, Malformed)
    return seen.verdict.why.partition(": UNSURE")[0]


def _what_it_is(identifier: str, records: Sequence[Record]) -> str:
    for record in records:
        if identifier == f"{record.shard_id}:{record.sequence_number}":
            return "an eventID: Lambda reads sequence numbers"
        if identifier == record.partition_key:
            return "a partition key: Lambda reads sequence numbers"
        if record.sequence_number in identifier:
            return "more than a sequence number"
    if identifier.isdecimal() and len(identifier) < len(records[0].sequence_number) // 2:
        return "which is not a sequence number of the batch"
    return "which no record of the batch has"
