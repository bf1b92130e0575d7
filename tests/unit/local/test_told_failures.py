"""The log tells of kcli's own mistakes, and not of what clients have asked for."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from kinesis_cli.local.clock import ShiftableClock
from kinesis_cli.local.failures import Failures
from kinesis_cli.local.http.messages import Request, Response
from kinesis_cli.local.http.signature import Signer
from kinesis_cli.local.kinesis import Caller, DataPlane
from kinesis_cli.local.kinesis_protocol.api import KinesisApi

CALLER = Caller("000000000000", "us-east-1")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request,"
    " SignedHeaders=host;x-amz-date, Signature=0"
)


def answer(operation: str, breaks: Callable[[DataPlane], None] | None = None, **body: Any) -> int:  # noqa: ANN401 - JSON
    """The status of an answer."""

    async def ask() -> Response:
        plane = DataPlane(None, clock=ShiftableClock())
        plane.make_stream({"StreamName": "s", "ShardCount": 1}, CALLER)
        api = KinesisApi(plane, Random(), lambda *_: None, Failures())
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"Kinesis_20131202.{operation}",
            "x-amz-date": "20260101T000000Z",
            "authorization": AUTHORIZATION,
        }
        request = Request("POST", "/", b"/", "", headers, json.dumps(body).encode())
        if breaks:
            breaks(plane)
        return await api.handle(request, Signer.of(request))

    return asyncio.run(ask()).status


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (
            "PutResourcePolicy",
            {"ResourceARN": ARN, "Policy": "[" * 5000},
        ),
        ("PutRecord", {"StreamName": "none", "PartitionKey": "\ud800", "Data": "YQ=="}),
        ("GetShardIterator", {"StreamName": "none", "ShardId": "0", "ShardIteratorType": "LATEST"}),
    ],
)
def test_what_a_client_asked_for_in_vain_is_no_failure_of_ours(
    operation: str, body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(operation, **body) == 400
    assert capsys.readouterr() == ("", "")


def test_a_broken_store_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(plane: DataPlane) -> None:
        def fails(*_: object) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(plane._context.store, "add_stream", fails)

    assert answer("CreateStream", breaks, StreamName="t", ShardCount=1) == 500
    assert "CreateStream failed:\nTraceback" in capsys.readouterr().err
