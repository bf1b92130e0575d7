import gzip
import json
import os
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from subprocess import Popen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.installation import install_line
from kinesis_cli.payloads.arriving import ArrivingRecords
from kinesis_cli.payloads.arriving_data import lines_as_they_come
from kinesis_cli.payloads.broken import FIELD_FAULTS, TEXT_FAULTS, broken, partly_broken
from kinesis_cli.payloads.optional_packages import extra
from kinesis_cli.payloads.own_data import data_argument, payloads_from
from kinesis_cli.payloads.readings import Readings, reading
from kinesis_cli.payloads.series import Series, SeriesKind
from kinesis_cli.payloads.settings import PayloadSettings, evenly
from kinesis_cli.recordings.writing import write_event, write_recording
from kinesis_cli.stream.aggregate import MAX_SIZE, deaggregated
from kinesis_cli.stream.payload import Payload
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.shards import even_shards, hash_key, shard_of

TIMES = [1_700_000_000.0 + index for index in range(5)]


def made(settings: PayloadSettings, seed: int = 1) -> list[Payload]:
    return list(settings.payloads(Random(seed), TIMES))


@given(
    st.sampled_from(SeriesKind),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.integers(1, 50),
    st.integers(),
)
def test_series_stay_between_minimum_and_maximum(
    kind: SeriesKind, minimum: float, width: float, period: int, seed: int
) -> None:
    series = Series(kind, minimum, minimum + width, period)
    value = series.values(Random(seed))
    values = [value(index) for index in range(60)]
    slack = 1e-9 * max(1.0, abs(minimum) + width)
    assert all(minimum - slack <= one <= minimum + width + slack for one in values)
    again = series.values(Random(seed))
    assert [again(index) for index in range(60)] == values


def test_a_spike_comes_once_each_period() -> None:
    value = Series(SeriesKind.SPIKE, 1, 9, period=4).values(Random(1))
    assert sorted(value(index) for index in range(8)) == [1] * 6 + [9] * 2


def test_a_walk_takes_small_steps() -> None:
    value = Series(SeriesKind.WALK, 0, 100, step=0.5).values(Random(1))
    values = [value(index) for index in range(50)]
    steps = [abs(after - before) for before, after in pairwise(values)]
    assert max(steps) <= 0.5
    assert max(steps) > 0


def test_a_sine_repeats_after_its_period() -> None:
    value = Series(SeriesKind.SINE, 0, 10, period=8).values(Random(1))
    assert value(3) == pytest.approx(value(11))
    assert value(0) + value(4) == pytest.approx(10)


def test_sensors_take_turns() -> None:
    payloads = made(PayloadSettings(readings=Readings(sensors=2, temperature=20.5)))
    assert [payload.partition_key for payload in payloads] == [
        "sensor-1", "sensor-2", "sensor-1", "sensor-2", "sensor-1"
    ]  # fmt: skip
    assert payloads[1].data == b'{"temperature":20.5,"readingTimestamp":1700000001000}'


def test_hot_readings_are_above_a_hundred_degrees() -> None:
    payloads = made(PayloadSettings(readings=Readings(hot_rate=1, timestamp=7)))
    readings = [json.loads(payload.data) for payload in payloads]
    assert all(reading["temperature"] > 100 for reading in readings)
    assert {reading["readingTimestamp"] for reading in readings} == {7}


def test_the_same_seed_gives_the_same_payloads() -> None:
    settings = PayloadSettings(readings=Readings(sensors=3, hot_rate=0.5), invalid_rate=0.5)
    assert made(settings, 1) == made(settings, 1) != made(settings, 2)


@given(st.integers())
def test_a_broken_reading_is_no_reading(seed: int) -> None:
    data = broken(reading(20.5, 7), Random(seed))
    try:
        value = json.loads(data.decode(), parse_constant=lambda name: name)
    except ValueError:
        return
    sound = (
        isinstance(value, dict)
        and type(value.get("temperature")) in (int, float)
        and abs(value["temperature"]) < 1e308
        and type(value.get("readingTimestamp")) is int
    )
    assert not sound


def test_all_faults_occur() -> None:
    data = reading(20.5, 7)
    seen = {broken(data, Random(seed)) for seed in range(2000)}
    assert len(seen) == len(TEXT_FAULTS) + 2 * len(FIELD_FAULTS)


def test_text_that_is_no_object_is_broken_too() -> None:
    assert broken(b"\xfe", Random(1)) != b"\xfe"


def test_no_payload_is_broken_at_rate_zero_and_all_at_one() -> None:
    payloads = [Payload("k", None, b"12345678")] * 9
    assert list(partly_broken(payloads, 0, Random(1))) == payloads
    assert b"12345678" not in {one.data for one in partly_broken(payloads, 1, Random(1))}


