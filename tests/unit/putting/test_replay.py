import gzip
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.replay_input import open_replay_input
from kinesis_cli.putting.replay_journal import JournaledPlan, Replay, ReplayJournal
from kinesis_cli.putting.replay_load import replay_load
from kinesis_cli.putting.replay_source import (
    Arrived,
    ReplaySource,
    between,
    moved_records,
    replay_speed,
    shifted,
    with_change,
)
from kinesis_cli.show.streams.replay import show_uncertain
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import even_shards, shard_id

REPLAY = Replay(inputs=["day.ndjson"], records=3, target="orders", selection=[])


def moved(*arrivals: float) -> Iterator[Arrived]:
    return (Arrived(at, Entry(i, f"key-{i}", None, b"x")) for i, at in enumerate(arrivals))


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 100)), max_size=60))
def test_records_go_by_their_arrival_and_keep_the_order_of_their_shard(
    arrivals: list[tuple[int, float]],
) -> None:
    numbers = {shard: SequenceNumbers(shard, 1) for shard in range(3)}
    records = [_record(shard, at, numbers[shard]) for shard, at in arrivals]
    result = list(moved_records(RecordList(records)))
    assert [each.index for _, each in result] == list(range(len(records)))
    for shard in range(3):
        own = [each.data for _, each in result if each.partition_key == f"shard-{shard}"]
        assert own == [b"%r" % at for number, at in arrivals if number == shard]
    if all(at <= later for (_, at), (_, later) in pairwise(arrivals)):
        assert [each.arrival for each in result] == sorted(at for _, at in arrivals)


def _record(shard: int, arrival: float, numbers: SequenceNumbers) -> Record:
    return lambda_record(
        shard_id=shard_id(shard),
        sequence_number=numbers.next(arrival),
        partition_key=f"shard-{shard}",
        arrival=arrival,
        data=b"%r" % arrival,
    )


def test_an_explicit_hash_key_that_is_known_is_kept() -> None:
    record = _record(0, 1.0, SequenceNumbers(0, 1))
    document = json.loads(record.raw)
    document["kinesis"]["explicitHashKey"] = "7"
    known = Record(record.shard_id, record.sequence_number, "a", 1.0, json.dumps(document).encode())
    assert next(moved_records(RecordList([known]))).entry.explicit_hash_key == "7"


def test_a_record_is_due_at_its_own_distance_from_the_first() -> None:
    source = ReplaySource(moved(50.0, 51.0, 60.0), 10.0)
    assert source.next_moment(1000.0) == 1000.0
    assert [each.index for each in source.take(1000.0)] == [0]
    assert source.next_moment(1000.0) == pytest.approx(1000.1)
    assert source.take(1000.05) == []
    assert [each.index for each in source.take(1000.35)] == [1]
    assert source.behind == pytest.approx(0.25)
    assert [each.index for each in source.take(1001.0)] == [2]
    assert source.next_moment(1001.0) is None
    assert source.most_behind == pytest.approx(0.25)


def test_without_timing_all_are_due() -> None:
    source = ReplaySource(moved(50.0, 9000.0), None)
    assert len(source.take(1.0)) == 2


def test_what_was_read_before_a_fault_is_put_before_it_is_told() -> None:
    def records() -> Iterator[Arrived]:
        yield from moved(1.0)
        raise InputError("torn")

    source = ReplaySource(records(), None)
    assert len(source.take(1.0)) == 1
    assert source.next_moment(1.0) == 1.0
    with pytest.raises(InputError, match="torn"):
        source.take(1.0)


def test_a_part_has_its_beginning_and_not_its_end() -> None:
    assert [each.arrival for each in between(moved(1.0, 2.0, 3.0), 2.0, 3.0)] == [2.0]
    assert len(list(between(moved(1.0), -math.inf, math.inf))) == 1


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        (b'{"at": 100, "x": 1.10}', "at", b'{"at":160,"x":1.10}'),
        (b'{"at":1545084650987}', "at", b'{"at":1545084710987}'),
        (b'{"at":100.5}', "at", b'{"at":160.5}'),
        (b'{"a":{"at":"2026-01-31T12:00:00Z"}}', "a.at", b'{"a":{"at":"2026-01-31T12:01:00Z"}}'),
        (b'{"at":"2026-01-31T12:00:00+01:00"}', "at", b'{"at":"2026-01-31T12:01:00+01:00"}'),
        (b'{"at":"soon"}', "at", b'{"at":"soon"}'),
        (b'{"at":true}', "at", b'{"at":true}'),
        (b'{"b":1}', "at", b'{"b":1}'),
        (b"[1]", "at", b"[1]"),
        (b"\xff", "at", b"\xff"),
    ],
)
def test_a_timestamp_is_shifted_in_its_own_form(data: bytes, path: str, expected: bytes) -> None:
    assert shifted(path, 60.0)(data) == expected


