import errno
import gzip
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.recordings import opening as source
from kinesis_cli.recordings import parsed, shard_reader, survey
from kinesis_cli.recordings import recording as recording_module
from kinesis_cli.recordings.indexes.shards import ShardSurvey
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.recordings.writing import write_event, write_recording
from kinesis_cli.stream.event import kinesis_event, lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList, RecordSource
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id
from tests.examples import examples

gzipped = partial(gzip.compress, mtime=0)  # the ids of tests must not change with the time


if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MANY = 10**9
LONG_AGO = 1_600_000_000  # epoch seconds
NUMBER = "49590338271490256608559692538361571095921575989136588898"
LATER = "49590338271490256608559692540925702759324208523137515618"


def made(shards: Sequence[int], arrivals: Sequence[float] = (), size: int = 5) -> list[Record]:
    """A record for each shard index given, in this order."""
    numbers = {shard: SequenceNumbers(shard, 1_700_000_000) for shard in shards}
    return [
        lambda_record(
            shard_id=shard_id(shard),
            sequence_number=numbers[shard].next(1_700_000_000),
            partition_key=f"key-{index}",
            arrival=arrivals[index] if arrivals else 1_700_000_000.0 + index,
            data=b"x" * size,
        )
        for index, shard in enumerate(shards)
    ]


def line(**changes: object) -> str:
    """A record's line with some members changed; `None` removes one."""
    kinesis: dict[str, object] = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": NUMBER,
        "data": b64encode(b"first").decode(),
        "approximateArrivalTimestamp": 1545084650.987,
    }
    event_id = f"{shard_id(6)}:{NUMBER}"
    record: dict[str, object] = {"kinesis": kinesis, "eventSource": "aws:kinesis"}
    record["eventID"] = event_id
    for name, value in changes.items():
        where: dict[str, object] = kinesis if name in kinesis else record
        if value is None:
            del where[name]
        else:
            where[name] = value
    return json.dumps(record)


def second(**changes: object) -> str:
    return line(**{"sequenceNumber": LATER, "eventID": f"{shard_id(6)}:{LATER}"} | changes)


def read(path: Path, *, raw: bool = False) -> list[Record]:
    with Recording.open([str(path)], raw=raw) as recording:
        return list(recording.records())


def taken(records: RecordSource, shard: str) -> list[Record]:
    return records.take(shard, float("inf"), MANY, MANY)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_file(content: str | bytes, name: str = "in.ndjson") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst", "a.json"])
def test_what_is_written_reads_as_the_same_records(tmp_path: Path, name: str) -> None:
    records = made([0, 1, 1, 0, 3])
    path = tmp_path / name
    count = (write_event if name == "a.json" else write_recording)(records, path)
    assert count == 5
    with Recording.open([str(path)]) as recording:
        assert list(recording.records()) == records
        assert recording.count == 5
        assert recording.shard_ids == (shard_id(0), shard_id(1), shard_id(3))
        assert (recording.first_arrival, recording.last_arrival) == (1.7e9, 1.7e9 + 4)
        assert taken(recording, shard_id(1)) == records[1:3]
        assert recording.next_arrival(shard_id(1)) is None
        assert taken(recording, shard_id(1)) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
            st.floats(0, 2e11),
            st.binary(max_size=50),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_record_survives_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, str, float, bytes]]
) -> None:
    numbers = [SequenceNumbers(shard, 1_700_000_000) for shard in range(4)]
    records = [
        lambda_record(
            shard_id=shard_id(shard),
            sequence_number=numbers[shard].next(arrival),
            partition_key=key,
            arrival=arrival,
            data=data,
        )
        for shard, key, arrival, data in parts
    ]
    directory = tmp_path_factory.mktemp("written")
    write_recording(records, directory / "a.ndjson")
    assert read(directory / "a.ndjson") == records
    (directory / "a.json").write_bytes(kinesis_event(records))
    again = read(directory / "a.json")
    assert [json.loads(record.raw) for record in again] == [
        json.loads(record.raw) for record in records
    ]


def test_a_pretty_printed_event_is_read_record_by_record(write: Callable[..., Path]) -> None:
    records = made([0, 0, 1])
    pretty = json.dumps(json.loads(kinesis_event(records)), indent=4)
    assert read(write(pretty, "e.json")) == records