def test_own_data_is_repeated_under_keys_of_its_own() -> None:
    payloads = made(PayloadSettings(data=b"x"))
    assert [payload.data for payload in payloads] == [b"x"] * 5
    assert len({payload.partition_key for payload in payloads}) == 5


def test_data_is_text_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\xff\n")
    assert data_argument("é@x") == "é@x".encode()
    assert data_argument(f"@{tmp_path / 'data'}") == b"\xff\n"
    with pytest.raises(InputError, match="no such file"):
        data_argument("@missing")


def test_payload_lines_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'{"a": 1}\r\n\n2\n')
    payloads = made(PayloadSettings(from_file=str(tmp_path / "in")))
    assert [payload.data for payload in payloads] == [b'{"a": 1}', b"2"]


@pytest.mark.parametrize("name", ["a.ndjson.zst", "a.json"])
def test_payloads_of_records_keep_their_keys(tmp_path: Path, name: str) -> None:
    payloads = made(PayloadSettings(readings=Readings(sensors=3)))
    records = ArrivingRecords(2, 0).records(zip(TIMES, payloads, strict=True))
    (write_event if name == "a.json" else write_recording)(records, tmp_path / name)
    assert made(PayloadSettings(from_file=str(tmp_path / name))) == payloads


def test_keys_come_from_a_field_or_are_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "in").write_text('{"s": {"id": 7}}\n{"s": {"id": "b"}}')
    file = str(tmp_path / "in")
    by_field = made(PayloadSettings(from_file=file, key_field="s.id"))
    assert [payload.partition_key for payload in by_field] == ["7", "b"]
    same = made(PayloadSettings(from_file=file, partition_key="k"))
    assert [payload.partition_key for payload in same] == ["k", "k"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x", "payload 1: not JSON"),
        (b"{}", "no field 's.id'"),
        (b'{"s": {"id": true}}', "neither text"),
        (b'{"s": {"id": "' + b"x" * 257 + b'"}}', "has 257 characters"),
    ],
)
def test_a_payload_without_its_key_is_named(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(PayloadSettings(data=data, key_field="s.id"))


def test_a_template_makes_payloads(tmp_path: Path) -> None:
    file = tmp_path / "t.j2"
    file.write_text('{"n":{{ index }},"at":{{ now }},"id":"{{ uuid() }}","who":"{{ fake.name() }}",'
                    '"v":{{ random.randint(1, 6) }}}')  # fmt: skip
    settings = PayloadSettings(template=file)
    values = [json.loads(payload.data) for payload in made(settings)]
    assert [value["n"] for value in values] == [0, 1, 2, 3, 4]
    assert [value["at"] for value in values] == TIMES
    assert len({value["id"] for value in values}) == 5
    assert made(settings, 3) == made(settings, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{% if %}", "t.j2, line 2: "),
        ("{{ missing }}", "UndefinedError: 'missing' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ fake._secret }}", "t.j2: "),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_template_that_fails_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.j2").write_text(text)
    with pytest.raises(InputError) as caught:
        made(PayloadSettings(template=tmp_path / "t.j2"))
    assert message in str(caught.value)


def test_a_template_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        made(PayloadSettings(template=tmp_path / "t.j2"))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "their_models.py").write_text(
        "from pydantic import BaseModel, Field, model_validator\n"
        "class Reading(BaseModel):\n"
        "    temperature: float = Field(ge=0, le=100, alias='t')\n"
        "class Never(BaseModel):\n"
        "    @model_validator(mode='after')\n"
        "    def refuse(self): raise ValueError('never')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("their_models", None)


@pytest.mark.usefixtures("models")
def test_a_model_makes_payloads() -> None:
    settings = PayloadSettings(model="their_models:Reading")
    values = [json.loads(payload.data) for payload in made(settings)]
    assert all(0 <= value["t"] <= 100 for value in values)
    assert made(settings, 3) == made(settings, 3)


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Reading", "named as package.module:Model"),
        ("no_such_module:Reading", "ModuleNotFoundError"),
        ("their_models:BaseMode", "AttributeError"),
        ("their_models:Field", "neither a pydantic model nor a dataclass"),
        ("their_models:Never", "no instance could be made"),
    ],
)
def test_a_model_that_cannot_be_used_is_named(name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        made(PayloadSettings(model=name))
    assert message in str(caught.value)


def test_a_package_that_is_not_installed_comes_with_the_way_to_get_it() -> None:
    with pytest.raises(InputError, match="needs the package no_such") as caught:
        extra("no_such.part")
    assert caught.value.advice == f"Install it: `{install_line('payloads')}`"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: PayloadSettings(data=b"", model="m"),
            "--data and --model cannot be used together",
        ),
        (lambda: PayloadSettings(partition_key="a", key_field="b"), "cannot be used together"),
        (lambda: PayloadSettings(partition_key=""), "1 to 256 characters"),
        (lambda: Readings(sensors=0), "0 sensors"),
        (lambda: Readings(hot_rate=1.5), "1.5 is not a share"),
        (lambda: Readings(temperature=float("nan")), "nan is no temperature"),
        (lambda: Readings(timestamp=2**63), "does not fit into 64 bits"),
        (lambda: Series(minimum=2, maximum=1), "minimum 2 is larger than maximum 1"),
        (lambda: Series(maximum=float("inf")), "finite"),
        (lambda: Series(period=0), "period is at least 1"),
        (lambda: made(PayloadSettings(invalid_rate=-1)), "-1 is not a share"),
        (lambda: evenly(-1, 1, 1), "from 1970 to 9999"),
        (lambda: evenly(0, 1e11, 9), "after the year 9999"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)