def test_firehose_objects_are_read_document_by_document(tmp_path: Path) -> None:
    big = json.dumps({"id": 3, "text": "é" * 700_000}, ensure_ascii=False)
    file = tmp_path / "object.gz"
    file.write_bytes(gzip.compress(f'{{"id":1}}{{"id":\n2}}\n\n{big} 4'.encode()))
    with open_replay_input([str(file)], None, None) as found:
        datas = [each.data for each in found.records]
    assert [json.loads(data) for data in datas] == [{"id": 1}, {"id": 2}, json.loads(big), 4]
    with open_replay_input([str(file)], "k", None) as found:
        assert next(found.records).entry.partition_key == "k"
    file.write_bytes(b'{"id":1}{"id"')
    with (  # before the first one is put
        pytest.raises(InputError, match="document 2"),
        open_replay_input([str(file)], None, "id"),
    ):
        pass


def test_a_journal_tells_what_is_done_and_what_is_not_certain(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    entries = [Entry(index, "a" if index < 2 else "b", None, b"") for index in range(4)]
    with ReplayJournal(path, REPLAY, 5.0, resume=False) as journal:
        plan = JournaledPlan(Random(1), journal, give_up_after=60)
        plan.add(entries, 0.0)
        call = plan.next_call(0.0)
        assert [each.index for each in call] == [0, 2]  # one of each key
        journal.acknowledged([entries[2]])
    with path.open("ab") as torn:
        torn.write(b"a 0-")
    with pytest.raises(InputError, match="did not come to its end"):
        ReplayJournal(path, REPLAY, 9.0, resume=False)
    with ReplayJournal(path, REPLAY, 9.0, resume=True) as journal:
        assert journal.uncertain() == [(0, 0)]
        assert [journal.is_done(index) for index in range(4)] == [False, False, True, False]
        assert (journal.done, journal.offset) == (1, 5.0)
        journal.delete()
    assert not path.exists()


def test_a_replay_that_has_ended_says_so_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    with ReplayJournal(path, REPLAY, 5.0, resume=False) as journal:
        journal.acknowledged([Entry(0, "a", None, b"")])
        assert not journal.had_ended
        journal.end()
    with ReplayJournal(path, REPLAY, 9.0, resume=True) as journal:
        assert (journal.had_ended, journal.done) == (True, 1)
    with ReplayJournal(path, REPLAY, 9.0, resume=False) as journal:  # all of it once more
        assert (journal.had_ended, journal.done, journal.offset) == (True, 0, 9.0)
    with ReplayJournal(path, REPLAY, 9.0, resume=True) as journal:
        assert (journal.had_ended, journal.done) == (False, 0)


def test_a_journal_of_another_replay_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    ReplayJournal(path, REPLAY, 5.0, resume=False).__exit__()
    other = Replay(inputs=["night.ndjson"], records=3, target="orders", selection=[])
    with pytest.raises(InputError, match="another replay"):
        ReplayJournal(path, other, 5.0, resume=True)


def test_two_processes_do_not_do_the_same_replay(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    with (
        ReplayJournal(path, REPLAY, 5.0, resume=False),
        pytest.raises(InputError, match="is going on"),
    ):
        ReplayJournal(path, REPLAY, 5.0, resume=True)


def test_the_load_of_each_shard_and_its_busiest_second() -> None:
    records = [(0.001 * i, Entry(i, "a", "0", b"x" * 9)) for i in range(1500)]
    records += [(2.0, Entry(1500, "a", str(2**127), b""))]
    load = replay_load(records, even_shards(2), at_full_speed=False)
    first, second = load.shards.values()
    assert (first.records, first.bytes, first.most_records) == (1500, 15_000, 1000)
    assert (second.records, second.most_records) == (1, 1)
    assert (load.records, load.seconds, load.least_seconds) == (1501, 2.0, 1.5)
    assert not first.is_too_much


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("0.5", 0.5), ("max", None)])
def test_speeds(text: str, speed: float | None) -> None:
    assert replay_speed(text) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "", "1x", "inf"])
