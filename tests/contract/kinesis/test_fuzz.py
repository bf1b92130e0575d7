"""Requests that nobody should send: each gets an answer, no 500, and the server lives on."""

import os
from random import Random

import cbor2
import msgspec
import pytest

from kinesis_cli.local.kinesis_protocol.model import Shape, kinesis_model
from tests.servers import Started

from .raw import CBOR, JSON, answer_on, ask, connection, request

REQUESTS = 10_000 if "CI" in os.environ else 2_000
SEEDS = range(4)
MODEL = kinesis_model()
# Streaming and what would wipe the others' streams out is left to its own tests.
OPERATIONS = [name for name in MODEL.operations if name != "SubscribeToShard"]

TEXTS = [
    *("", "fuzz", "shardId-000000000000", "shardId-000000000001", "0", "-1", "1" * 39, "9" * 129),
    *("LATEST", "TRIM_HORIZON", "AT_TIMESTAMP", "UNIFORM_SCALING", "ON_DEMAND", "KMS", "ALL"),
    *("a" * 300, "\x00", "é\U0001f600", "AA=="),
    "arn:aws:kinesis:us-east-1:123456789012:stream/fuzz",
    "arn:aws:kinesis:us-east-1:123456789012:stream/fuzz/consumer/c:1",
    "arn:aws:kinesis:eu-west-1:000000000000:stream/other",
    "49590338271490256608559692538361571095921575989136588898",
]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 24, 8760, 1024, 10_000, 10_001, 2**31, 2**63, 2**70, 0.5, 1e300, -1e9]


class Fuzz:
    """Parameters that are right, nearly right, or nonsense."""

    def __init__(self, random: Random, *, blobs: bool) -> None:
        self._random = random
        self._blobs = blobs

    def anything(self, depth: int = 0) -> object:
        """Any value that JSON has."""
        kind = self._random.randrange(7 if depth < 3 else 5)
        if kind == 5:
            return [self.anything(depth + 1) for _ in range(self._random.randrange(3))]
        if kind == 6:
            names = self._random.sample(TEXTS, self._random.randrange(3))
            return {name: self.anything(depth + 1) for name in names}
        chosen: object = [None, True, *self._random.sample(NUMBERS, 1)][kind % 3]
        return self._random.choice(TEXTS) if kind > 2 else chosen

    def value(self, shape: Shape) -> object:
        """A value that is of the shape more often than not."""
        if self._random.random() < 0.04:
            return self.anything()
        match shape.type:
            case "structure":
                return {
                    name: self.value(member)
                    for name, member in shape.members.items()
                    if self._random.random() < (0.95 if name in shape.required else 0.5)
                }
            case "list":
                assert shape.element
                return [self.value(shape.element) for _ in range(self._random.randrange(4))]
            case "map":
                assert shape.element
                return {"key": self.value(shape.element)}
            case "string":
                return self._random.choice(shape.enum or TEXTS)
            case "blob":
                return b"data" if self._blobs else "ZGF0YQ=="
            case "boolean":
                return self._random.random() < 0.1
            case _:
                return self._random.choice(NUMBERS)


def body_of(random: Random, content_type: str) -> tuple[str, bytes]:
    """An operation and a body for it, one in twenty damaged."""
    name = random.choice(OPERATIONS)
    operation = MODEL.operation(name)
    assert operation
    document = Fuzz(random, blobs=content_type == CBOR).value(operation.input)
    body = cbor2.dumps(document) if content_type == CBOR else msgspec.json.encode(document)
    if random.random() < 0.05 and body:
        at = random.randrange(len(body))
        body = body[:at] + bytes([random.randrange(256)]) + body[at + 1 :]
    return name, body


@pytest.mark.parametrize("seed", SEEDS)
def test_no_request_is_answered_with_a_500(our_server: Started, seed: int) -> None:
    random, port = Random(seed), our_server.port
    ask(port, "CreateStream", b'{"StreamName":"fuzz","ShardCount":2}')
    with connection(port) as opened:
        for _ in range(REQUESTS // len(SEEDS)):
            content_type = random.choice([JSON, CBOR])
            name, body = body_of(random, content_type)
            opened.sendall(request(port, name, body, content_type=content_type))
            answer = answer_on(opened)
            assert answer.status in (200, 400), (name, body, answer)
    assert ask(port, "ListStreams").status == 200


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_http_neither_hangs_nor_kills(our_server: Started, seed: int) -> None:
    random, port = Random(seed), our_server.port
    for _ in range(50):
        whole = bytearray(request(port, "ListStreams"))
        for _ in range(random.randrange(1, 4)):
            whole[random.randrange(len(whole))] = random.randrange(256)
        with connection(port) as opened:
            opened.sendall(whole)
            opened.shutdown(1)  # nothing more will come: whatever is missing, it must not wait
            while opened.recv(65536):
                pass
    assert ask(port, "ListStreams").status == 200
