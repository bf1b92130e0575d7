"""What a file or a pipe is found to be, and what comes of it: the same in every command."""

import gzip
import json
import sys
from base64 import b64encode
from functools import partial
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.handlers.invoke_once import read_event
from kinesis_cli.payloads.arriving_data import read_head
from kinesis_cli.payloads.own_data import payloads_from
from kinesis_cli.putting.replay_input import open_replay_input
from kinesis_cli.recordings.form import Form, Reading
from kinesis_cli.recordings.inputs import Input
from kinesis_cli.recordings.recording import Recording
from kinesis_cli.stream.user_records import data_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

gzipped = partial(gzip.compress, mtime=0)  # the ids of tests must not change with the time


NUMBER = "49596795095695876171182093741842742029222840488857436178"
KINESIS = {
    "kinesisSchemaVersion": "1.0",
    "partitionKey": "p",
    "sequenceNumber": NUMBER,
    "data": b64encode(b'{"a":1}').decode(),
    "approximateArrivalTimestamp": 1611054011.59,
}
RECORD = {
    "kinesis": KINESIS,
    "eventSource": "aws:kinesis",
    "eventID": f"shardId-000000000001:{NUMBER}",
}
GOT = {
    "SequenceNumber": NUMBER,
    "ApproximateArrivalTimestamp": "2021-01-19T12:00:11.590000+01:00",
    "Data": KINESIS["data"],
    "PartitionKey": "p",
}
PIPED = {
    **KINESIS,
    "eventSource": "aws:kinesis",
    "eventVersion": "1.0",
    "eventID": RECORD["eventID"],
}
DOCUMENT = {
    "requestContext": {"requestId": "r", "condition": "RetryAttemptsExhausted"},
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000001",
        "startSequenceNumber": NUMBER,
        "endSequenceNumber": NUMBER,
        "batchSize": 1,
        "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    },
}
HELD = {**DOCUMENT, "payload": json.dumps({"Records": [RECORD]})}
LOGS = {"messageType": "DATA_MESSAGE", "owner": "1", "logEvents": [{"id": "1", "message": "hi"}]}
TRAIL = {"Records": [{"eventVersion": "1.08", "eventSource": "ec2.amazonaws.com"}]}
S3 = {"Records": [{"eventSource": "aws:s3", "s3": {}}]}
DYNAMO = {"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {}}  # to Kinesis
BRIDGE = {"version": "0", "detail-type": "Order", "source": "shop", "detail": {}}

one = json.dumps


def lines(*values: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in values)


def pretty(*values: object) -> str:
    return "\n".join(json.dumps(each, indent=2) for each in values) + "\n"


WITH_RECORDS = [
    (one({"Records": [RECORD]}), Form.EVENT),
    (pretty({"Records": [RECORD]}), Form.EVENT),
    (one([RECORD]), Form.EVENT),
    (pretty(RECORD), Form.EVENT),
    (one({"Records": [RECORD]}) * 2, Form.EVENT),
    (lines(RECORD, RECORD), Form.RECORDING),
    (one(RECORD), Form.RECORDING),
    (one(RECORD) * 2, Form.EVENT),
    (one({"Records": [GOT], "NextShardIterator": "A", "MillisBehindLatest": 0}), Form.GET_RECORDS),
    (pretty({"Records": [GOT]}), Form.GET_RECORDS),
    (one([GOT]), Form.GET_RECORDS),
    (pretty([GOT, GOT]), Form.GET_RECORDS),
    (lines(GOT, GOT), Form.GET_RECORDS),
    (one({**GOT, "EncryptionType": "KMS"}), Form.GET_RECORDS),
    (one({"Records": [{**GOT, "ApproximateArrivalTimestamp": 1611054011.59}]}), Form.GET_RECORDS),
    (one([PIPED]), Form.PIPES),
    (pretty([PIPED, PIPED]), Form.PIPES),
    (one(PIPED), Form.PIPES),
    (one(HELD), Form.DOCUMENTS),
    (lines(HELD, HELD), Form.DOCUMENTS),
    (one([HELD]), Form.DOCUMENTS),
    (one({"Messages": [{"MessageId": "m", "Body": one(HELD)}]}), Form.DOCUMENTS),
    (one({"Type": "Notification", "Message": one(HELD)}), Form.DOCUMENTS),
    (one({"Records": [{"eventSource": "aws:sqs", "body": one(HELD)}]}), Form.DOCUMENTS),
    (one({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": one(HELD)}}]}), Form.DOCUMENTS),
]


@pytest.mark.parametrize(("text", "form"), WITH_RECORDS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_records_are_recognised_and_read_alike_by_every_command(
    tmp_path: Path, text: str, form: Form, mark: str
) -> None:
    file = tmp_path / "in"
    file.write_text(mark + text)
    with Input.open(str(file), Reading()) as found:
        assert found.look.form is form
    with Recording.open([str(file)]) as recording:
        records = list(recording.records())
    assert {(each.shard_id, each.sequence_number) for each in records} == {
        ("shardId-000000000001", NUMBER)
    }
    count = len(records)
    assert [each.data for each in payloads_from(str(file))] == [b'{"a":1}'] * count
    assert [each.partition_key for each in payloads_from(str(file))] == ["p"] * count
    assert [data_of(each) for each in read_event(str(file)).records] == [b'{"a":1}'] * count
    with open_replay_input([str(file)], None, None) as replayed:
        assert [each.arrival for each in replayed.records] == [1611054011.59] * count


PAYLOADS = [
    (lines({"a": 1}, {"b": 2}), Form.PAYLOADS, [b'{"a": 1}', b'{"b": 2}']),
    ('{"a":1}', Form.PAYLOADS, [b'{"a":1}']),
    (' {"a":1} \n\t{"b":2}\r\n', Form.PAYLOADS, [b' {"a":1} ', b'\t{"b":2}']),
    ('{"a":NaN}\n2\n"x"\n', Form.PAYLOADS, [b'{"a":NaN}', b"2", b'"x"']),
    ("[1,2]\n[3]\n", Form.PAYLOADS, [b"[1,2]", b"[3]"]),
    ("a\tb\t\n\t\tc\n", Form.PAYLOADS, [b"a\tb\t", b"\t\tc"]),
    ("id,name\r\n1,x\r2\r\n", Form.PAYLOADS, [b"id,name", b"1,x\r2"]),
    ("last\r", Form.PAYLOADS, [b"last\r"]),
    ("[2026-01-31] on\n{not json}\n", Form.PAYLOADS, [b"[2026-01-31] on", b"{not json}"]),
    (pretty({"a": [1]})[:-1], Form.PAYLOADS, [json.dumps({"a": [1]}, indent=2).encode()]),
    ('[{"a": 1}, {"b":\n2}]', Form.PAYLOADS, [b'{"a": 1}', b'{"b":\n2}']),
    ('{"a": 1}{"b":  2}', Form.FIREHOSE, [b'{"a": 1}', b'{"b":  2}']),
    (pretty({"a": 1}, {"b": 2}), Form.FIREHOSE, [b'{\n  "a": 1\n}', b'{\n  "b": 2\n}']),
    (one(BRIDGE) * 2, Form.FIREHOSE, [one(BRIDGE).encode()] * 2),
    (lines(LOGS, LOGS), Form.FIREHOSE, [one(LOGS).encode()] * 2),
    # what merely looks like Kinesis's
    (lines(TRAIL, TRAIL), Form.PAYLOADS, [one(TRAIL).encode()] * 2),
    (one(TRAIL), Form.PAYLOADS, [one(TRAIL).encode()]),
    (lines(S3, S3), Form.PAYLOADS, [one(S3).encode()] * 2),
    ('{"Records": 5}\n', Form.PAYLOADS, [b'{"Records": 5}']),
    ('{"Records": [], "total": 0}\n', Form.PAYLOADS, [b'{"Records": [], "total": 0}']),
    ('{"SequenceNumber": 7, "b": 1}\n', Form.PAYLOADS, [b'{"SequenceNumber": 7, "b": 1}']),
    ('{"kinesis": "a stream"}\n', Form.PAYLOADS, [b'{"kinesis": "a stream"}']),
    ('{"kinesis": {"shards": 2}}\n', Form.PAYLOADS, [b'{"kinesis": {"shards": 2}}']),
    (one(DYNAMO), Form.PAYLOADS, [one(DYNAMO).encode()]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "form", "expected"), PAYLOADS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_payloads_are_their_bytes_in_every_command(
    tmp_path: Path, text: str, form: Form, expected: list[bytes], mark: str
) -> None:
    file = tmp_path / "in"
    file.write_bytes((mark + text).encode())
    with Input.open(str(file), Reading()) as found:
        assert found.look.form is form
    told: list[str] = []
    assert [each.data for each in payloads_from(str(file), tell=told.append)] == expected
    assert told[0].startswith(f"{file}: {len(expected)} ")
    assert told[0].endswith(": no keys, no timing")
    with Recording.open([str(file)]) as recording:
        assert [data_of(each) for each in recording.records()] == expected
        assert recording.notes == told
    assert [data_of(each) for each in read_event(str(file)).records] == expected
    with open_replay_input([str(file)], None, None) as replayed:
        assert [each.data for each in replayed.records] == expected
        assert replayed.notes == told


@pytest.mark.parametrize(("text", "form"), [*WITH_RECORDS, *(each[:2] for each in PAYLOADS)])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_pipe_is_recognised_as_the_file_is_however_it_is_cut(
    text: str, form: Form, size: int
) -> None:
    data, at = text.encode(), 0

    def read(_: int) -> bytes:
        nonlocal at
        at += size
        return data[at - size : at]

    head, look = read_head(read, "pipe")
    assert look is not None
    assert (look.form, data.startswith(head)) == (form, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (one(DOCUMENT), "an on-failure document that names a record of its stream and holds none"),
        (one(S3), "this is an event of S3, not of Kinesis"),
        (one({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}), "an event of SQS, not of"),
        (pretty(BRIDGE), "this is an event of EventBridge, not of Kinesis"),
        (one({"version": "1.0", "requestPayload": {}}), "the record of a Lambda destination"),
        (one({"awslogs": {"data": "H4s="}}), "this is an event of CloudWatch Logs"),
        ("{'Records': [{'kinesis': {}}]}", "how Python prints a value, not JSON"),
        ("[{'SequenceNumber': '1', 'Data': b'x'}]", "how Python prints a value, not JSON"),
        ('{"a": 1', "it ends early, within a JSON value"),
        ("{a: 1}\n", "it begins like JSON, and is not: expecting property name"),
        ('{"a": 1} and more\n', "a line begins with JSON, and something else follows it"),
        ('{"a": 1}\n{\n  "b": 2\n}\n', "line 2: not JSON, and the first line is"),
        ('{"a": 1}\nplain\n', "line 2: not JSON, and the first line is"),
        ("[1, 2, 3]", "this is a JSON array, not of objects"),
        ("[]", "this is an empty JSON array"),
        (f'tNumber": "1"}}}}\n{one(RECORD)}\n', "line 2 is a record and the first line is not"),
        ("PAR1\0\0", "this is a Parquet file"),
        ("a\0b", "this is binary data"),
        ("MillisBehindLatest: 0\nRecords:\n- Data: x\n", "output of the AWS CLI as text or YAML"),
        (
            "------\n|   GetRecords   |\n+----+\n",
            "as text or YAML, or a table",
        ),
        ("b'{\"a\":1}'\nb'{}'\n", "this is how Python prints bytes"),
        ("\x0a\x05hello\x10\x01", "this is binary data"),  # a protocol buffer, without NUL
        (f"// sample\n{one({'Records': [RECORD]})}", "line 2 is a Kinesis event and the first"),
        (f'{{"a":1}}\n{one({"Records": [RECORD]})}', "line 2 is a Kinesis event and the first"),
        (one(one({"Records": [RECORD]})), "text that holds a Kinesis event"),
        (one({"event": {"Records": [RECORD]}, "context": {}}), "with a Kinesis event in it"),
        (one({"records": [RECORD]}), "with a Kinesis event in it"),
        (one({"SubscribeToShardEvent": {"Records": [GOT]}}), "with get-records output in it"),
        (pretty({**BRIDGE, "detail": PIPED}), "with a record of EventBridge Pipes in it"),
        (
            one({"Records": [{"eventSource": "aws:sqs", "body": one({"Records": [RECORD]})}]}),
            "with a Kinesis event in it",
        ),
        (
            one({"Records": [{"Data": "aGk=", "PartitionKey": "p"}]}),
            "put-records --cli-input-json` takes",
        ),
        (pretty([{"Data": "aGk=", "PartitionKey": "p"}]), "put-records --records` takes"),
        (one({"FailedRecordCount": 0, "Records": [{"ShardId": "s"}]}), "what PutRecords answered"),
        (one({"requestContext": {}, "MQBatchInfo": {}}), "document of another source"),
        ('{"a":1}\n{"b":2}{"c":3}\n', "several JSON documents on a line"),
    ],
)
def test_what_cannot_be_told_is_named_and_refused_by_every_command(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "in"
    file.write_text(text)
    for use in (
        lambda: list(payloads_from(str(file))),
        lambda: Recording.open([str(file)]),
        lambda: read_event(str(file)),
        lambda: open_replay_input([str(file)], None, None).__enter__(),
    ):
        with pytest.raises(InputError) as caught:
            use()
        assert problem in str(caught.value)
        assert caught.value.advice


def test_what_is_refused_can_be_put_by_saying_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_text('{"a": 1} and more\r\n{\n')
    as_lines = payloads_from(str(file), Reading(Form.PAYLOADS))
    assert [each.data for each in as_lines] == [b'{"a": 1} and more', b"{"]
    file.write_text(one(DOCUMENT))
    [payload] = payloads_from(str(file), Reading(Form.PAYLOADS))
    assert payload.data == one(DOCUMENT).encode()
    file.write_text('1 2\n{"a":\n1}')
    documents = payloads_from(str(file), Reading(Form.FIREHOSE))
    assert [each.data for each in documents] == [b"1", b"2", b'{"a":\n1}']


MESSAGES = [gzipped(one({**LOGS, "id": n}).encode()) for n in range(3)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"".join(MESSAGES), MESSAGES),  # a Firehose backup without compression
        (gzipped(b"".join(MESSAGES)), MESSAGES),  # and with it
        (gzipped(gzipped(b"x") * 2), [gzipped(b"x")] * 2),
        (gzipped(b'{"a":1}{"b":2}'), [b'{"a":1}', b'{"b":2}']),
        (gzipped(gzipped(b'{"a":1}\n')), [b'{"a":1}']),
        (gzipped(b"a\n") + gzipped(b"b\n"), [b"a", b"b"]),
    ],
)
def test_gzip_in_gzip_is_the_payloads_own(
    tmp_path: Path, content: bytes, expected: list[bytes]
) -> None:
    file = tmp_path / "backup"
    file.write_bytes(content)
    assert [each.data for each in payloads_from(str(file))] == expected
    with open_replay_input([str(file)], None, None) as replayed:
        assert [each.data for each in replayed.records] == expected


def read_one(path: Path, reading: Reading) -> tuple[dict[str, object], list[str]]:
    with Recording.open([str(path)], reading=reading) as recording:
        [record] = recording.records()
        return json.loads(record.raw), recording.notes


@pytest.mark.parametrize("value", [{"Records": [GOT]}, [PIPED]])
def test_records_get_every_member_that_lambda_sends(tmp_path: Path, value: object) -> None:
    file = tmp_path / "in.json"
    file.write_text(one(value))
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    record, _ = read_one(file, Reading(stream_arns=(arn,)))
    assert record == {
        "kinesis": KINESIS,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000001:{NUMBER}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "eu-west-1",
        "eventSourceARN": arn,
    }


def test_the_shard_of_small_numbers_is_the_options_the_file_names_or_one(tmp_path: Path) -> None:
    """Servers other than AWS count their records."""
    text = one([{**GOT, "SequenceNumber": "7"}])
    plain, named = tmp_path / "a.json", tmp_path / "orders-shardId-000000000003.json"
    plain.write_text(text)
    named.write_text(text)
    record, notes = read_one(plain, Reading())
    assert record["eventID"] == "shardId-000000000000:7"
    assert any("they tell no shard" in note for note in notes)
    record, notes = read_one(named, Reading())
    assert record["eventID"] == "shardId-000000000003:7"
    assert not any("they tell no shard" in note for note in notes)
    record, _ = read_one(named, Reading(shard="shardId-000000000005"))
    assert record["eventID"] == "shardId-000000000005:7"


def test_files_with_and_without_timing_are_not_replayed_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(lines(RECORD))
    (tmp_path / "b").write_text(lines({"a": 1}))
    with (
        pytest.raises(InputError, match="it has keys and timing, and"),
        open_replay_input([str(tmp_path / "a"), str(tmp_path / "b")], None, None),
    ):
        pass


WINDOW = {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"}


@pytest.mark.parametrize(
    "text",
    [
        '{"Records": [], "window": {}, "isFinalInvokeForWindow": true}',
        pretty({"Records": [RECORD], "window": WINDOW, "x": 1}),
        '{"Records":[{"kinesis":{"data":"eA==","sequenceNumber":"2"}},  {"kinesis":{"data":"eQ==","sequenceNumber":"1"}}]}',  # noqa: E501
        one({"Records": [RECORD, RECORD, {**RECORD, "more": None}]}),
    ],
)
def test_an_event_is_passed_on_byte_for_byte(tmp_path: Path, text: str) -> None:
    file = tmp_path / "event.json"
    file.write_text(f"\ufeff{text}\n")
    event = read_event(str(file))
    assert event.payload == text.strip().encode()
    assert len(event.records) == len(json.loads(text)["Records"])


# Of the same shape as the samples that AWS's console, aws-lambda-go, Powertools for AWS Lambda and
# Datadog's extension publish: no arrival, ARNs of nowhere, numbers again, members of their own.
SAMPLE = {
    "eventID": "shardId-000000000000:49545115243490985018280067714973144582180062593244200961",
    "eventVersion": "1.0",
    "kinesis": {
        "partitionKey": "partitionKey-3",
        "data": "SGVsbG8=",
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "49545115243490985018280067714973144582180062593244200961",
    },
    "invokeIdentityArn": "arn:aws:iam::EXAMPLE",
    "eventName": "aws:kinesis:record",
    "eventSourceARN": "arn:aws:kinesis:EXAMPLE",
    "eventSource": "aws:kinesis",
    "awsRegion": "us-east-1",
}
TIMED = json.loads(json.dumps(SAMPLE))
TIMED["kinesis"] |= {"encryptionType": "NONE", "approximateArrivalTimestamp": 1480641523.477}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Records": [SAMPLE]}, indent=4),
        json.dumps({"Records": [SAMPLE, SAMPLE]}, indent=2).replace("\n", "\r\n"),
        json.dumps({"Records": [TIMED], "_datadog": {"x": "1"}}),
        json.dumps({"Records": [TIMED, SAMPLE]}, indent="\t"),
    ],
)
def test_the_samples_that_people_copy_are_passed_on_byte_for_byte(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "sample.json"
    file.write_bytes(text.encode())
    event = read_event(str(file))
    assert event.payload == text.encode()
    assert all(data_of(record) == b"Hello" for record in event.records)
    assert {payload.data for payload in payloads_from(str(file))} == {b"Hello"}


@pytest.mark.parametrize("text", [pretty(S3), pretty(BRIDGE), one(S3), one(BRIDGE)])
def test_the_advised_format_takes_an_event_of_another_service_as_one_payload(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "in.json"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        list(payloads_from(str(file)))
    advised = caught.value.advice.rpartition("--format ")[2].rstrip(".")
    taken = [each.data for each in payloads_from(str(file), reading=Reading(Form(advised)))]
    assert taken == [text.rstrip("\n").encode()]


def test_two_braces_within_a_text_are_no_second_document(tmp_path: Path) -> None:
    file = tmp_path / "in.ndjson"
    file.write_text('{"a":"}{"}\n{"b":2}\n')
    assert [each.data for each in payloads_from(str(file))] == [b'{"a":"}{"}', b'{"b":2}']


@pytest.mark.parametrize("text", ["8=FIX.4.2\x019=5\x01\n", "\x1b[31mred\x1b[0m\n", "a\x02b\x03\n"])
def test_marks_that_people_use_in_lines_are_no_binary_data(tmp_path: Path, text: str) -> None:
    file = tmp_path / "in.txt"
    file.write_text(text)
    assert [each.data for each in payloads_from(str(file))] == [text.rstrip("\n").encode()]


def test_what_is_packed_twice_is_unpacked_twice_by_whatever_packed_it(tmp_path: Path) -> None:
    for number, data in enumerate(
        (
            gzip.compress(zstd.compress(lines(RECORD).encode())),
            zstd.compress(gzip.compress(lines(RECORD).encode())),
        )
    ):
        file = tmp_path / f"in-{number}"
        file.write_bytes(data)
        assert [each.data for each in payloads_from(str(file))] == [b'{"a":1}']


def test_payloads_are_taken_without_a_word_of_shard_and_stream(tmp_path: Path) -> None:
    file, told = tmp_path / "got.json", list[str]()
    file.write_text(one({"Records": [{**GOT, "SequenceNumber": "1"}]}))
    assert len(list(payloads_from(str(file), tell=told.append))) == 1
    assert told == [f"{file}: 1 record of get-records"]
