"""A simulation in parts: whatever the parts are, all that is told is told as of one run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.handlers.in_process import CallableHandler
from kinesis_cli.parts.merging import merged
from kinesis_cli.parts.rows_file import TimedRow, read_rows, write_rows
from kinesis_cli.simulation.durations import CallDuration
from kinesis_cli.simulation.families import dealt, families, family_ranks
from kinesis_cli.simulation.faults import Fault
from kinesis_cli.simulation.options import SimulationOptions
from kinesis_cli.simulation.run import Simulation
from kinesis_cli.simulation.summing import Counts, summary_of
from kinesis_cli.simulation.trace import Invocation, Row, Summary
from kinesis_cli.stream.event import lambda_record
from kinesis_cli.stream.record import Record
from kinesis_cli.stream.record_source import RecordList
from kinesis_cli.stream.sequence import SequenceNumbers
from kinesis_cli.stream.shards import shard_id

START = 1_700_000_000.0
SHARDS = 9


def resharded(random: Random) -> dict[str, Sequence[str]]:
    """Some shards split, some merged, in one recording of nine."""
    ids = [shard_id(shard) for shard in range(SHARDS)]
    random.shuffle(ids)
    return {
        ids[0]: (ids[1],),
        ids[2]: (ids[1],),
        ids[3]: (ids[4], ids[5]),
        ids[6]: (ids[3], "shardId-000000000099"),
    }


def recorded(random: Random) -> list[Record]:
    numbers = [SequenceNumbers(shard, int(START)) for shard in range(SHARDS)]
    made = []
    for index in range(random.randint(200, 500)):
        shard = random.randrange(SHARDS)
        at = START + index * random.choice((0.0, 0.01, 0.05))
        made.append(
            lambda_record(
                shard_id=shard_id(shard),
                sequence_number=numbers[shard].next(START + index),
                partition_key=f"key-{random.randrange(6)}",
                arrival=at,
                data=b'{"bad": true}' if random.random() < 0.02 else b'{"bad": false}',
            )
        )
    return made


def mapping(random: Random) -> EventSourceMapping:
    return EventSourceMapping.from_aws(
        {
            "BatchSize": random.choice((1, 7, 100)),
            "MaximumBatchingWindowInSeconds": random.choice((0, 2)),
            "MaximumRetryAttempts": random.choice((0, 2, 5)),
            "BisectBatchOnFunctionError": random.random() < 0.5,
            "ParallelizationFactor": random.choice((1, 1, 3)),
            "MaximumRecordAgeInSeconds": random.choice((-1, 60)),
            "FilterCriteria": {"Filters": [{"Pattern": '{"partitionKey": [{"prefix": "key"}]}'}]}
            if random.random() < 0.3
            else {"Filters": [{"Pattern": '{"partitionKey": ["key-1", "key-2"]}'}]},
        }
    )


def handler(event: dict[str, Any], _context: object) -> None:
    """Fails on bad records, whatever it was called with before."""
    if any("eyJiYWQiOiB0cnVlfQ" in each["kinesis"]["data"] for each in event["Records"]):
        raise ValueError("bad")


handlers: list[CallableHandler] = []


@pytest.fixture(autouse=True)
def clocks_are_given_back() -> Iterator[None]:
    yield
    while handlers:
        handlers.pop().close()


def run(source: RecordList, how: EventSourceMapping, options: SimulationOptions) -> Simulation:
    handlers.append(CallableHandler(handler))
    return Simulation(source, handlers[-1], how, options)


def only(records: Sequence[Record], shards: Sequence[str]) -> RecordList:
    """Some shards, as a part of a recording has them: what is of all stays of all."""
    whole, part = RecordList(records), RecordList(r for r in records if r.shard_id in shards)
    part.first_arrival, part.last_arrival = whole.first_arrival, whole.last_arrival
    part.shard_ids = tuple(each for each in whole.shard_ids if each in shards)
    return part


def in_parts(
    records: Sequence[Record],
    how: EventSourceMapping,
    options: SimulationOptions,
    parts: int,
    folder: Path,
) -> tuple[list[Row], Summary]:
    whole = RecordList(records)
    ranks = family_ranks(whole.shard_ids, options.parents)
    together = families(ranks)
    shares = dealt([(family, len(family)) for family in together], parts)
    counts: list[Counts] = []
    rows: list[list[TimedRow]] = []
    for number, shards in enumerate(shares):
        simulation = run(only(records, shards), how, options)
        file = folder / f"{parts}-{number}"
        write_rows(file, simulation.timed_rows())
        counts.append(simulation.counts())
        rows.append(list(read_rows(file)))
    return list(merged(rows, ranks)), summary_of(counts, START)


@pytest.mark.unmeasured
@pytest.mark.parametrize("seed", range(20))
def test_a_recording_with_reshards_is_the_same_in_any_parts(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    parents, records, how = resharded(random), recorded(random), mapping(random)
    options = SimulationOptions(
        start_at=START,
        until=random.choice((None, START + 3)),
        invocation_duration=CallDuration(random.choice((0.0, 0.1, 0.5))),
        retention_hours=random.choice((24.0, 0.01)),
        faults=(Fault.parse("error@p=0.05"), Fault.parse("throttle@p=0.05")),
        seed=seed,
        show_throttled=seed % 2 == 0,
        parents=parents,
    )
    whole = run(RecordList(records), how, options)
    expected = list(whole.rows())
    assert len(expected) > 5
    for parts in (1, 2, 3, 8):
        rows, summary = in_parts(records, how, options, parts, tmp_path)
        assert rows == expected
        assert summary == whole.summary()
        assert list(summary.warnings) == list(whole.summary().warnings)


def test_a_shard_and_those_that_it_was_made_of_are_one_family() -> None:
    ids = ["a", "b", "c", "d", "e"]
    parents: Mapping[str, Sequence[str]] = {"d": ("b", "e"), "c": ("gone",), "e": ("a",)}
    ranks = family_ranks(ids, parents)
    assert ranks == {"a": 0, "b": 0, "c": 2, "d": 0, "e": 0}
    assert families(ranks) == [["a", "b", "d", "e"], ["c"]]


def test_families_are_dealt_so_that_parts_are_about_as_large() -> None:
    groups = [(["a"], 5), (["b", "c"], 9), (["d"], 4), (["e"], 1)]
    assert dealt(groups, 2) == [("b", "c", "e"), ("a", "d")]
    assert dealt(groups, 9) == [("b", "c"), ("a",), ("d",), ("e",)]
    assert dealt(groups, 1) == [("b", "c", "a", "d", "e")]


def test_what_happens_to_a_shard_by_chance_is_not_moved_by_others() -> None:
    records, mine = recorded(Random(3)), shard_id(0)
    options = SimulationOptions(start_at=START, faults=(Fault.parse("error@p=0.3"),), seed=1)
    how = EventSourceMapping.from_aws({"BatchSize": 10, "MaximumRetryAttempts": 3})
    alone = calls(run(only(records, [mine]), how, options), mine)
    assert alone == calls(run(RecordList(records), how, options), mine)
    assert {outcome for _, _, outcome in alone} == {"success", "failed"}


def calls(simulation: Simulation, shard: str) -> list[tuple[str, int, str]]:
    rows = [row for row in simulation.rows() if isinstance(row, Invocation)]
    return [(r.request_id, r.attempt, r.outcome) for r in rows if r.shard_id == shard]
