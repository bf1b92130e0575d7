"""The glue between Lambda and the business code. Nothing here knows what a message means."""

import logging
from collections.abc import Mapping
from typing import TypedDict

from shared import NewSensorReadingHandler, parse_reading

logger = logging.getLogger(__name__)

# Made once per execution environment: a handler's clients and connections outlive an invocation.
reading_handler = NewSensorReadingHandler()


class BatchItemFailure(TypedDict):
    """One record that has failed."""

    itemIdentifier: str  # its sequence number


class BatchResponse(TypedDict):
    """What Lambda expects of a function with `ReportBatchItemFailures`."""

    batchItemFailures: list[BatchItemFailure]


class NotAKinesisEventError(ValueError):
    """The function was invoked with something else; no record was touched."""


def function_handler(event: Mapping[str, object], context: object) -> BatchResponse:  # noqa: ARG001
    """Handle a batch of records; one that fails does not stop those after it.

    Args:
        event: the event that Lambda makes of a batch of Kinesis records.
        context: Lambda's context object, not used.

    Returns:
        The sequence numbers of all records that failed, in the order of the batch. Lambda delivers
        the batch again from the lowest one, so a record may come twice: handle it idempotently.

    Raises:
        NotAKinesisEventError: `event` is not made of Kinesis records.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    failures: list[BatchItemFailure] = []
    for sequence_number, data in kinesis_records(event):
        try:
            reading_handler.handle(parse_reading(data))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, only this record has failed
            log_failure(sequence_number, error)
            failures.append({"itemIdentifier": sequence_number})
    return {"batchItemFailures": failures}


def kinesis_records(event: Mapping[str, object]) -> list[tuple[str, str]]:
    """Sequence number and data (base64, as it came) of each record of the event."""
    try:
        records = event["Records"]
        if not isinstance(records, list):
            raise TypeError("Records is not a list")
        return [
            (kinesis["sequenceNumber"], kinesis.get("data", ""))
            for kinesis in (record["kinesis"] for record in records)
        ]
    except (AttributeError, KeyError, TypeError) as error:
        raise NotAKinesisEventError(
            "This is not a Kinesis event: it must have a list of Records, "
            "each with kinesis.sequenceNumber and kinesis.data"
        ) from error


def log_failure(sequence_number: str, error: Exception) -> None:
    """Say once why a record failed. With Lambda's JSON logs the extras are members of the line."""
    reason = f"{type(error).__name__}: {error}"
    logger.warning(
        "Record %s failed: %s",
        sequence_number,
        reason,
        extra={"sequenceNumber": sequence_number, "reason": reason},
    )