def test_what_is_no_speed(text: str) -> None:
    with pytest.raises(InputError, match="is not a speed"):
        replay_speed(text)


def test_a_recording_is_replayed_with_its_own_keys_or_others(tmp_path: Path) -> None:
    file = tmp_path / "day.ndjson"
    numbers = SequenceNumbers(0, 1)
    records = [_record(0, at, numbers) for at in (5.0, 6.0)]
    file.write_bytes(b"\n".join(each.raw for each in records))
    with open_replay_input([str(file)], None, None) as found:
        assert (found.count, found.first_arrival) == (2, 5.0)
        assert [each.entry.partition_key for each in found.records] == ["shard-0", "shard-0"]
    with open_replay_input([str(file)], "other", None) as found:
        assert [each.entry.partition_key for each in found.records] == ["other", "other"]


def test_the_moments_of_an_estimate_follow_the_speed() -> None:
    assert [at for at, _ in ReplaySource(moved(50.0, 60.0), 10.0).rest()] == [0.0, 1.0]
    assert [at for at, _ in ReplaySource(moved(50.0, 60.0), None).rest()] == [0.0, 0.0]


def test_nothing_is_replayed_of_nothing() -> None:
    source = ReplaySource(moved(), 1.0)
    assert source.next_moment(1.0) is None
    assert source.take(1.0) == []
    assert source.is_timed


def test_a_record_that_a_change_drops_is_not_put() -> None:
    kept = with_change(moved(1.0, 2.0), lambda data: None if data == b"y" else data + b"!")
    assert [each.entry.data for each in kept] == [b"x!", b"x!"]
    assert list(with_change(moved(1.0), lambda _: None)) == []


@pytest.mark.parametrize("content", [b"{}\n", b"x\n", b'{"replay":{},"offset":1}\n'])
def test_a_damaged_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "day.ndjson.replay"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        ReplayJournal(path, REPLAY, 5.0, resume=True)


def test_a_journal_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        ReplayJournal(tmp_path / "no" / "day.replay", REPLAY, 5.0, resume=True)


def test_a_journal_counts_ranges(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    entries = [Entry(index, f"k{index}", None, b"") for index in (0, 1, 2, 5, 7, 8)]
    with ReplayJournal(path, REPLAY, 5.0, resume=False) as journal:
        for entry in entries:
            entry.attempts = 1
        journal.sending(entries)
        journal.acknowledged(entries[1:2])
        journal.sync()
    with ReplayJournal(path, REPLAY, 5.0, resume=True) as journal:
        assert journal.uncertain() == [(0, 0), (2, 2), (5, 5), (7, 8)]


def test_a_journal_knows_what_a_refusal_and_a_lost_answer_mean(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson.replay"
    throttled = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": ""}
    put = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
    with ReplayJournal(path, REPLAY, 5.0, resume=False) as journal:
        plan = JournaledPlan(Random(1), journal, give_up_after=60.0)
        plan.add([Entry(index, f"k{index}", None, b"") for index in range(3)], 0.0)
        call = plan.next_call(0.0)
        assert not journal.is_blank
        plan.not_answered(call, "throttled", 0.0, throttled=True)
        assert journal.is_blank  # all were refused
        call = plan.next_call(30.0)
        internal = {"ErrorCode": "InternalFailure", "ErrorMessage": ""}
        journal.acknowledged(plan.answered(call, [throttled, put, internal], 30.0))
        call = plan.next_call(59.0)
        plan.refused(call, "denied")  # of the one before nobody knows whether it was kept
    with ReplayJournal(path, REPLAY, 5.0, resume=True) as journal:
        assert journal.uncertain() == [(2, 2)]
        assert [journal.is_done(index) for index in range(3)] == [False, True, False]


def test_what_may_be_twice_is_named_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    show_uncertain([(0, 0), (2, 4)])
    assert "twice now: 1, 3-5 of the recording" in capsys.readouterr().err
    show_uncertain([(number, number) for number in range(0, 4000, 2)])
    told = capsys.readouterr().err
    assert "2,000 records were in flight" in told
    assert "twice now: within 1-3999 of the recording" in told
