"""One put in slices: which record is whose, when it is due, what the journals say in the end."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_cli.errors import InputError
from kinesis_cli.putting.entry import Entry
from kinesis_cli.putting.plan import PutPlan
from kinesis_cli.putting.replay_journal import JournaledPlan, Replay, ReplayJournal
from kinesis_cli.putting.replay_source import Arrived, Beginning, ReplaySource
from kinesis_cli.putting.slice import Slice
from kinesis_cli.putting.slice_journal import (
    Acknowledged,
    Begun,
    Progress,
    SliceJournal,
    SliceLines,
    acknowledged,
    begin_slice,
    end_slices,
)
from kinesis_cli.recordings.files import TakenError
from kinesis_cli.stream.shards import even_shards

REPLAY = Replay(inputs=["day.ndjson"], records=9, target="orders", selection=[])


def entry(index: int) -> Entry:
    return Entry(index, f"key-{index}", None, b"x")


@given(st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_the_parts_of_a_part_are_that_part(machines: int, processes: int, by_key: bool) -> None:
    for machine in range(machines):
        whole = Slice(machine, machines)
        parts = [whole.part(process, processes) for process in range(processes)]
        for each in map(entry, range(60)):
            takers = [part for part in parts if part.takes(each, by_key=by_key)]
            assert len(takers) == whole.takes(each, by_key=by_key)


@given(st.integers(1, 4), st.integers(1, 50))
def test_the_rates_of_all_slices_are_the_whole_rate(slices: int, rate: int) -> None:
    records = [Arrived(index / rate, entry(index)) for index in range(3 * rate)]

    def source(part: Slice) -> ReplaySource:
        own = (each for each in records if part.takes(each.entry, by_key=True))
        return ReplaySource(own, 1.0, beginning=Beginning(0.0, 100.0))

    sources = [source(Slice(number, slices)) for number in range(slices)]
    for seconds in (0, 1, 2):
        taken = sorted(each.index for source in sources for each in source.take(100.5 + seconds))
        due = [index for index in range(3 * rate) if index / rate <= seconds + 0.5]
        before = [index for index in due if seconds and index / rate <= seconds - 0.5]
        assert taken == due[len(before) :]


def test_what_is_late_is_caught_up_with_for_a_second_and_no_more() -> None:
    records = [Arrived(index / 10, entry(index)) for index in range(100)]
    source = ReplaySource(records, 1.0, beginning=Beginning(0.0, 0.0), catches_up=1.0)
    assert [each.index for each in source.take(5.0)] == list(range(11))
    assert source.next_moment(5.0) == pytest.approx(5.1)
    assert source.last_index == 10


def test_processes_that_share_a_shard_send_it_no_more_than_one_would() -> None:
    def sent(share: float) -> int:
        plan = PutPlan(Random(1), give_up_after=60, share=share)
        plan.limited = True
        plan.set_shards(even_shards(1), paced=True, now=0.0)
        plan.add([entry(index) for index in range(5_000)], 0.0)
        now, count = 0.0, 0
        while now < 2.0:
            while call := plan.next_call(now):
                count += len(call)
                put = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
                plan.answered(call, [put] * len(call), now)
            now += 0.01
        return count

    assert 2 * sent(0.5) <= sent(1.0) * 1.1
    assert 2 * sent(0.5) >= sent(1.0) * 0.9


def test_what_slices_have_done_is_in_the_journal_of_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    with ReplayJournal(tmp_path / "whole", REPLAY, 5.0, resume=False) as whole:
        whole.acknowledged([entry(0)])
        sizes = [begin_slice(folder / f"{number}.replay", whole) for number in (1, 2)]
        with SliceJournal(folder / "1.replay", REPLAY, step=2) as journal:
            assert journal.is_done(0)
            assert journal.offset == 5.0
            some = [entry(index) for index in (2, 4, 6)]
            plan = JournaledPlan(Random(1), journal, give_up_after=60, ordered=False)
            plan.add(some, 0.0)
            assert plan.next_call(0.0) == some
            journal.acknowledged(some[:2], acknowledged(some[:1], {"shardId-000000000000": 2}))
            journal.tell(Progress(1, 2, 0.5))
        with (folder / "1.replay").open("ab") as torn:
            torn.write(b"a 6-6/2 {")
        lines = SliceLines(folder / "1.replay", sizes[0])
        begun, done, progress = lines.new()
        assert isinstance(begun, Begun)
        assert begun.in_flight == []
        assert isinstance(done, Acknowledged)
        assert (done.by_shard, [each.index for each in done.shown()]) == (
            {"shardId-000000000000": 2},
            [2],
        )
        assert progress == Progress(1, 2, 0.5)
        with SliceJournal(folder / "1.replay", REPLAY, step=2) as journal:  # another process
            assert [journal.is_done(index) for index in (0, 2, 4, 6)] == [True, True, True, False]
        (begun,) = lines.new()
        assert begun == Begun([(6, 6)])
        with SliceJournal(folder / "2.replay", REPLAY, step=2) as journal:
            journal.sending([entry(1)])
            with pytest.raises(TakenError, match="going on"):
                SliceJournal(folder / "2.replay", REPLAY, step=2)
            with pytest.raises(TakenError, match="going on"):
                end_slices(folder, whole)
        end_slices(folder, whole)
        assert not folder.exists()
        assert [whole.is_done(index) for index in range(7)] == [
            *(True, False, True, False, True, False, False)
        ]
        assert whole.uncertain() == [(1, 1), (6, 6)]
    with ReplayJournal(tmp_path / "whole", REPLAY, 9.0, resume=True) as whole:
        assert whole.done == 3
        assert whole.uncertain() == [(1, 1), (6, 6)]


def test_slices_of_a_replay_whose_journal_was_deleted_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    with ReplayJournal(tmp_path / "whole", REPLAY, 5.0, resume=False) as whole:
        begin_slice(folder / "1.replay", whole)
        with SliceJournal(folder / "1.replay", REPLAY, step=1) as journal:
            journal.acknowledged([entry(0)], acknowledged([], {}))
        whole.delete()
    with ReplayJournal(tmp_path / "whole", REPLAY, 6.0, resume=False) as whole:
        end_slices(folder, whole)
        assert whole.is_blank
    assert not folder.exists()


def test_a_slice_without_its_journal_does_not_begin_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such journal of a slice"):
        SliceJournal(tmp_path / "1.replay", REPLAY, step=1)
    assert not list(tmp_path.iterdir())
