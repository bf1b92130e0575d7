"""`kcli simulate` of a large recording, against a bare loop over the same file and handler.

The bare loop parses each line with orjson, makes batches of 100 of each shard and calls the same
function: what nobody can go below. Times are seconds, memory is megabytes of the whole process.

The time goes into four things, and only the last two are what the bare loop does too: checking all
records before the first one is used, reading them a second time as they are due (their lines; what
the check made of these was kept), making events of them, and calling the function. An index beside
the recording (`kcli index`) spares the first, and has the lines parsed in the second.

What counts time runs alone and in turns. What counts memory only runs on all cores.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, row

ROOT = Path(__file__).parent.parent
RECORDS, SHARDS, PER_SECOND = 1_000_000, 4, 2_000
ROUNDS = 3
MEMORY_LIMIT_MB = 250
SETTINGS = ("--batch-size", "100")
TARGETS = {"table": 2.0, "ndjson": 2.0, "json": 2.5, "indexed": 2.0}

BARE_LOOP = """
import sys, orjson
from new_message_processor.handler import function_handler
waiting = {}
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        record = orjson.loads(line)
        batch = waiting.setdefault(record["eventID"][:20], [])
        batch.append(record)
        if len(batch) == 100:
            function_handler({"Records": batch}, None)
            batch.clear()
for batch in waiting.values():
    function_handler({"Records": batch}, None)
"""

BLOCKED = """
def handler(event, context):
    if event["Records"][0]["eventID"].startswith("shardId-000000000002"):
        raise RuntimeError("blocked")
    return {"batchItemFailures": []}
"""


def write_recording(path: Path, records: int, shards: int = SHARDS) -> None:
    """Readings on some shards, interleaved, 2,000 a second on four."""
    from kinesis_cli.stream.sequence import SequenceNumbers

    numbers = [SequenceNumbers(shard, 1_764_000_000) for shard in range(shards)]
    per_second = PER_SECOND * shards / SHARDS
    data = "eyJ0ZW1wZXJhdHVyZSI6ODkuOSwicmVhZGluZ1RpbWVzdGFtcCI6MTc2NDAwMDAwMDAwMH0="
    with path.open("w") as file:
        for index in range(records):
            shard, at = index * 7 % shards, 1_764_000_100 + index / per_second
            number = numbers[shard].next(at)
            file.write(
                f'{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"sensor-{index % 50}",'
                f'"sequenceNumber":"{number}","data":"{data}",'
                f'"approximateArrivalTimestamp":{at:.3f}}},"eventSource":"aws:kinesis",'
                f'"eventVersion":"1.0","eventID":"shardId-{shard:012d}:{number}",'
                '"eventName":"aws:kinesis:record","invokeIdentityArn":'
                '"arn:aws:iam::123456789012:role/lambda-role","awsRegion":"eu-west-1",'
                '"eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/readings"}\n'
            )


def cost(*command: str) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a command; its output goes nowhere.

    Of its processes together the seconds, of the largest one the megabytes.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambda_function'}",
        "AWS_LAMBDA_LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def kcli(recording: Path, *options: str) -> tuple[str, ...]:
    """The command line of a simulation."""
    return ("-m", "kinesis_cli", "simulate", str(recording), *options)


def run(records: int = RECORDS, rounds: int = ROUNDS) -> list[Row]:
    """Rows of time and of memory."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder, "one.ndjson"), Path(folder, "two.ndjson")
        write_recording(two, 2 * records)
        with two.open("rb") as whole, one.open("wb") as half:
            half.writelines(islice(whole, records))
        blocked = Path(folder, "blocked.py")
        blocked.write_text(BLOCKED)
        times, smaller = _times(one, rounds)
        return [*times, *_memory(one, two, blocked, smaller)]


def _times(one: Path, rounds: int) -> tuple[list[Row], dict[str, float]]:
    """The rows of time, and the megabytes of each output."""
    indexed = one.with_name("indexed.ndjson")
    indexed.hardlink_to(one)  # the other runs shall see no index
    cost("-m", "kinesis_cli", "index", str(indexed))
    runs = {name: kcli(one, *SETTINGS, "--output", name) for name in ("table", "ndjson", "json")}
    runs["indexed"] = kcli(indexed, *SETTINGS)
    runs["bare"] = ("-c", BARE_LOOP, str(one))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    megabytes: dict[str, float] = {}
    for _ in range(rounds):
        for name, command in runs.items():
            took, megabytes[name] = cost(*command)
            seconds[name].append(took)
    middle = {name: median(times) for name, times in seconds.items()}
    return [
        row(f"simulate 1,000,000 records, {name} (s)", middle[name], middle["bare"], target)
        for name, target in TARGETS.items()
    ], megabytes


def _memory(one: Path, two: Path, blocked: Path, smaller: dict[str, float]) -> list[Row]:
    """The rows of memory; `smaller`: of half of the records, by output, where all succeed."""
    mapping = ("--handler", f"{blocked}:handler", "--retention-hours", "48")
    outputs = ("table", "ndjson")

    def megabytes(path: Path, options: tuple[str, ...], output: str) -> float:
        return cost(*kcli(path, *options, "--output", output))[1]

    rows = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        large = {each: pool.submit(megabytes, two, SETTINGS, each) for each in outputs}
        larger = {each: pool.submit(megabytes, two, mapping, each) for each in outputs}
        small = {each: pool.submit(megabytes, one, mapping, each) for each in outputs}
        for name, halves, wholes in (
            ("all succeed", smaller, large),
            ("one of 4 shards blocked", {e: small[e].result() for e in outputs}, larger),
        ):
            for output in outputs:
                whole = wholes[output].result()
                title = f"peak MB of 2 M, 1 M: {name}, {output}"
                rows.append(row(title, whole, halves[output], 1.1))
                if whole > MEMORY_LIMIT_MB:
                    raise RuntimeError(f"{whole:.0f} MB, {name}, {output}")
    return rows