def test_documents_may_follow_each_other(write: Callable[..., Path]) -> None:
    records = made([0, 0, 1])
    documents = [kinesis_event(records[:2]), b'\n\n{"Records": [], "state": {"a": [1]}}']
    assert read(write(b"".join([*documents, kinesis_event(records[2:])]))) == records


def get_records(*numbers: str, arrival: object = 1545084650.987) -> dict[str, object]:
    return {
        "Records": [
            {
                "SequenceNumber": number,
                "ApproximateArrivalTimestamp": arrival,
                "Data": "Zmlyc3Q=",
                "PartitionKey": "1",
                "EncryptionType": "KMS",
            }
            for number in numbers
        ],
        "NextShardIterator": "AAAA",
        "MillisBehindLatest": 0,
    }


@pytest.mark.parametrize("arrival", [1545084650.987, "2018-12-17T23:10:50.987000+01:00"])
def test_pages_of_get_records_are_read(write: Callable[..., Path], arrival: object) -> None:
    pages = [
        get_records(NUMBER, arrival=arrival),
        get_records(),
        get_records(LATER, arrival=arrival),
    ]
    records = read(write("\n".join(json.dumps(page, indent=2) for page in pages)))
    assert [record.sequence_number for record in records] == [NUMBER, LATER]
    assert {(record.shard_id, record.arrival) for record in records} == {
        (shard_id(6), 1545084650.987)
    }
    assert json.loads(records[0].raw)["kinesis"]["data"] == "Zmlyc3Q="


def test_records_of_get_records_may_stand_one_by_one(write: Callable[..., Path]) -> None:
    page = get_records(NUMBER, LATER)
    content = "\n".join(json.dumps(record) for record in page["Records"])  # type: ignore[attr-defined]
    assert [record.sequence_number for record in read(write(content))] == [NUMBER, LATER]


def test_payload_lines_become_records(write: Callable[..., Path]) -> None:
    path = write(b'{"temperature": 1}\r\n\nnot json\n\xff')
    records = read(path, raw=True)
    data = [json.loads(record.raw)["kinesis"]["data"] for record in records]
    assert data == [b64encode(x).decode() for x in (b'{"temperature": 1}', b"not json", b"\xff")]
    assert [record.partition_key for record in records] == ["line-1", "line-2", "line-3"]
    assert read(path, raw=True) == records


def test_several_files_are_one_stream(tmp_path: Path) -> None:
    records = made([0, 1, 0, 1])
    write_recording(records[:2], tmp_path / "a.ndjson.gz")
    write_event(records[2:], tmp_path / "b.json")
    with Recording.open([str(tmp_path / "a.ndjson.gz"), str(tmp_path / "b.json")]) as recording:
        assert taken(recording, shard_id(0)) == records[::2]
        assert taken(recording, shard_id(1)) == records[1::2]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    records = made([0, 1])
    packed = gzipped(b"\n".join(record.raw for record in records))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    with Recording.open(["-"]) as recording:
        assert list(recording.records()) == records


def test_lines_are_delivered_as_they_are_but_for_the_space_around_them(
    write: Callable[..., Path],
) -> None:
    spaced = line(more={"unknown": [1, {"a": "ü"}]})
    records = read(write(f"\ufeff  {spaced} \r\n\n \r\n{second()}"))
    assert [record.raw.decode() for record in records] == [spaced, second()]


@pytest.mark.parametrize("text", ["\v{}\n{}\n", "{}\n{}\v\n", "{}\n{}\v", "{}\n\v{}\n", "{}\r\n{}"])
def test_space_is_found_at_each_end_of_each_line(text: str, write: Callable[..., Path]) -> None:
    # A vertical tab: space for Python, but not for JSON.
    records = read(write(text.format(line(), second())))
    assert [record.raw.decode() for record in records] == [line(), second()]


def test_members_that_lambda_always_sends_may_be_missing(write: Callable[..., Path]) -> None:
    (record,) = read(write(line(eventID=None, eventSource=None, kinesisSchemaVersion=None)))
    assert (record.shard_id, record.partition_key) == (shard_id(6), "1")


def test_an_event_without_records_is_an_empty_recording(write: Callable[..., Path]) -> None:
    with Recording.open([str(write('{"Records": []}'))]) as recording:
        assert (recording.count, recording.shard_ids) == (0, ())
        assert recording.first_arrival is recording.last_arrival is None


