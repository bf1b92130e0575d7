"""The bundled handler against Powertools' BatchProcessor with the same rule, per record."""

import base64
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

# The function is imported from CodeUri's root, as Lambda imports it.
sys.path.insert(0, str(Path(__file__).parent.parent / "lambda_function"))

from new_message_processor.handler import function_handler

RECORDS = 1_000
ROUNDS = 41  # odd: the median is a round that took place

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], Mapping[str, Any]]

logger = logging.getLogger(__name__)


class Reading(BaseModel):
    """The same rule as a Powertools user writes it."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, frozen=True)
    temperature: float
    reading_timestamp: Annotated[int, Field(alias="readingTimestamp", ge=-(2**63), le=2**63 - 1)]

    def handle(self) -> None:
        """Log the reading, and fail above 100."""
        logger.info(
            "New message is for temperature %s at time %s", self.temperature, self.reading_timestamp
        )
        if self.temperature > 100:
            raise ValueError("too hot")


def as_documented(record: KinesisStreamRecord) -> None:
    """As Powertools' documentation shows it."""
    Reading.model_validate(record.kinesis.data_as_json()).handle()


def as_fast_as_it_goes(record: KinesisStreamRecord) -> None:
    """The quickest way that Powertools offers: no detour over a dict."""
    Reading.model_validate_json(record.kinesis.data_as_bytes()).handle()


def powertools(record_handler: Callable[[KinesisStreamRecord], None]) -> Handler:
    """A Lambda handler made of Powertools' BatchProcessor."""
    processor = BatchProcessor(event_type=EventType.KinesisDataStreams)

    def handler(event: Event, context: LambdaContext) -> Mapping[str, Any]:
        return process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )

    return handler


def kinesis_event(count: int) -> Event:
    """A batch of good readings, parsed as Lambda's runtime hands it over."""

    def record(i: int) -> dict[str, Any]:
        reading = {"temperature": 20 + i % 60 / 4, "readingTimestamp": 1545084650 + i}
        sequence_number = str(49590338271490256608559692538361571095921575989136588898 + i)
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": f"sensor-{i % 10}",
                "sequenceNumber": sequence_number,
                "data": base64.b64encode(json.dumps(reading).encode()).decode(),
                "approximateArrivalTimestamp": 1545084650.987 + i,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"shardId-000000000006:{sequence_number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
        }

    return {"Records": [record(i) for i in range(count)]}


def microseconds_per_record(handler: Handler, event: Event) -> float:
    """How long one call takes, divided by its records."""
    context = LambdaContext()
    start = perf_counter()
    response = handler(event, context)
    elapsed = perf_counter() - start
    assert response == {"batchItemFailures": []}, response
    return elapsed * 1e6 / len(event["Records"])


def run() -> list[dict[str, object]]:
    """Measure in turns, so that whatever else the machine does hits all alike.

    Returns:
        Rows of `benchmark`, `ours` and `peer` (median µs per record), `ratio` and `target`
        (ours / peer, and what it may be at most).
    """
    logging.getLogger().setLevel(logging.WARNING)
    event = kinesis_event(RECORDS)
    documented, fastest = powertools(as_documented), powertools(as_fast_as_it_goes)
    times: dict[Handler, list[float]] = {function_handler: [], documented: [], fastest: []}
    for _ in range(ROUNDS):
        for handler, measured in times.items():
            measured.append(microseconds_per_record(handler, event))
    ours = median(times[function_handler])
    peers = [
        ("handler: Powertools as documented", documented, 0.35),
        ("handler: Powertools at its fastest", fastest, 0.55),
    ]
    return [
        {
            "benchmark": f"{name}, µs per record",
            "ours": round(ours, 3),
            "peer": round(median(times[peer]), 3),
            "ratio": round(ours / median(times[peer]), 3),
            "target": target,
        }
        for name, peer, target in peers
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