@given(st.integers(1, 9), st.lists(st.text(max_size=5), min_size=1, max_size=30))
def test_records_go_to_the_shards_of_their_keys(shards: int, keys: list[str]) -> None:
    payloads = [Payload(key.encode(errors="replace").decode(), None, b"x") for key in keys]
    records = list(
        ArrivingRecords(shards, 1.7e9).records(
            zip(evenly(1.7e9, 0.25, None), payloads, strict=False)
        )
    )
    for record, payload in zip(records, payloads, strict=True):
        assert record.shard_id == shard_of(
            even_shards(shards), hash_key(payload.partition_key)
        ).shard_id  # fmt: skip
        assert b64decode(json.loads(record.raw)["kinesis"]["data"]) == b"x"
    assert RecordList(records).count == len(payloads)
    assert [record.arrival for record in records] == list(
        islice(evenly(1.7e9, 0.25, None), len(keys))
    )


def test_an_explicit_hash_key_chooses_the_shard() -> None:
    payload = Payload("a", str(2**128 - 1), b"")
    (record,) = ArrivingRecords(2, 0).records([(1.0, payload)])
    assert record.shard_id == "shardId-000000000001"


def test_aggregates_hold_all_payloads_each_in_its_shard() -> None:
    payloads = [Payload(f"key-{index % 20}", None, b"x" * 7000) for index in range(40)]
    stream = ArrivingRecords(3, 0)
    records = list(stream.aggregates(zip(evenly(1e9, 1, None), payloads, strict=False)))
    assert RecordList(records).count == len(records) < 40
    unpacked: list[str] = []
    for record in records:
        data = b64decode(json.loads(record.raw)["kinesis"]["data"])
        held = deaggregated(data) or []
        assert sum(len(one.data) for one in held) <= MAX_SIZE
        unpacked += [one.partition_key for one in held]
        for one in held:
            assert shard_of(even_shards(3), hash_key(one.partition_key)).shard_id == record.shard_id
    assert sorted(unpacked) == sorted(payload.partition_key for payload in payloads)
    assert [record.arrival for record in records] == sorted(record.arrival for record in records)


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 40), st.booleans())
def test_lines_of_a_pipe_are_those_of_a_file_however_they_are_cut(
    lines: list[bytes], size: int, last_break: bool
) -> None:
    text = b"\n".join(lines) + b"\n" * last_break
    file = BytesIO(text)

    def read(_: int) -> bytes:
        return file.read(size)

    found = [line for _, line in lines_as_they_come(read(4), read, "pipe")]
    *ended, last = text.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [line.removesuffix(b"\r") for line in ended]
    assert found == [line for line in (*expected, last) if line]


def test_each_line_of_a_pipe_has_its_number() -> None:
    assert list(lines_as_they_come(b"a\r\n\n  b \nc", lambda _: b"", "pipe")) == [
        (1, b"a"),
        (3, b"  b "),
        (4, b"c"),
    ]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="pipe: a line of more than 16 MiB"):
        list(lines_as_they_come(b"", lambda size: b"x" * size, "pipe"))


@pytest.mark.parametrize("pretty", [None, 2])
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_an_event_and_what_is_compressed_come_through_a_pipe_as_from_a_file(
    tmp_path: Path, pretty: int | None, packed: Callable[[bytes], bytes]
) -> None:
    event = json.loads(Path("fixtures/batch.json").read_bytes())
    (tmp_path / "event.json").write_bytes(packed(json.dumps(event, indent=pretty).encode()))
    os.mkfifo(tmp_path / "pipe")
    with Popen(f"cat {tmp_path}/event.json > {tmp_path}/pipe", shell=True):
        found = list(payloads_from(str(tmp_path / "pipe")))
    assert found == list(payloads_from(str(tmp_path / "event.json")))
    assert len(found) == len(event["Records"])