# --- taking -------------------------------------------------------------------------------------


def test_a_record_has_arrived_when_those_before_it_have(tmp_path: Path) -> None:
    records = made([0, 0, 0], arrivals=[5.0, 2.0, 9.0])
    write_recording(records, tmp_path / "a.ndjson")
    with Recording.open([str(tmp_path / "a.ndjson")]) as recording:
        for held in (recording, RecordList(records)):
            assert held.next_arrival(shard_id(0)) == 5.0
            assert held.take(shard_id(0), 4.9, MANY, MANY) == []
            assert held.take(shard_id(0), 5.0, MANY, MANY) == records[:2]
            assert held.next_arrival(shard_id(0)) == 9.0


def test_a_record_larger_than_allowed_is_taken_alone() -> None:
    records = made([0, 0, 0], size=100)
    size = len(records[0].raw)
    assert len(RecordList(records).take(shard_id(0), 2e9, MANY, 2 * size)) == 2
    assert len(RecordList(records).take(shard_id(0), 2e9, MANY, 2 * size - 1)) == 1
    assert len(RecordList(records).take(shard_id(0), 2e9, MANY, 1)) == 1
    assert len(RecordList(records).take(shard_id(0), 2e9, 2, MANY)) == 2


def test_a_list_of_records_out_of_order_is_refused() -> None:
    with pytest.raises(InputError, match="which is larger"):
        RecordList(made([0, 0])[::-1])


