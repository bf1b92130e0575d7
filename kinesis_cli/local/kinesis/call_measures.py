"""How often reads and writes succeed and how long they take, as CloudWatch shows it of a stream.

Source: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from kinesis_cli.local.kinesis.context import Context
from kinesis_cli.local.kinesis.errors import ServiceError
from kinesis_cli.local.kinesis.model import Caller, Request, Stream
from kinesis_cli.local.kinesis.tokens import ShardIterator

_MEASURED = frozenset({"GetRecords", "PutRecord", "PutRecords"})


class CallMeasures:
    """Measures `Success` and `Latency` of calls.

    Args:
        context: knows the streams and takes the figures.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    @contextmanager
    def of_call(self, operation: str, request: Request, caller: Caller) -> Iterator[None]:
        """Measure what happens inside, until the answer is ready to be sent."""
        if operation not in _MEASURED:
            yield
            return
        began = perf_counter()
        try:
            yield
        except ServiceError:
            if stream := self._stream(request, caller):
                self._context.measure(stream, f"{operation}.Success", 0)
            raise
        if stream := self._stream(request, caller):
            latency_ms = (perf_counter() - began) * 1000
            self._context.measure(stream, f"{operation}.Success", 1)
            self._context.measure(stream, f"{operation}.Latency", latency_ms, "Milliseconds")

    def _stream(self, request: Request, caller: Caller) -> Stream | None:
        """The stream that a call is about; nothing where there is none of this name."""
        name = request.get("StreamName")
        if arn := request.get("StreamARN"):
            caller = Caller(arn.split(":")[4], caller.region)
            name = arn.rpartition("/")[2]
        if name is None and "ShardIterator" in request:
            token = self._context.tokens.open(request["ShardIterator"].strip('"'), ShardIterator)
            name = token.name if token else None
        return self._context.find(name, caller) if name else None
