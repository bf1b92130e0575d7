"""PutRecords by botocore, its records written and read as JSON by msgspec.

Signing, endpoints, proxies and errors stay botocore's. Its own way through the records of a call,
one member after the other by the service's model, is what takes most of a put's time.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from kinesis_cli.aws.streams import stream_parameter
from kinesis_cli.putting.entry import Entry

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_MEMBER = "KcliRecords"  # of the answer, beside what botocore has read


class _Record(msgspec.Struct, rename="pascal", omit_defaults=True, gc=False):
    """An element of the request's `Records`; bytes become base64."""

    data: bytes
    partition_key: str
    explicit_hash_key: str | None = None


class _Answer(msgspec.Struct, rename="pascal"):
    records: list[dict[str, str | None]]


_thread = threading.local()  # `records`: of the call that a thread is making
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


class PutCalls:
    """Puts records on one stream; may be called by several threads.

    Args:
        client: of Kinesis, without botocore's validation; its PutRecords is for this alone.
        stream: its name or ARN.
    """

    def __init__(self, client: "KinesisClient", stream: str) -> None:
        self._client, self._parameters = client, stream_parameter(stream)
        events = client.meta.events
        # The plan counts, spaces and ends the retries, not botocore.
        events.unregister("needs-retry.kinesis", unique_id="retry-config-kinesis")
        # A client may put on several streams, one after the other: each is registered once.
        events.register("before-call.kinesis.PutRecords", _write, unique_id="kcli-write")
        events.register("before-parse.kinesis.PutRecords", _read, unique_id="kcli-read")

    def put(self, entries: Sequence[Entry]) -> Sequence[Mapping[str, Any]]:
        """One call.

        Returns:
            The result of each record; of an answer that is not JSON none.

        Raises:
            botocore's errors.
        """
        _thread.records = [
            _Record(entry.data, entry.partition_key, entry.explicit_hash_key) for entry in entries
        ]
        parameters: Any = self._parameters
        answer: Mapping[str, Any] = self._client.put_records(Records=[], **parameters)
        results: Sequence[Mapping[str, Any]] = answer.get(_MEMBER, ())
        return results


def _write(params: dict[str, Any], **_: object) -> None:
    """Give a request its records, before it is signed."""
    request = msgspec.json.decode(params["body"])
    request["Records"] = _thread.records
    params["body"] = _encode(request)


def _read(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] >= 300:
        return
    try:
        customized_response_dict[_MEMBER] = _decode(response_dict["body"]).records
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return  # the call has no results then, and is sent again
    response_dict["body"] = b'{"Records": []}'
