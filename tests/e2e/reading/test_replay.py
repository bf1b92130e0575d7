"""`kcli replay`."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import forks
from tests.e2e.fault_proxy import Faults, fault_proxy
from tests.e2e.programs import ENDINGS, KCLI
from tests.e2e.reading.commands import (
    ROUNDS,
    Commands,
    everything,
    payloads,
    read,
    succeeded,
)
from tests.patience import PATIENCE
from tests.servers import Started

pytestmark = pytest.mark.slow


def recorded(
    on_stream: Commands, number: int, interval: float, name: str = "day.ndjson"
) -> list[Any]:
    """A recording of one shard, 50 keys, payloads that are numbered."""
    (on_stream.folder / "payloads").write_text(
        "".join(f'{{"id": "key-{i % 50}", "n": {i}}}\n' for i in range(number))
    )
    options = ("--from", "payloads", "--key-field", "id", "--interval", str(interval), "-o", name)
    made = forks.run([*KCLI, "event", *options], on_stream.folder)
    assert made.returncode == 0, made.stderr
    return read(on_stream.folder / name)


def numbers(records: list[Any]) -> list[int]:
    return [json.loads(data)["n"] for data in payloads(records)]


def numbers_by_key(records: list[Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for record, data in zip(records, payloads(records), strict=True):
        found.setdefault(record["kinesis"]["partitionKey"], []).append(json.loads(data)["n"])
    return found


def test_a_replay_keeps_timing_keys_and_order(on_stream: Commands) -> None:
    recording = recorded(on_stream, 300, 0.02)
    began = time.time()
    run = on_stream("replay", "day.ndjson", "--speed", "2", "--output", "json")
    assert json.loads(succeeded(run))["acknowledged"] == 300
    back = everything(on_stream)
    assert numbers_by_key(back) == numbers_by_key(recording)
    arrivals = [each["kinesis"]["approximateArrivalTimestamp"] for each in back]
    # A busy machine is late, and says so; none is faster than the schedule.
    assert re.search(r"at most [\d,]+ ms behind", run.stderr)
    for arrival, number in zip(arrivals, numbers(back), strict=True):
        assert arrival - began >= number * 0.02 / 2 - 0.001


def test_a_replay_that_has_ended_is_not_repeated_by_resume_and_says_so_when_put_again(
    on_stream: Commands,
) -> None:
    recorded(on_stream, 20, 0.001)
    succeeded(on_stream("replay", "day.ndjson", "--speed", "max"))
    resumed = on_stream("replay", "day.ndjson", "--speed", "max", "--resume", "--output", "json")
    assert json.loads(succeeded(resumed))["records"] == 0
    assert "was already put on" in resumed.stderr
    assert "nothing is left to put" in resumed.stderr
    assert len(everything(on_stream)) == 20
    again = on_stream("replay", "day.ndjson", "--speed", "max")
    succeeded(again)
    assert "to its end; it is put again" in again.stderr
    assert len(everything(on_stream)) == 40


def test_a_killed_replay_loses_nothing_keeps_order_and_names_what_it_repeats(
    on_stream: Commands,
) -> None:
    recording = recorded(on_stream, ROUNDS * 2_000, 0.001)
    named: set[int] = set()
    random, code = Random(5), 1
    arguments = ("replay", "day.ndjson", "--resume", "--speed")
    for _ in range(ROUNDS):
        code, told = on_stream.killed(random.uniform(0.3, 0.9), *arguments, "5")
        named |= _named(told)
        if code == 0:
            break
    if code:
        last = on_stream(*arguments, "max")
        succeeded(last)
        named |= _named(last.stderr)
    back = numbers_by_key(everything(on_stream))
    assert {key: list(dict.fromkeys(got)) for key, got in back.items()} == numbers_by_key(recording)
    repeated = {n for got in back.values() for n in got if got.count(n) > 1}
    assert repeated <= named


def _named(told: str) -> set[int]:
    """The payloads whose records were named as maybe repeated."""
    found = re.search(r"twice now: (?:within )?([\d, -]+) of the recording", told)
    ranges = [each.split("-") for each in found[1].split(", ")] if found else []
    return {n - 1 for each in ranges for n in range(int(each[0]), int(each[-1]) + 1)}


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_what_was_given_up_is_in_a_recording_that_put_takes(
    on_stream: Commands, server: Started, share: float
) -> None:
    recording = recorded(on_stream, 600, 0.001)
    with fault_proxy(server.port, Faults(throttled=share)) as url:
        run = on_stream(
            *("replay", "day.ndjson", "--speed", "max", "--give-up-after", "0s"),
            *("--output", "json", "--failed", "left.ndjson.gz"),
            endpoint=url,
        )
    assert run.returncode == 3
    result = json.loads(run.stdout)
    assert result["failedFile"] == "left.ndjson.gz"
    assert result["acknowledged"] + result["failed"] == 600
    assert "`kcli put --from left.ndjson.gz` puts them" in run.stderr
    assert "--resume" not in run.stderr
    assert len(read(on_stream.folder / "left.ndjson.gz")) == result["failed"]
    succeeded(on_stream("put", "--from", "left.ndjson.gz", "--ordered"))
    assert numbers_by_key(everything(on_stream)) == numbers_by_key(recording)


def test_a_replay_that_put_nothing_leaves_nothing_behind(on_stream: Commands) -> None:
    recorded(on_stream, 60, 0.001)
    run = on_stream("replay", "day.ndjson", stream="nobody")
    assert run.returncode == 3
    assert "ResourceNotFoundException" in run.stderr
    assert [each.name for each in on_stream.folder.glob("*replay*")] == []
    succeeded(on_stream("replay", "day.ndjson"))


@ENDINGS
def test_ctrl_c_ends_a_replay_that_goes_on_later(
    ended_by: signal.Signals, on_stream: Commands, server: Started
) -> None:
    recorded(on_stream, 2_000, 0.01)
    process = subprocess.Popen(
        on_stream.line("replay", "day.ndjson"),
        cwd=on_stream.folder,
        env=on_stream.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = on_stream.folder / "day.ndjson.replay"
    while process.poll() is None:
        if journal.exists() and b"\na " in journal.read_bytes():
            process.send_signal(ended_by)
            break
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told
    assert "--resume puts the rest" in told
    assert on_stream("replay", "day.ndjson", "--speed", "max").returncode == 2  # it has not ended
    succeeded(on_stream("replay", "day.ndjson", "--speed", "max", "--resume"))
    assert sorted(n for got in numbers_by_key(everything(on_stream)).values() for n in got) == list(
        range(2_000)
    )


def test_a_part_is_replayed_with_new_times_and_data(on_stream: Commands) -> None:
    recorded(on_stream, 100, 1.0)
    (on_stream.folder / "mine.py").write_text(
        "def same(data): return data if b'7' in data else None\n"
    )
    part = ("--since", "+10", "--until", "+30", "--speed", "max", "--map", "mine:same")
    succeeded(on_stream("replay", "day.ndjson", *part))
    found = sorted(n for got in numbers_by_key(everything(on_stream)).values() for n in got)
    assert [n for n in found if 10 <= n < 30] == found
    assert {17, 27} <= set(found)


def test_a_dry_run_puts_nothing(on_stream: Commands) -> None:
    recorded(on_stream, 3_000, 0.0005)
    run = succeeded(on_stream("replay", "day.ndjson", "--dry-run", "--output", "json"))
    load = json.loads(run)
    assert (load["records"], load["seconds"]) == (3000, pytest.approx(1.5, abs=0.01))
    assert sum(shard["records"] for shard in load["shards"]) == 3000
    assert everything(on_stream) == []
    assert not (on_stream.folder / "day.ndjson.replay").exists()


def test_slices_share_a_replay(on_stream: Commands) -> None:
    recorded(on_stream, 500, 0.001)
    for part in range(3):
        succeeded(on_stream("replay", "day.ndjson", "--speed", "max", "--slice", f"{part}/3"))
    assert sorted(n for got in numbers_by_key(everything(on_stream)).values() for n in got) == list(
        range(500)
    )


def test_help_names_each_option(tmp_path: Path) -> None:
    for name in ("tail", "record", "replay"):
        run = forks.run([*KCLI, name, "--help"], tmp_path)
        assert run.returncode == 0
        assert "Examples:" in run.stdout
