"""Our local endpoint against the other local Kinesis servers, measured by the same client.

The client has its bodies ready and speaks over raw sockets, so that the servers are measured and
not boto3. Times are per record, so a ratio of 0.5 is twice the speed.
"""

import base64
import json
import socket
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmarks.measure import Row, row
from tests.servers import PEERS, Started, ours, peer

CONNECTIONS = 4
SECONDS = 3.0  # of each measurement of throughput
ENTRIES = 500  # of one PutRecords
RECORD = base64.b64encode(bytes(range(100))).decode()  # 100 bytes
SHARDS = 4
TO_READ = 10_000
SINGLE_PUTS = 1_000
ROUNDS = 3  # of everything, in turns
STARTS = 5
FULL = 10_000_000  # records in a full stream


class Client:
    """One connection, kept alive by servers that do."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, operation: str, parameters: object) -> bytes:
        """The bytes of a request."""
        body = json.dumps(parameters).encode()
        scope = "AKIAIOSFODNN7EXAMPLE/20261124/us-east-1/kinesis/aws4_request"
        head = (
            "POST / HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{self._port}\r\n"
            f"X-Amz-Target: Kinesis_20131202.{operation}\r\n"
            "Content-Type: application/x-amz-json-1.1\r\n"
            "X-Amz-Date: 20261124T000000Z\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, "
            f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def send(self, request: bytes) -> bytes:
        """The body of the answer.

        Raises:
            RuntimeError: it is not a 200.
        """
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise RuntimeError(f"{head!r} {body[:200]!r}")
        headers = head.lower()
        if b"content-length: " in headers:
            length = int(headers.split(b"content-length: ")[1].split(b"\r\n")[0])
            body = self._exactly(body, length)
        else:
            body = self._chunks(body)
        if b"connection: close" in headers:  # moto keeps no connection
            self._socket.close()
            self._connect()
        return body

    def call(self, operation: str, **parameters: object) -> dict[str, object]:
        """A call that is not measured."""
        answer = self.send(self.request(operation, parameters))
        return json.loads(answer) if answer else {}

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server hung up")
        return data

    def _exactly(self, body: bytes, length: int) -> bytes:
        pieces, size = [body], len(body)
        while size < length:
            pieces.append(self._receive())
            size += len(pieces[-1])
        return b"".join(pieces)

    def _chunks(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        while True:
            while b"\r\n" not in data:
                data += self._receive()
            size, _, data = data.partition(b"\r\n")
            length = int(size, 16)
            data = self._exactly(data, length + 2)
            if not length:
                return b"".join(pieces)
            pieces.append(data[:length])
            data = data[length + 2 :]


@dataclass
class Measured:
    """What one server did, in microseconds."""

    put: float  # per record
    get: float  # per record
    p50: float  # of PutRecord
    p99: float


def measure(server: Started) -> Measured:
    """Fill a stream, read it, put single records."""
    client = Client(server.port)
    client.call("CreateStream", StreamName="put", ShardCount=SHARDS)
    client.call("CreateStream", StreamName="get", ShardCount=1)
    entries = [{"Data": RECORD, "PartitionKey": f"sensor-{i}"} for i in range(ENTRIES)]
    _wait_until_active(client, "put", "get")
    put = _microseconds_per_record(server, "put", entries)
    get = _read(client, entries)
    single = client.request(
        "PutRecord", {"StreamName": "get", "Data": RECORD, "PartitionKey": "sensor-1"}
    )
    taken = sorted(_timed(lambda: client.send(single)) for _ in range(SINGLE_PUTS))
    return Measured(put, get, taken[len(taken) // 2] * 1e6, taken[len(taken) * 99 // 100] * 1e6)


def _wait_until_active(client: Client, *streams: str) -> None:
    for stream in streams:
        for _ in range(1000):
            answer = json.dumps(client.call("DescribeStreamSummary", StreamName=stream))
            if '"ACTIVE"' in answer:
                break


def _microseconds_per_record(server: Started, stream: str, entries: Sequence[object]) -> float:
    """PutRecords over several connections at once."""
    done = [0] * CONNECTIONS
    start = perf_counter()
    end = start + SECONDS

    def put(index: int) -> None:
        client = Client(server.port)
        request = client.request("PutRecords", {"StreamName": stream, "Records": entries})
        while perf_counter() < end:
            client.send(request)
            done[index] += ENTRIES

    threads = [threading.Thread(target=put, args=(i,)) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (perf_counter() - start) * 1e6 / sum(done)


def _read(client: Client, entries: Sequence[object]) -> float:
    """GetRecords of 10,000, from the start of a shard again and again."""
    put = client.request("PutRecords", {"StreamName": "get", "Records": entries})
    for _ in range(TO_READ // ENTRIES):
        client.send(put)
    shard: Any = client.call("ListShards", StreamName="get")["Shards"]
    iterator = client.call(
        "GetShardIterator",
        StreamName="get",
        ShardId=shard[0]["ShardId"],
        ShardIteratorType="TRIM_HORIZON",
    )["ShardIterator"]
    get = client.request("GetRecords", {"ShardIterator": iterator, "Limit": TO_READ})
    records = len(json.loads(client.send(get))["Records"])
    if records != TO_READ:
        raise RuntimeError(f"{records} records in one answer")
    taken = [_timed(lambda: client.send(get)) for _ in range(9)]
    return statistics.median(taken) * 1e6 / TO_READ


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def first_put(server: Callable[[], AbstractContextManager[Started]]) -> float:
    """Milliseconds from nothing to the first PutRecord that is answered."""
    start = perf_counter()
    with server() as started:
        client = Client(started.port)
        client.call("CreateStream", StreamName="first", ShardCount=1)
        client.call("PutRecord", StreamName="first", Data=RECORD, PartitionKey="a")
        return (perf_counter() - start) * 1000


@contextmanager
def _moto() -> Iterator[Started]:
    with peer("moto") as started:
        yield started


def full(records: int = FULL) -> list[Row]:
    """Memory, and put and get speed, with many records in the stream against an empty one."""
    with ours() as server:
        client = Client(server.port)
        client.call("CreateStream", StreamName="get", ShardCount=1)
        entries = [{"Data": RECORD, "PartitionKey": f"sensor-{i}"} for i in range(ENTRIES)]
        put = client.request("PutRecords", {"StreamName": "get", "Records": entries})
        empty = _put_and_get(server, client, entries)
        kib = _resident_kib(server.pid)
        for _ in range(records // ENTRIES):
            client.send(put)
        loaded = _put_and_get(server, client, entries)
        return [
            row(f"put with {records:,} records: empty (µs/record)", loaded[0], empty[0], 1.2),
            row(f"get with {records:,} records: empty (µs/record)", loaded[1], empty[1], 1.2),
            row(
                f"memory with {records:,} records: empty (MiB)",
                _resident_kib(server.pid) / 1024,
                kib / 1024,
                1.5,
            ),
        ]


def _put_and_get(server: Started, client: Client, entries: Sequence[object]) -> tuple[float, float]:
    put = _microseconds_per_record(server, "get", entries)
    return put, _read(client, entries)


def _resident_kib(pid: int) -> int:
    run = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(run.stdout)


SERVERS: dict[str, Callable[[], AbstractContextManager[Started]]] = {
    "ours, durable (sync normal)": lambda: ours(),
    "ours, in memory": lambda: ours("--in-memory"),
    **{name: (lambda name=name: peer(name)) for name in PEERS},  # type: ignore[misc]
}


def run(names: tuple[str, ...] = tuple(SERVERS)) -> list[Row]:
    """Rows: ours durable and in memory against each peer."""
    taken: dict[str, list[Measured]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            with SERVERS[name]() as server:
                taken[name].append(measure(server))
    medians = {
        name: Measured(
            *(
                statistics.median(getattr(each, what) for each in measured)
                for what in ("put", "get", "p50", "p99")
            )
        )
        for name, measured in taken.items()
    }
    rows = []
    durable, in_memory = (medians[name] for name in names[:2])
    for name in names[2:]:
        theirs = medians[name]
        rows += [
            row(f"put in memory: {name} (µs/record)", in_memory.put, theirs.put, 1 / 2),
            row(f"put durable: {name} (µs/record)", durable.put, theirs.put, 1 / 1.2),
            row(f"get durable: {name} (µs/record)", durable.get, theirs.get, 1 / 2),
        ]
    moto = medians["moto"]
    rows += [
        row("PutRecord durable p50: moto (µs)", durable.p50, moto.p50, 1 / 2),
        row("PutRecord durable p99: moto (µs)", durable.p99, moto.p99, None),
    ]
    starts: dict[str, list[float]] = {"ours": [], "moto": []}
    for _ in range(STARTS):
        starts["ours"].append(first_put(lambda: ours()))
        starts["moto"].append(first_put(_moto))
    ours_, theirs_ = (statistics.median(starts[name]) for name in ("ours", "moto"))
    rows.append(row("start to first PutRecord: moto (ms)", ours_, theirs_, 1 / 2))
    return rows + full()
