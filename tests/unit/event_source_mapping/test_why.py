"""Why a record failed, as far as the log of its call tells."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from kinesis_cli import simulate
from kinesis_cli.event_source_mapping.invocation import FunctionError, InvocationResult
from kinesis_cli.event_source_mapping.why import line_that_names
from kinesis_cli.handlers.in_process import InProcessHandler
from kinesis_cli.simulation.trace import FailedRecord
from tests.unit.handler_files import function_in, write_code
from tests.unit.streams import record

NUMBER = "49635052289529725553291405520881064510298312199003701250"
OTHER = "49635052289529725553291405520881064510298312199003701251"
TIME = "2026-01-01T00:00:00.000Z"
ID = "8286a188-ba32-4475-8077-530cd35c09a9"
EVENT = f"event: {{'Records': [{{'kinesis': {{'sequenceNumber': '{NUMBER}', 'data': 'e30='}}}}]}}"
RECORD = f'{{"kinesisSchemaVersion": "1.0", "sequenceNumber": "{NUMBER}"}}'


def logged(level: str, text: str) -> str:
    return f"[{level}]\t{TIME}\t{ID}\t{text}"


def logged_as_json(level: str, text: str) -> str:
    return json.dumps({"timestamp": TIME, "level": level, "message": text, "requestId": ID})


FAILED = logged("ERROR", f"record {NUMBER} failed: the real reason")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([logged("INFO", EVENT), FAILED], 1),
        ([FAILED, logged("INFO", EVENT)], 0),
        ([EVENT, FAILED, f"{NUMBER} done with"], 1),
        ([logged("WARNING", f"{NUMBER} looks odd"), FAILED], 1),
        ([FAILED, logged("WARNING", f"{NUMBER} is given up")], 1),
        ([logged_as_json("WARN", f"{NUMBER} is late"), f"{NUMBER} {OTHER}"], 0),
        ([logged_as_json("INFO", f"{NUMBER} is odd"), f"{NUMBER} {OTHER}"], 0),
        ([EVENT, f"{NUMBER}: no temperature"], 1),
        ([f"{NUMBER}: begins", f"{NUMBER}: no temperature", f"{NUMBER}, {OTHER}: two"], 1),
        # an error that shows the event tells more than none, and less than one that does not
        ([logged("ERROR", EVENT)], 0),
        ([FAILED, logged("ERROR", EVENT)], 0),
        # the number stands alone somewhere, though it is a part of others before
        ([logged("ERROR", f"{NUMBER}0, 1{NUMBER}, x{NUMBER}: the real reason")], 0),
        ([logged("ERROR", NUMBER)], 0),
    ],
)
def test_the_line_that_tells_of_the_record_is_found(lines: list[str], why: int) -> None:
    assert line_that_names(NUMBER, lines) == lines[why]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [EVENT],
        [logged("INFO", EVENT), RECORD],
        [logged_as_json("INFO", EVENT)],
        [f"{NUMBER} and {OTHER}"],
        [logged("ERROR", f"record {OTHER} failed")],
        [logged("ERROR", f"record 1{NUMBER} failed"), logged("ERROR", f"{NUMBER}0 failed")],
        [logged("ERROR", "something failed")],
    ],
)
def test_no_other_line_is_taken_for_the_reason(lines: list[str]) -> None:
    assert line_that_names(NUMBER, lines) == ""


def test_the_error_of_a_failed_call_comes_first() -> None:
    error = FunctionError("ValueError", "the real reason")
    result = InvocationResult(error=error, logs=(EVENT, FAILED))
    assert result.why(NUMBER) == "ValueError: the real reason"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            """
            def handler(event, context):
                print("event:", event)  # as countless handlers do
                raise ValueError("the real reason")
            """,
            "ValueError: the real reason",
        ),
        (
            """
            import logging
            logger = logging.getLogger()
            logger.setLevel("INFO")

            def handler(event, context):
                logger.info("event %s", event)
                failed = []
                for record in event["Records"]:
                    number = record["kinesis"]["sequenceNumber"]
                    logger.error("record %s failed: the real reason", number)
                    failed.append({"itemIdentifier": number})
                return {"batchItemFailures": failed}
            """,
            "failed: the real reason",
        ),
    ],
    ids=["raises", "reports"],
)
def test_a_handler_that_logs_its_event_is_explained_by_what_went_wrong(
    tmp_path: Path, code: str, why: str
) -> None:
    write_code(tmp_path, code)
    mapping = {"MaximumRetryAttempts": 0, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    with closing(InProcessHandler(function_in(tmp_path))) as handler:
        result = simulate([record(0)], handler, mapping)
    (failed,) = [row for row in result.rows if isinstance(row, FailedRecord)]
    assert failed.why.endswith(why)
    assert "event" not in failed.why