@contextmanager
def tiny_blocks() -> Iterator[None]:
    """So little memory that a few records need all the ways of reading on."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (source, survey):
            patch.setattr(module, "BLOCK", 1500)
        for name, value in {"HELD": 0, "HELD_PER_SHARD": 900, "NEAR": 3}.items():
            patch.setattr(recording_module, name, value)
        patch.setattr(shard_reader, "REREAD", 1500)
        patch.setattr(survey, "LEAST_LINES_OF_SHARD", 1)
        patch.setattr(parsed, "HELD", 300)
        yield


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_shards_are_read_in_any_order_as_if_all_were_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    shards: list[int],
    random: Random,
    data: st.DataObject,
) -> None:
    if data.draw(st.booleans(), "sorted by shard"):
        shards = sorted(shards)
    records = made(
        shards, [float(random.randrange(40)) for _ in shards], size=random.randrange(900)
    )
    path = tmp_path_factory.mktemp("blocks") / "a.ndjson"
    blank = random.choice(["", "\n"])  # a blank line: the lines are copied
    path.write_bytes(b"\n".join(record.raw for record in records) + blank.encode() * 2)
    settled_by = math.inf if data.draw(st.booleans(), "settled") else None
    model = RecordList(records)
    with tiny_blocks(), Recording.open([str(path)], settled_by=settled_by) as recording:
        assert recording.shard_ids == model.shard_ids
        blocks = range(1, len(recording._survey.blocks))
        assert [recording._survey.lines_of(n) is not None for n in blocks] == [
            settled_by is not None for _ in blocks
        ]
        left = recording.count
        while left:
            shard = random.choice(recording.shard_ids)
            assert recording.next_arrival(shard) == model.next_arrival(shard)
            limits = (random.randrange(60), random.randint(1, 6), random.choice([1, 2000, MANY]))
            batch = model.take(shard, *limits)
            assert recording.take(shard, *limits) == batch
            left -= len(batch)
        assert all(recording.next_arrival(shard) is None for shard in recording.shard_ids)


def test_a_recording_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    write_recording(made([0, 0]), path)
    with Recording.open([str(path)]) as recording:
        length = path.stat().st_size
        with path.open("r+b") as file:
            file.truncate(length - 9)
        with pytest.raises(InputError, match="changed while it was read"):
            taken(recording, shard_id(0))
        with path.open("r+b") as file:
            file.write(b"\n" * length)
        with pytest.raises(InputError, match="changed while it was read"):
            taken(recording, shard_id(0))


def test_what_was_parsed_is_not_used_for_a_file_that_changed_since(tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("a.ndjson", "b.ndjson"))
    kept, others = made([0] * 40), made([0] * 40, [1_800_000_000.0] * 40)
    for path, records in ((first, kept), (second, others)):
        write_recording(records, path)
    content = second.read_bytes()
    assert len(content) == first.stat().st_size
    os.utime(first, (LONG_AGO, LONG_AGO))
    with tiny_blocks(), Recording.open([str(first)], settled_by=LONG_AGO + 1) as recording:
        assert recording._survey.lines_of(1) is not None
        assert taken(recording.rewound(), shard_id(0)) == kept
        with first.open("r+b") as file:
            file.write(content)
        assert recording._survey.lines_of(1) is None
        assert taken(recording, shard_id(0)) == others


def test_what_was_parsed_is_not_kept_of_a_file_that_was_just_written(tmp_path: Path) -> None:
    """A change could have the same time."""
    path = tmp_path / "a.ndjson"
    write_recording(made([0] * 40), path)
    os.utime(path, (LONG_AGO, LONG_AGO))
    with tiny_blocks(), Recording.open([str(path)], settled_by=LONG_AGO) as recording:
        assert recording._survey.lines_of(1) is None
        assert len(taken(recording, shard_id(0))) == 40


def test_lines_are_parsed_again_where_there_is_no_room_for_what_was_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    records = made([0] * 400)
    write_recording(records, tmp_path / "a.ndjson")
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with (
        tiny_blocks(),
        Recording.open([str(tmp_path / "a.ndjson")], settled_by=math.inf) as recording,
    ):
        assert recording._survey.lines_of(1) is None
        assert taken(recording, shard_id(0)) == records


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "in.ndjson: no record in it"),
        (line() + "\n" + second()[:-30], "line 2: it ends early, within a JSON value"),
        (line() + "\n{}", "line 2: not a Kinesis record, it has no member 'kinesis'"),
        (line() + "\n[1]", "line 2: a record is a JSON object, this is an array"),
        (line() + "\n" + second() + second(), "line 2: not JSON: extra data, at column"),
        (line() + "\n{'a'}", "line 2: not JSON: expecting property name"),
        (line() + '\n{"kinesis":' + "[" * 9999, "line 2: nested too deeply"),
        (line() + '\n{"kinesis": 1}', "line 2, kinesis: expected an object, found the number 1"),
        (line(data='{"temperature":1}'), """line 1, kinesis.data: not base64, it begins with '{"temperature"'"""),  # noqa: E501
        (line(data="e"), "line 1, kinesis.data: not base64, it begins with 'e'"),
        (line(sequenceNumber=None), "line 1, kinesis.sequenceNumber: missing"),
        (line(sequenceNumber=17), "expected a string of decimal digits, found the number 17"),
        (line(sequenceNumber=""), "found an empty string"),
        (line(sequenceNumber="٣" * 56), "line 1, kinesis.sequenceNumber: expected decimal digits"),
        (line() + "\n" + second(sequenceNumber="0" + LATER), "line 2, kinesis.sequenceNumber: expected"),  # noqa: E501
        (line(sequenceNumber="9" * 130), "sequenceNumber: expected at most 129 decimal digits"),
        (line() + "\n" + second().replace("{", '{"kinesis": {},', 1), "line 2: the member 'kinesis' is there twice"),  # noqa: E501
        (line(partitionKey=None), "line 1, kinesis.partitionKey: missing"),
        (line(approximateArrivalTimestamp="x"), "found the text 'x'"),
        (line(approximateArrivalTimestamp=-1), "-1 is not a time in epoch seconds"),
        (line(approximateArrivalTimestamp=1545084650987), "1545084650987 is not a time in epoch seconds"),  # noqa: E501
        (line().replace("1545084650.987", "1e999"), "not a time in epoch seconds"),
        (line().replace("1545084650.987", "1" * 5000), "line 1: not JSON"),
        (line(eventID=1), "eventID: expected a string, found the number 1"),
        (line(eventID="x", sequenceNumber="1"), "line 1, eventID: names no shard"),
        (line(eventID=f"a shard:{NUMBER}"), "line 1, eventID: 'a shard' is not a shard id"),
        (line(eventSource="aws:sqs"), "line 1: this is an event of SQS, not of Kinesis"),
        (line(eventSource="aws:else"), "line 1: this is an event of 'aws:else', not of Kinesis"),
        (line(eventSource=1), "line 1, eventSource: expected 'aws:kinesis', found the number 1"),
        ('{"Records": [{"EventSource": "aws:sns", "Sns": {}}]}', "in.ndjson: this is an event of SNS"),  # noqa: E501
        ('{"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}}]}', "DynamoDB Streams who"),
        ('{"Records": [{"eventSource": "aws:s3", "s3": {}}]}', "this is an event of S3, not"),
        ('{"httpMethod": "GET"}', "this is an event of API Gateway, not of Kinesis"),
        ('{\n"deliveryStreamArn": "x", "records": []}', "this is an event of Firehose, not of Kinesis"),  # noqa: E501
        ('{"Records": [' + line() + ",]}", "line 1: expected a value after the comma, found ']'"),
        ('{"Records": [\n' + line() + "\n", "line 3: it ends early"),
        ('{"Records": [\n' + line()[:-4], "line 2: it ends early, within a JSON value"),
        ('{"Records": [\n' + line() + ",NaN]}", "line 2: not JSON: found NaN, which JSON"),
        ('{"Records": [' + "[" * 99999, "line 1: nested too deeply"),
        ('{"Records": [' + "1" * 9999 + "]}", "a number is too long"),
        ('{"Records" 1}', "line 1: expected ':', found '1'"),
        ('{"Records": [\n' + line() + "\n" + line(), "line 3: expected ',', found '{'"),
        ("{1: 2}", "this is how Python prints a value, not JSON"),
        ("{a: 2}", "it begins like JSON, and is not: expecting property name"),
        ('{"Records": [' + line() + ",1]}", "record 2: a record is a JSON object, this is the num"),
        (line().encode() + b"\n" + second(x="é").encode("latin-1").replace(b"\\u00e9", b"\xe9"), "line 2: not UTF-8, found 0xe9"),  # noqa: E501
        (b'{"Records": [' + line().encode() + b', "\xe9"]}', "not UTF-8, found 0xe9"),
        (b'{"Records": ["\xc3', "its end: not UTF-8, found 0xc3"),
        (line().encode("utf-16"), "this is UTF-16 text"),
        (gzipped(line().encode() * 99)[:-12], "it ends early, after"),
        (gzipped(line().encode())[:-5] + b"12345", "its compression is damaged"),
        (zstd.compress(line().encode())[:-9], "it ends early, after"),
        (zstd.compress(line().encode())[:9] + b"x" * 99, "its compression is damaged"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place(
    write: Callable[..., Path], content: str | bytes, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(write(content))
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (line(data="{}"), "To read plain payload lines use --raw."),
        (line(approximateArrivalTimestamp=1545084650987), "It looks like milliseconds"),
        (line(eventID=None, sequenceNumber="1"), 'Write it as "shardId-000000000000:1".'),
    ],
)
def test_a_fault_comes_with_advice(write: Callable[..., Path], content: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        read(write(content))
    assert caught.value.advice.startswith(advice)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([second(), line()], "line 2, kinesis.sequenceNumber: {0} is smaller than the number of"),
        (
            [second(), "", line(eventID=f"{shard_id(1)}:1"), line()],
            "line 4, kinesis.sequenceNumber",
        ),
    ],
)
def test_sequence_numbers_of_a_shard_must_grow(
    write: Callable[..., Path], lines: list[str], message: str
) -> None:
    path = write("\n".join(lines))
    with pytest.raises(InputError) as caught:
        read(path)
    assert message.format(NUMBER, name=path) in str(caught.value)


NUMBERED = st.tuples(st.integers(0, 2), st.integers(0, 12), st.sampled_from(["", "0", "00"]))


@given(lines=st.lists(NUMBERED, min_size=1, max_size=40), lines_at_once=st.integers(1, 40))
@settings(max_examples=examples(100))
def test_numbers_are_checked_by_shard_as_they_are_one_by_one(
    lines: list[tuple[int, int, str]], lines_at_once: int
) -> None:
    texts = [
        line(sequenceNumber=f"{zeros}{number}", eventID=f"{shard_id(shard)}:1").encode() + b"\n"
        for shard, number, zeros in sorted(lines, key=lambda each: each[1] // 4)
    ]

    def learnt() -> object:
        try:
            with Recording.open([str(path)]) as recording:
                entries = recording._survey.entries()
                return [(name, *ends, *_of(shard)) for name, shard, *ends in entries]
        except InputError as error:
            return str(error)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "r.ndjson")
        path.write_bytes(b"".join(texts))
        for module in (source, survey):
            patch.setattr(module, "BLOCK", lines_at_once * max(map(len, texts)))
        patch.setattr(survey, "LEAST_LINES_OF_SHARD", MANY)
        one_by_one = learnt()
        patch.setattr(survey, "LEAST_LINES_OF_SHARD", 1)
        assert learnt() == one_by_one


def _of(shard: ShardSurvey) -> tuple[object, ...]:
    return shard.count, shard.first, shard.last, shard.blocks, shard.arrivals, shard.last_place


def test_a_smaller_number_than_in_an_earlier_file_is_named_with_that_place(
    write: Callable[..., Path],
) -> None:
    first, again = write(line() + "\n" + second(), "a.ndjson"), write(line(), "b.ndjson")
    with pytest.raises(InputError) as caught:
        Recording.open([str(first), str(again)])
    assert f"smaller than the number of {first}, line 2" in str(caught.value)


def test_user_records_that_share_a_number_are_all_read_in_their_order(
    write: Callable[..., Path],
) -> None:
    """As Lambda hands the records of an aggregate to an enhanced fan-out consumer."""
    lines = [line(partitionKey=key) for key in ("c", "a", "b")]
    for content in ("\n".join(lines), f'{{"Records": [{",".join(lines)}]}}'):
        path = write(content)
        assert [record.partition_key for record in read(path)] == ["c", "a", "b"]
        with Recording.open([str(path)]) as recording:
            found = recording.find(NUMBER[-6:])
            assert [record.partition_key for record in found] == ["c", "a", "b"]
            keys = [record.partition_key for record in taken(recording, shard_id(6))]
            assert keys == ["c", "a", "b"]


@pytest.mark.parametrize("path", ["missing.ndjson", ".", "a\0b"])
def test_what_cannot_be_opened_is_named(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        Recording.open([path])
    assert caught.value.place == path


def test_a_line_without_end_is_refused(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="a line of more than 16 MiB"):
        read(write(line() + "\n" + "x" * (17 << 20) + "\n"))


@pytest.mark.slow
def test_a_value_without_end_is_refused(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="more than 64 Mi characters"):
        read(write('{"Records": ["' + "x" * (65 << 20)))


def test_a_file_that_unpacks_to_nothing_but_zeros_is_refused(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="times as large when unpacked"):
        read(write(zstd.compress(bytes(300 << 20))))


@settings(max_examples=examples(50))
@given(st.data())
def test_whatever_is_in_a_file_it_is_read_or_refused_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    plain = "\n".join([line(), second()]).encode()
    seeds = [plain, gzipped(plain), zstd.compress(plain), kinesis_event(made([0, 1])),
             json.dumps(get_records(NUMBER), indent=1).encode(), b""]  # fmt: skip
    content = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 5))
        content[at : at + cut] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"\n", b'"', b"{", b"}", b"[", b",", b"\\"])
        )
    path = tmp_path_factory.mktemp("fuzz") / "in"
    path.write_bytes(content)
    records: list[Record] = []
    with suppress(InputError):
        records = read(path, raw=data.draw(st.booleans()))
    assert len(json.loads(kinesis_event(records))["Records"]) == len(records)


MEMORY = """
import re, sys
from pathlib import Path
from kinesis_cli.recordings.recording import Recording
with Recording.open([sys.argv[1]]) as recording:
    blocked, *others = recording.shard_ids
    for shard in (*others, blocked):
        while recording.take(shard, float("inf"), 100, 6 << 20):
            pass
# Not getrusage, which begins at the size of the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_recording_although_a_shard_is_blocked(
    tmp_path: Path,
) -> None:
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.ndjson"
        template = made([0], size=200)[0].raw.decode()
        number, key = json.loads(template)["kinesis"]["sequenceNumber"], shard_id(0)
        with path.open("w") as file:
            for index in range(count):
                next_number = str(int(number) + (index << 80))
                one = template.replace(number, next_number).replace(key, shard_id(index % 4))
                file.write(one + "\n")
        run = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True
        )
        path.unlink()
        return int(run.stdout) // 1024

    small, large = peak(100_000), peak(200_000)
    assert large < 130  # MiB; the larger file has 145
    assert large - small < 12
